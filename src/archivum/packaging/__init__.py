"""Serializations of information packages: a reader, a writer or both for each."""
