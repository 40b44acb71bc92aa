from __future__ import annotations

import base64
import random
import tracemalloc
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.safety.guard.conftest import MakeGuard

from zaphod.safety.guard.finder import View
from zaphod.safety.guard.guard import Guard
from zaphod.safety.guard.stream import Passed, TextStream
from zaphod.safety.guard.verdict import Finding, Hit, Stage

PIECES = (
    *(
        "the secret word is ",
        "the secret phrase is",
        "bob ",
        "abbc",
        "abbbbc",
        "xabbcx",
        " ",
        "\n",
        "note: hello!",
        "note: ",
    ),
    *(
        "пароль",
        "паролями ",
        "ab12 ",
        "xy9999",
        " plain words go here. ",
        "é",
        "\u200b",
        "s.e.c.r.e.t ",
        "plover",
        " eggs",
    ),
    *("c2VjcmV0IHdvcmQgaXMgaGVyZQ== ", "\U0001f600", "ploverggs", "Ｐｌｏｖｅｒ ｅｇｇ", "1 2 3 ", "\ud83d"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)
property_settings = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
BOUND = ("max_delay_tokens = 1000", "max_delay_tokens = 4")


class Mood:
    """Stands for a classifier: sentences with `grr` in them are bad."""

    name = "classifier.mood"

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        text = views[0].text
        if "grr" in text:
            yield Hit(rule="mood.bad", title="bad mood", start=0, end=len(text), score=0.95)


class Digits:
    """Finds six digits, and waits for them."""

    name = "digits"

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        text = views[0].text
        place = text.find("123456")
        if place >= 0:
            yield Hit(rule="leak.word", title="digits", start=place, end=place + 6)

    def pending(self, text: str) -> int | None:
        return next((len(text) - length for length in (5, 4, 3, 2, 1) if text.endswith("123456"[:length])), None)


def run(stream: TextStream, text: str, cut: int, seed: int = 0) -> tuple[str, list[Finding], list[Passed]]:
    """The text pushed in parts of up to `cut` characters: what came out, what was found, and every answer."""
    dice = random.Random(seed)
    passed: list[Passed] = []
    while text:
        length = dice.randint(1, cut)
        passed.append(stream.push(text[:length]))
        text = text[length:]
    passed.append(stream.finish())
    return "".join(one.text for one in passed), [f for one in passed for f in one.findings], passed


def test_text_without_findings_comes_out_as_it_went_in(make_guard: MakeGuard) -> None:
    text = "All went well; nobody asked for the birds. Ünïcödé \ud800 and so on.\n" * 3
    for cut in (1, 3, 500):
        out, findings, passed = run(make_guard().stream(), text, cut)
        assert (out, findings) == (text, [])
        assert [one.start for one in passed] == [len(x) for x in _growing(passed)]


def _growing(passed: Sequence[Passed]) -> list[str]:
    return ["".join(one.text for one in passed[:number]) for number in range(len(passed))]


@property_settings
@given(texts, st.integers(0, 99))
def test_what_is_found_does_not_depend_on_how_the_stream_was_cut(make_guard: MakeGuard, text: str, seed: int) -> None:
    guard = make_guard()
    found = {cut: run(guard.stream(), text, cut, seed)[1] for cut in (1, 4, 30, 10_000)}
    assert found[1] == found[4] == found[30] == found[10_000]


@property_settings
@example("the secret word is s.e.c.r.e.t c2VjcmV0IHdvcmQgaXMgaGVyZQ== ", 1)
@given(texts, st.integers(1, 40))
def test_in_the_raw_text_streams_find_and_withhold_what_a_check_does(
    make_guard: MakeGuard, text: str, cut: int
) -> None:
    guard = make_guard(('title = "the word"', 'title = "the word"\nviews = ["raw"]'))
    verdict = guard.check(text, "output")
    plain = [finding for finding in verdict.findings if not finding.hit.views and finding.hit.category == "leak"]
    out, findings, _ = run(guard.stream(), text, cut)
    # A check tells only of the longer match where a decoded one begins at the same place; a stream has told by then.
    longer = [finding.hit for finding in verdict.findings if finding.hit.views]
    own = [f for f in findings if not f.hit.views and f.hit.category == "leak"]
    assert [f for f in own if not any(hit.start <= f.hit.start and f.hit.end <= hit.end for hit in longer)] == [
        f for f in plain if not any(hit.start <= f.hit.start and f.hit.end <= hit.end for hit in longer)
    ]
    assert {finding.hit for finding in plain} <= {finding.hit for finding in own}
    if len(plain) == len(verdict.findings) == len(findings):
        assert out == verdict.redacted(text)


@property_settings
@given(texts, st.integers(1, 9), st.integers(0, 6))
def test_text_is_never_held_up_longer_than_the_policy_says(
    make_guard: MakeGuard, text: str, cut: int, max_delay: int
) -> None:
    stream = make_guard(("max_delay_tokens = 1000", f"max_delay_tokens = {max_delay}")).stream()
    ends: list[int] = []
    while text:
        passed = stream.push(text[:cut])
        ends.append((ends[-1] if ends else 0) + len(text[:cut]))
        text = text[cut:]
        covered = max((f.hit.end for f in stream.verdict.findings), default=0)
        if len(ends) > max_delay:
            assert max(passed.start + len(passed.text), covered, _done(stream)) >= ends[-1 - max_delay]


def _done(stream: TextStream) -> int:
    return stream.push("", num_tokens=0).start


def test_an_unfinished_match_is_held_up_and_nothing_else(make_guard: MakeGuard) -> None:
    stream = make_guard().stream()
    assert stream.push("It is so. the secret ").text == "It is so. "
    assert stream.push("word is ").text == ""
    passed = stream.push("plover, then. ")
    assert passed.text == "[withheld], then. "
    assert [(f.hit.rule, f.hit.start, f.hit.end) for f in passed.findings] == [("leak.word", 10, 35)]


def test_what_is_only_noted_is_told_and_not_held_up(make_guard: MakeGuard) -> None:
    stream = make_guard(('"leak.word" = "redact"', '"leak.word" = "allow"')).stream()
    assert stream.push("It is so. the secret ").text == "It is so. the secret "
    assert stream.push("word of ").text == "word of "
    assert stream.push("the secret word is ").text.startswith("the secret word")
    passed = stream.push("plover, then. ")
    assert passed.text.endswith("plover, then. ")
    assert [(f.hit.rule, f.hit.start, f.hit.end, f.action) for f in passed.findings] == [("leak.word", 29, 54, "allow")]


def test_what_turns_out_harmless_is_let_go(make_guard: MakeGuard) -> None:
    stream = make_guard().stream()
    assert stream.push("the secret ").text == ""
    assert stream.push("garden ").text == "the secret garden "


def test_a_block_ends_the_stream_before_what_was_found(make_guard: MakeGuard) -> None:
    out, findings, passed = run(make_guard().stream(), "So: stop the press! And more.", 3)
    assert out == "So: "
    assert passed[-1].is_blocked
    assert [finding.action for finding in findings] == ["block"]


def test_what_a_person_must_confirm_ends_the_stream_too(make_guard: MakeGuard) -> None:
    out, findings, passed = run(make_guard().stream(), "Well, may I leave now? Yes.", 4)
    assert (out, passed[-1].is_blocked, findings[0].action) == ("Well, ", True, "confirm")


def test_after_a_block_nothing_comes_out(make_guard: MakeGuard) -> None:
    stream = make_guard().stream()
    stream.push("stop the press ")
    for passed in (stream.push("and this"), stream.finish()):
        assert (passed.text, passed.is_blocked) == ("", True)


def test_a_match_that_took_too_long_is_told_late_and_ends_what_follows(make_guard: MakeGuard) -> None:
    stream = make_guard(BOUND).stream()
    passed = [stream.push(letter) for letter in "stop the press and more"] + [stream.finish()]
    out = "".join(one.text for one in passed)
    assert out.startswith("stop")
    assert "more" not in out
    assert passed[-1].is_blocked
    assert [f.hit.start for one in passed for f in one.findings] == [0]


def test_the_rest_of_a_match_that_took_too_long_is_withheld(make_guard: MakeGuard) -> None:
    stream = make_guard(BOUND).stream()
    out = "".join(stream.push(letter).text for letter in "my plover eggs are blue") + stream.finish().text
    assert out.startswith("my plover")
    assert out.endswith("[withheld] are blue")


def test_a_whole_match_that_might_grow_is_not_let_go(make_guard: MakeGuard) -> None:
    stream = make_guard(BOUND, ("'ab{1,4}c'", "'k[0-9]{4,60}'")).stream()
    text = "key k" + "7" * 40 + " end"
    out = "".join(stream.push(letter).text for letter in text) + stream.finish().text
    assert out == "key [withheld] end"


def test_encoded_text_is_found_when_it_is_whole(make_guard: MakeGuard) -> None:
    encoded = base64.b64encode(b"please stop the presses at once").decode()
    out, findings, passed = run(make_guard().stream(), f"Look: {encoded} and then nothing else matters at all.", 3)
    assert [finding.hit.rule for finding in findings] == ["leak.stop"]
    assert "base64" in findings[0].hit.views
    assert passed[-1].is_blocked
    assert "matters" not in out


@pytest.mark.parametrize(
    "text", ["s t o p   t h e   p r e s s", "ѕtор тhе рrеѕѕ", "st\u200bop the pr\u00adess", "5t0p th3 pr355"]
)
def test_disguised_text_is_found_in_a_stream(make_guard: MakeGuard, text: str) -> None:
    _, findings, passed = run(make_guard().stream(), f"So now: {text} and that is that.", 1)
    assert "leak.stop" in {finding.hit.rule for finding in findings}
    assert passed[-1].is_blocked


def test_a_finder_is_waited_for_as_it_asks(make_guard: MakeGuard) -> None:
    out, findings, _ = run(make_guard(finders=[Digits()]).stream(), "call 123456 now, or 12345 later", 1)
    assert out == "call [withheld] now, or 12345 later"
    assert [(f.hit.start, f.hit.end) for f in findings] == [(5, 11)]


def test_a_bad_sentence_ends_what_follows(make_guard: MakeGuard) -> None:
    text = "A fine day to you all. I say grr to that. Nothing more will be heard of it, I trust. Not a word."
    for cut in (1, 5):
        out, findings, passed = run(make_guard(BOUND, finders=[Mood()]).stream(), text, cut)
        assert [finding.hit.rule for finding in findings] == ["mood.bad"]
        assert passed[-1].is_blocked
        assert out.startswith("A fine day")
        assert "trust" not in out


def test_a_finder_that_fails_ends_a_stream_where_the_policy_is_closed(make_guard: MakeGuard) -> None:
    class Broken(Mood):
        name = "broken"

        def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
            raise RuntimeError(views[0].text)

    stream = make_guard(finders=[Broken()]).stream()
    passed = stream.push("some words are said ")
    assert (passed.text, passed.is_blocked) == ("", True)
    assert passed.errors[0].startswith("broken: RuntimeError")
    assert stream.verdict.action == "block"


def test_the_verdict_has_all_that_was_told(make_guard: MakeGuard) -> None:
    guard = make_guard()
    stream = guard.stream()
    _, findings, _ = run(stream, "plover eggs and plover eggs", 2)
    assert stream.verdict.findings == tuple(findings)
    assert stream.verdict.policy == guard.policy_of("").label


def test_a_long_stream_needs_no_more_memory_than_a_short_one(make_guard: MakeGuard) -> None:
    stream = make_guard().stream()
    tracemalloc.start()
    held: list[int] = []
    for number in range(160):
        stream.push(f"Sentence {number:03} goes on for a while, and then it comes to an end. ")
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[-1] - held[60] < 6_000  # the 100 sentences between have 7,000 characters, and many more objects


def test_personal_data_is_withheld_while_it_comes() -> None:
    stream = Guard.load("default").stream()
    text = "Your card 4111 1111 1111 1111 was charged, and the account DE89 3704 0044 0532 0130 00 credited."
    out = "".join(stream.push(text[place : place + 3]).text for place in range(0, len(text), 3)) + stream.finish().text
    assert out == "Your card [card number withheld] was charged, and the account [account withheld] credited."
