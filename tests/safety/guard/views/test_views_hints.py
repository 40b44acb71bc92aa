"""What says which decoders are worth trying misses none that finds something."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.safety.guard.views.alphabets import morse_edits, nato_edits, pig_edits
from zaphod.safety.guard.views.escapes import escape_edits, html_edits, punycode_edits, quoted_edits, url_edits
from zaphod.safety.guard.views.hints import hints
from zaphod.safety.guard.views.leet import drawn_edits, leet_edits
from zaphod.safety.guard.views.radix import base32_edits, base64_edits, bits_edits, codes_edits, hex_edits
from zaphod.safety.guard.views.spacing import joined_edits
from zaphod.safety.guard.views.view import Edit

Find = Callable[[str], Iterable[Edit]]
PIECES: dict[str, tuple[Find, list[str]]] = {
    "html": (html_edits, ["&#105;", "&#x69", "&lt;", "&amp", "&", "#", "a", ";"]),
    "url": (url_edits, ["%69", "%", "6", "%u0069", "a"]),
    "escapes": (escape_edits, ["\\u0069", "\\x69", "\\151", "\\", "U+0069", " ", "\\u{69}", "u"]),
    "quoted-printable": (quoted_edits, ["=69", "=\n", "=", "a", "=6"]),
    "punycode": (punycode_edits, ["xn--", "XN--", "bcher-kva", ".", " "]),
    "binary": (bits_edits, ["01101001", "1101001", " ", ",", "0", "-"]),
    "hex": (hex_edits, ["69", "67", "6E", "0x", " ", ":", ", ", "\\x", "7"]),
    "codes": (codes_edits, ["105", "103", "9", " ", ", ", "-", "\n", "x"]),
    "base32": (base32_edits, ["NFTW433S", "nftw433s", "MU", "=", " ", "\n"]),
    "base64": (base64_edits, ["aWdub3Jl", "YWxs", "IGFsbA==", "=", " ", "-", "/", "\n"]),
    "morse": (morse_edits, ["..", "--.", "-.", " ", " / ", "|", "   ", "a"]),
    "nato": (nato_edits, ["india", "Golf", "november", "x-ray", " ", ", ", "-", "the"]),
    "pig": (pig_edits, ["ignoreway", "allway", "eviouspray", " ", ". ", "the", "day"]),
    "leet": (
        lambda text: [*leet_edits(text), *drawn_edits(text)],
        ["1", "gn", "0", "r3", "@", "$", " ", "|", "/\\/", "!"],
    ),
}
JOINED = ["a", "b", "é", "к", " ", ".", "-", "  ", "*", "ab", "\n"]


@pytest.mark.parametrize("name", PIECES)
def test_no_decoder_finds_anything_without_a_hint(name: str) -> None:
    find, pieces = PIECES[name]

    @given(st.lists(st.sampled_from(pieces), max_size=12).map("".join))
    @settings(max_examples=200, deadline=None)
    def check(text: str) -> None:
        assert name in hints(text) or not list(find(text))

    check()


@given(st.lists(st.sampled_from(JOINED), max_size=14).map("".join))
@settings(max_examples=300, deadline=None)
def test_nothing_is_joined_without_a_hint(text: str) -> None:
    edits = joined_edits(text)
    assert not edits or hints(text) & {"singles", "inside"}
    assert "singles" in hints(text) or edits == joined_edits(text, has_singles=False)
