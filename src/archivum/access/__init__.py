"""Access (OAIS): AIPs and parts of them go out as DIPs and as exported bags."""
