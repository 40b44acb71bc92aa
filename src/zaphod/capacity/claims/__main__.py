"""Prints docs/claims.md."""

from zaphod.capacity.claims.render import render

if __name__ == "__main__":
    print(render(), end="")
