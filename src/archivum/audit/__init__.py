"""Audit: what is stored is read again, every byte, and compared with what was stored."""
