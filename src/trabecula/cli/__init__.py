"""Floor 9: the command line. Heavy rooms are imported inside the commands that need them."""
