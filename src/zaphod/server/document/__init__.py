"""The OpenAPI document: what routes, gate and errors look like from outside. Read `document.py` first."""
