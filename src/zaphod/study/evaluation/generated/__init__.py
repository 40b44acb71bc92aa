"""Benchmarks made here, in the shapes of the published ones: problems without end, each with a judge."""
