"""Preservation planning: what is stored in formats that will not do, and what is made of it."""
