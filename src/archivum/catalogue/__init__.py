"""Data management (OAIS): the journal of all events, and the tables that are a view of it."""
