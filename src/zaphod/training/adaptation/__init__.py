"""Adapting a model to a task: conversations, low-rank updates, four-bit weights, merging (docs/adaptation.md)."""
