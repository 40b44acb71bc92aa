"""Keccak-256 as Ethereum uses it (the padding from before FIPS 202); knows bytes, not what they address.

hashlib's `sha3_256` pads differently, so that it cannot stand in. Short inputs only: one block of 136 bytes.
Source: the Keccak reference, version 3.0, sections 1.2 and 2.3.
"""

from __future__ import annotations

_RATE_BYTES = 136
_MASK = (1 << 64) - 1


def keccak256(data: bytes) -> bytes:
    """The digest of less than one block."""
    if len(data) >= _RATE_BYTES:
        raise ValueError(f"{len(data)} bytes are more than one block of {_RATE_BYTES - 1}")
    block = bytearray(data + bytes(_RATE_BYTES - len(data)))
    block[len(data)] ^= 0x01
    block[-1] ^= 0x80
    words = [int.from_bytes(block[place : place + 8], "little") for place in range(0, _RATE_BYTES, 8)]
    state = _permuted(words + [0] * (25 - len(words)))
    return b"".join(word.to_bytes(8, "little") for word in state[:4])


def _permuted(lanes: list[int]) -> list[int]:
    register = 1
    for _ in range(24):
        lanes = _chi(_rho_pi(_theta(lanes)))
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                lanes[0] ^= 1 << ((1 << bit) - 1)
    return lanes


def _theta(lanes: list[int]) -> list[int]:
    columns = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
    parity = [columns[(x + 4) % 5] ^ _rotated(columns[(x + 1) % 5], 1) for x in range(5)]
    return [lane ^ parity[place % 5] for place, lane in enumerate(lanes)]


def _rho_pi(lanes: list[int]) -> list[int]:
    moved = list(lanes)
    x, y, current = 1, 0, lanes[1]
    for step in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        current, moved[x + 5 * y] = lanes[x + 5 * y], _rotated(current, (step + 1) * (step + 2) // 2)
    return moved


def _chi(lanes: list[int]) -> list[int]:
    return [
        lanes[x + y] ^ (~lanes[(x + 1) % 5 + y] & _MASK & lanes[(x + 2) % 5 + y])
        for y in range(0, 25, 5)
        for x in range(5)
    ]


def _rotated(word: int, num_bits: int) -> int:
    num_bits %= 64
    return (word << num_bits | word >> (64 - num_bits)) & _MASK
