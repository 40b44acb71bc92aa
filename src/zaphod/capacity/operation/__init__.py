"""Energy of what already runs: limits of GPUs and hours of the day; knows no plans."""
