"""Floor 3: ligand concentrations in the marrow."""
