"""Floor 0: codes, layouts, column specifications and errors (standard library and numpy only)."""
