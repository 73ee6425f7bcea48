"""Floor 7: figures."""
