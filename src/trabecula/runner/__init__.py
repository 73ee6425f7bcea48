"""Floor 5: one simulation from start to finish, spin-up and settling included."""
