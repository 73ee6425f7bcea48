"""Floor 3: the rules by which the five cell populations live."""
