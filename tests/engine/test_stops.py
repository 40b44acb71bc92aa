"""Stop texts: what gets out is the text before the one that is complete first, however the text was sliced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.engine.stops import StopTexts

PIECES = st.lists(st.text("ab", max_size=4), max_size=12)
STOPS = st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=3)


def run(pieces, stops):
    texts = StopTexts(stops)
    return "".join([texts.push(piece) for piece in pieces]) + texts.finish(), texts.matched


@given(PIECES, st.text("ab", min_size=1, max_size=5))
def test_the_text_is_cut_at_the_first_occurrence_across_any_boundaries(pieces, stop):
    whole, (shown, matched) = "".join(pieces), run(pieces, [stop])
    assert shown == whole.split(stop)[0]
    assert matched == (stop if stop in whole else None)


@given(PIECES, STOPS)
def test_how_the_text_was_sliced_never_shows(pieces, stops):
    whole = "".join(pieces)
    assert run(pieces, stops) == run(list(whole), stops) == run([whole], stops)


@given(PIECES, STOPS)
def test_no_stop_text_ever_gets_out(pieces, stops):
    shown, matched = run(pieces, stops)
    assert not any(stop in shown for stop in stops)
    assert "".join(pieces).startswith(shown + (matched or ""))


@given(PIECES, STOPS)
def test_what_was_shown_is_never_taken_back(pieces, stops):
    """Only what may still become a stop text is withheld: the end of the text so far that begins one."""
    texts, shown, whole = StopTexts(stops), "", ""
    for piece in pieces:
        shown, whole = shown + texts.push(piece), whole + piece
        if texts.matched is not None:
            return
        withheld = whole.removeprefix(shown)
        assert whole == shown + withheld
        assert not withheld or any(stop.startswith(withheld) for stop in stops)


def test_a_possible_beginning_is_held_back_and_given_when_it_proves_harmless():
    texts = StopTexts(["</s>"])
    assert [texts.push(piece) for piece in ("a<", "/", "b")] == ["a", "", "</b"]


def test_the_stop_text_that_is_complete_first_wins():
    assert run(["abcd"], ["abcd", "bc"]) == ("a", "bc")


def test_of_two_complete_at_the_same_character_the_longer_wins():
    assert run(["xabc"], ["bc", "abc"]) == ("x", "abc")


def test_nothing_follows_a_stop_text():
    texts = StopTexts(["!"])
    assert texts.push("a!b") == "a"
    assert (texts.push("c"), texts.finish(), texts.matched) == ("", "", "!")


@pytest.mark.parametrize("end", ["", "<"])
def test_without_stop_texts_everything_passes_at_once(end):
    assert StopTexts([]).push("text" + end) == "text" + end


def test_what_was_held_back_at_the_end_is_given():
    texts = StopTexts(["<end>"])
    assert texts.push("a<en") + texts.finish() == "a<en"
