"""archivum: a long-term digital preservation archive (OAIS, ISO 14721)."""

__version__ = "0.1.0"
