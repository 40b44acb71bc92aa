"""Every view knows where its characters came from, for any text."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.safety.guard.views import canonical, hidden_text, views_of

ANY = st.text(st.characters(exclude_categories=[]), max_size=60)
TRICKY = st.text(
    st.sampled_from(
        "aeioIGnr1045 .-_\\/|%&;=+ux\n\u0301\u200b\u200d\u00ad\ufe0f\U000e0041\U000e0110аеіσя㎏ﬁ½ﷺ\ud800İß.-01F"
    ),
    max_size=80,
)


@given(text=ANY | TRICKY)
@settings(max_examples=150, deadline=None)
def test_any_text_has_views_and_the_first_one_is_itself(text: str) -> None:
    views = views_of(text)
    assert views[0].text == text
    assert views[0].chain == ()
    assert views[0].raw_span(0, len(text)) == (0, len(text))


@given(text=ANY | TRICKY, data=st.data())
@settings(max_examples=150, deadline=None)
def test_spans_lie_in_the_raw_text_and_are_in_order(text: str, data: st.DataObject) -> None:
    for view in views_of(text):
        start = data.draw(st.integers(-2, len(view.text) + 2))
        end = data.draw(st.integers(start, len(view.text) + 2))
        low, high = view.raw_span(start, end)
        assert 0 <= low <= high <= len(text)


@given(text=ANY | TRICKY)
@settings(max_examples=150, deadline=None)
def test_every_character_of_the_fold_comes_from_characters_that_fold_to_it(text: str) -> None:
    view = canonical(text)
    for index, character in enumerate(view.text):
        low, high = view.raw_span(index, index + 1)
        assert low < high
        if "leet" not in view.chain and view.text.isascii() and text.isascii():
            assert character in text[low:high].casefold() or character == " "


@given(text=ANY | TRICKY)
@settings(max_examples=100, deadline=None)
def test_a_longer_span_holds_the_spans_of_its_parts(text: str) -> None:
    for view in views_of(text)[:8]:
        whole = view.raw_span(0, len(view.text))
        for index in range(len(view.text)):
            low, high = view.raw_span(index, index + 1)
            assert whole[0] <= low
            assert high <= whole[1]


@given(
    before=st.text("abc xyz", max_size=20),
    hidden=st.text("ghijklm", min_size=12, max_size=30),
    after=st.text("abc ", max_size=9),
)
@settings(max_examples=100, deadline=None)
def test_each_letter_of_base64_comes_from_the_digits_that_carry_it(before: str, hidden: str, after: str) -> None:
    raw = f"{before} {base64.b64encode(hidden.encode()).decode()} {after}"
    views = [view for view in views_of(raw) if view.chain == ("base64",) and hidden in view.text]
    for view in views:
        first = view.text.index(hidden)
        for index, letter in enumerate(hidden):
            low, high = view.raw_span(first + index, first + index + 1)
            start = len(before) + 1
            assert (low, high) == (start + index * 8 // 6, start + -(-(index + 1) * 8 // 6))
            assert letter == hidden[index]


@given(text=ANY | TRICKY)
@settings(max_examples=100, deadline=None)
def test_what_is_hidden_lies_in_the_text(text: str) -> None:
    for found in hidden_text(text):
        assert 0 <= found.start < found.end <= len(text)
        assert len(found.units) == len(found.text)


def test_dropped_characters_inside_a_match_belong_to_it_and_those_around_it_do_not() -> None:
    raw = "\u200b\u200bab\u200b\u0301cd\u200b!"
    view = next(view for view in views_of(raw) if "abcd" in view.text)
    start = view.text.index("abcd")
    assert raw[slice(*view.raw_span(start, start + 4))] == "ab\u200b\u0301cd"


def test_a_ligature_is_one_character_of_the_raw_text() -> None:
    view = canonical("a ﬁle")
    assert view.text == "a file"
    assert view.raw_span(2, 3) == view.raw_span(3, 4) == (2, 3)
