"""Wordings, examples and how they are dealt out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.classifiers.examples import FOLDER, TASKS, data_digest, examples_of
from zaphod.safety.guard.classifiers.wordings import SPLITS, dealt, read_wordings, written

GOOD = 'language = "en"\n[slots]\nthing = ["a", "b"]\n[benign.x]\ntemplates = ["{thing}"]\n'


def first(count):
    return 0


def last(count):
    return count - 1


@pytest.mark.parametrize(
    ("template", "draw", "text"),
    [
        ("{a|b} c", first, "a c"),
        ("{a|b} c", last, "b c"),
        ("{a|b {slot}|}", last, ""),
        ("{a|b {slot}}", last, "b <slot>"),
        ("{open}x{close}", first, "{x}"),
        ("a {x|apple}", last, "an apple"),
    ],
)
def test_a_wording_is_written_out(template, draw, text):
    assert written(template, lambda slot: f"<{slot}>", draw) == text


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.toml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_files_of_wordings_can_be_read(path):
    assert read_wordings(path).families


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[slots]", "[slot]"), "slot"),
        (("{thing}", "{thong}"), "thong"),
        (("{thing}", "{x|{thong}}"), "thong"),
        (("{thing}", "{group}"), "group"),
    ],
)
def test_a_mistake_in_a_file_is_refused(tmp_path: Path, change, message):
    path = tmp_path / "en.toml"
    path.write_text(GOOD.replace(*change))
    with pytest.raises(ConfigError, match=message):
        read_wordings(path)


@given(st.sets(st.text(min_size=1, max_size=8), min_size=3, max_size=40), st.text(max_size=4))
def test_every_thing_is_dealt_to_one_split(things, salt):
    hands = [dealt(sorted(things), split, salt) for split in SPLITS]
    assert all(hands)
    assert Counter(thing for hand in hands for thing in hand) == Counter(things)


@pytest.mark.parametrize("task", TASKS)
def test_no_wording_and_no_text_is_in_two_splits(task):
    for kind in ("wording", "text"):
        seen = [{getattr(example, kind) for example in examples_of(task, split)} for split in SPLITS]
        assert not seen[0] & seen[1]
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]


@pytest.mark.parametrize("task", TASKS)
def test_every_harmful_family_is_trained_and_tested(task):
    families = [{e.family for e in examples_of(task, split) if e.is_harmful} for split in ("train", "test")]
    assert families[0] == families[1]
    assert len(families[0]) >= 7


def test_fillers_of_the_test_split_are_not_those_of_training():
    wordings = read_wordings(FOLDER / "toxicity" / "en.toml")
    assert not set(wordings.fillers("insult", "train", 4)) & set(wordings.fillers("insult", "test", 4))
    assert wordings.fillers("name", "train", 4) == wordings.fillers("name", "test", 4)


def test_every_group_is_named_in_harmless_tests():
    groups = set(read_wordings(FOLDER / "toxicity" / "en.toml").groups)
    counts = Counter(e.group for e in examples_of("toxicity", "test") if e.group and not e.is_harmful)
    assert set(counts) == groups
    assert min(counts.values()) >= 50


def test_another_seed_gives_other_examples():
    assert data_digest("injection") != data_digest("injection", seed=5)
