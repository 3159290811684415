"""Proof: time-stamps (RFC 3161)."""
