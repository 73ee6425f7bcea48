"""Floor 1: compiled loops over voxels and cells, and the keyed random numbers they draw."""
