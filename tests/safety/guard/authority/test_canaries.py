from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.guard.authority.canaries import CanaryFinder, PromptLeakFinder, canary_of

KEY = bytes(range(32))
PROMPT = (
    "You answer for the Moon Bank. The vault opens on Tuesdays at nine, and nobody but Ada may know the word plover."
)


@dataclass(frozen=True)
class Raw:
    """The raw text as a view."""

    text: str
    chain: tuple[str, ...] = ()

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        return start, end


def test_a_canary_is_the_same_for_one_key_and_another_for_another() -> None:
    assert canary_of(KEY) == canary_of(KEY)
    assert canary_of(KEY) != canary_of(bytes(32))
    assert canary_of(KEY) != canary_of(KEY, "something else")


def test_a_canary_is_found_in_any_case_at_its_place() -> None:
    word = canary_of(KEY)
    [hit] = CanaryFinder([word]).find([Raw(f"it is {word.upper()}!")], "output")
    assert (hit.start, hit.end) == (6, 6 + len(word))


def test_words_without_a_canary_are_left_alone() -> None:
    assert not list(CanaryFinder([canary_of(KEY)]).find([Raw("zc is a word, so is " + canary_of(KEY)[:-1])], "output"))


def test_a_word_that_is_said_by_chance_is_no_canary() -> None:
    with pytest.raises(ValueError, match="needs 8"):
        CanaryFinder(["plover"])


@given(st.integers(min_value=1, max_value=17), st.text(alphabet="abc zc", max_size=20))
def test_every_beginning_of_a_canary_at_the_end_is_pending(length: int, before: str) -> None:
    word = canary_of(KEY)
    place = CanaryFinder([word]).pending(before + word[:length])
    assert place is not None
    assert place <= len(before)


def test_a_stretch_of_the_system_prompt_is_found_however_it_is_laid_out() -> None:
    told = "Sure! THE VAULT opens,\non Tuesdays; at nine and nobody but ada may know the word. Bye"
    [hit] = PromptLeakFinder([PROMPT]).find([Raw(told)], "output")
    assert told[hit.start : hit.end].startswith("THE VAULT")
    assert told[hit.start : hit.end].endswith("word")


def test_a_few_words_of_the_system_prompt_are_no_leak() -> None:
    assert not list(PromptLeakFinder([PROMPT]).find([Raw("The vault opens on Tuesdays at nine.")], "output"))


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    list(PromptLeakFinder([PROMPT]).find([Raw(text)], "output"))
    list(CanaryFinder([canary_of(KEY)]).find([Raw(text)], "output"))
    CanaryFinder([canary_of(KEY)]).pending(text)
