"""Zaphod: the home of the open Grok weights and of sparse mixture-of-experts models built like them."""

__version__ = "0.1.0"
__all__ = ["__version__"]
