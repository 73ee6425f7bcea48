"""Floor 3: what a bone biologist measures on a lattice."""
