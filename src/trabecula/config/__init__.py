"""Floor 1: YAML files to validated, unit-free settings; the parameter, rule and species tables."""
