"""How fast memory lets a model answer, in words; knows bytes and bandwidth, not the model."""

from __future__ import annotations

from zaphod.core.units import format_bytes, format_rate


def speed_limit(token_bytes: float, bytes_per_s: float) -> str:
    """`6.2 tokens/s: 47.0 GB a token at 290.0 GB/s`: every weight that a token touches is read once for it."""
    tokens_per_s = bytes_per_s / token_bytes
    rate = f"{tokens_per_s:,.0f}" if tokens_per_s >= 1000 else f"{tokens_per_s:.1f}"
    return f"{rate} tokens/s: {format_bytes(token_bytes)} a token at {format_rate(bytes_per_s, 'B')}"
