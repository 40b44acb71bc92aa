"""Benchmarks with known answers: read from local files or generated, asked of a model, scored with intervals."""
