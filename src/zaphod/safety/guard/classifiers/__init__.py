"""Toxicity and prompt injection by statistics: small models over character n-grams, and adapters for larger ones."""
