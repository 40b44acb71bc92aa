"""Readers of benchmarks in the layouts in which they are published; one file each."""
