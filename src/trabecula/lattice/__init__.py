"""Floor 3: matrix, osteoid and mineral of every voxel, and the exact volume ledger."""
