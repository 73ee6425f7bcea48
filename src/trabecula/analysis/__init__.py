"""Floor 5: reads result files and nothing else."""
