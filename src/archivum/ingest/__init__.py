"""Ingest (OAIS): receive, read, check, decide, build, seal, store, record."""
