"""Addresses of crypto wallets, each by its own checksum; knows no chain and no balance."""

from __future__ import annotations

from typing import Final

from zaphod.safety.guard.pii.checksums import base58check, bech32
from zaphod.safety.guard.pii.keccak import keccak256
from zaphod.safety.guard.pii.recogniser import Recogniser, whole

_VERSIONS: Final = frozenset({0x00, 0x05, 0x1E, 0x16, 0x30, 0x32, 0x41})
"""Of Bitcoin, Dogecoin, Litecoin and Tron addresses."""
_CONTEXT: Final = r"wallet|address|eth|ethereum|bitcoin|btc|usdt|send to|pay to|adresse|dirección|钱包|地址|ウォレット"


def _is_base58_address(text: str) -> bool:
    payload = base58check(text)
    return payload is not None and len(payload) == 21 and payload[0] in _VERSIONS


def is_ethereum_address(text: str) -> bool:
    """EIP-55: the case of each letter is a checksum, unless all letters have one case."""
    digits = text[2:]
    if digits in (digits.lower(), digits.upper()):
        return len(set(digits)) > 4
    digest = keccak256(digits.lower().encode()).hex()
    return all(
        not letter.isalpha() or letter.isupper() == (nibble >= "8")
        for letter, nibble in zip(digits, digest, strict=False)
    )


def wallet_rows() -> list[Recogniser]:
    """Bitcoin and its kin, bech32, Ethereum."""
    forms = (
        (r"[13DLMTA9][1-9A-HJ-NP-Za-km-z]{25,34}", _is_base58_address, 0.95),
        (r"(?i:(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,71})", bech32, 0.95),
        (r"0x[0-9a-fA-F]{40}", is_ethereum_address, 0.7),
    )
    return [
        Recogniser(
            rule="pii.wallet",
            title="crypto wallet address",
            pattern=pattern,
            check=whole(check),
            context=_CONTEXT,
            score=score,
            score_in_context=0.95,
            needs=("[0-9A-Za-z]{24}",),
        )
        for pattern, check, score in forms
    ]
