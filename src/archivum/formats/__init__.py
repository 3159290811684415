"""Which format a file is in (PRONOM), by two engines."""
