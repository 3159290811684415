"""AIPs that are stored: their files and versions, and what the making of any version takes."""
