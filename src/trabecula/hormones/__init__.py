"""Floor 3: serum levels and doses become signals on cells and ligands."""
