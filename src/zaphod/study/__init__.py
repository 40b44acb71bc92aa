"""Measures and explains models from outside: benchmarks."""
