"""Preservation planning (OAIS): what is held in which formats, what is at risk, and what is made of it."""
