"""Floor 8: pages on loopback; trame and solara are imported here alone, when a page is served."""
