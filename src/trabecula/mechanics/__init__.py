"""Mechanics: the strain that load makes in every voxel, by voxel finite elements."""
