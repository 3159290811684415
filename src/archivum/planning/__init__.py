"""Preservation planning (OAIS): what is held in which formats, what is at risk, what a file is called now."""
