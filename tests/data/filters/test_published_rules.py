"""Gopher, C4 and FineWeb beside the code that made FineWeb, given the same words."""

import random

import pytest
from datatrove.data import Document as PeerDocument
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document, Dropped
from zaphod.data.filters.c4 import C4Quality
from zaphod.data.filters.fineweb import FineWebQuality
from zaphod.data.filters.gopher_quality import GopherQuality
from zaphod.data.filters.repetition import Repetition
from zaphod.data.filters.sentences import num_sentences
from zaphod.data.filters.tokens import split_chunk

_TEXT = "the be to of and that have with water engine [2] {x} ... don't river-bed # 42 3.1 lorem ipsum javascript"
_WORDS = _TEXT.split()
_LINES = (
    "use cookies to see our privacy policy here.",
    "- bullet point line",
    "• dot …",
    "Read more...",
    "",
    "x" * 1200,
)
_PAIRS = [
    (GopherQuality(), GopherQualityFilter()),
    (GopherQuality(min_words=5), GopherQualityFilter(min_doc_words=5)),
    (Repetition(), GopherRepetitionFilter()),
    (C4Quality(), C4QualityFilter()),
    (C4Quality(needs_terminal_mark=False), C4QualityFilter(filter_no_terminal_punct=False)),
    (FineWebQuality(), FineWebQualityFilter()),
]


@pytest.fixture(autouse=True)
def same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer counts with our words: its own need a library that is no dependency of ours."""
    filters = "datatrove.pipeline.filters"
    for module in ("gopher_quality_filter", "gopher_repetition_filter", "fineweb_quality_filter"):
        monkeypatch.setattr(
            f"{filters}.{module}.split_into_words",
            lambda text, language: [word for chunk in text.split() for word in split_chunk(chunk)],
        )
    monkeypatch.setattr(
        f"{filters}.c4_filters.split_into_sentences", lambda text, language: ["s"] * num_sentences(text)
    )


def texts(count: int) -> list[str]:
    """Texts of all kinds: good ones, short ones, lists, ones that repeat themselves."""
    rng = random.Random(11)

    def line() -> str:
        words = rng.choices(_WORDS[: rng.choice((8, 10, len(_WORDS)))], k=rng.randrange(1, 25))
        return rng.choice((" ".join(words) + rng.choice(("", ".", "!", "...")), *rng.sample(_LINES, 1)))

    made = []
    for _ in range(count):
        lines = [line() for _ in range(rng.choice((1, 5, 20)))]
        if rng.random() < 0.5:
            lines = [" ".join(rng.sample(_WORDS[:12], 12)).capitalize() + "." for _ in range(rng.randrange(5, 15))]
        made.append(rng.choice(("\n", "\n\n")).join(lines + rng.choices(lines, k=rng.choice((0, 0, 1, 5)))))
    return [text for text in made if text.strip()]


@pytest.mark.parametrize("pair", _PAIRS, ids=lambda pair: pair[0].name)
def test_verdicts_are_those_of_the_published_code(pair):
    ours, peer = pair
    verdicts = set()
    for text in texts(250):
        theirs = PeerDocument(text=text, id="")
        is_kept = peer.filter(theirs) is True
        verdict = ours.judge(Document(id="", text=text))
        assert isinstance(verdict, Document) == is_kept, (text, verdict)
        assert isinstance(verdict, Dropped) or verdict.text == theirs.text
        verdicts.add(is_kept if isinstance(verdict, Document) else verdict.reason)
    assert len(verdicts) >= 3, "both verdicts, and more than one reason, are met"


@pytest.mark.parametrize(
    ("stage", "text", "reason"),
    [
        (GopherQuality(), "the end of it", "too few words"),
        (GopherQuality(max_words=60), "the end of it " * 60, "too many words"),
        (GopherQuality(), "a b c d " * 20, "words too short"),
        (GopherQuality(), "internationalisation " * 60, "words too long"),
        (GopherQuality(), "the #hash of #words " * 30, "too many hash signs"),
        (GopherQuality(), "the end ... of words ... " * 30, "too many ellipses"),
        (GopherQuality(), "- the end of all words\n" * 30, "too many bulleted lines"),
        (GopherQuality(), "the end of all that we have to read here...\n" * 30, "too many lines end in an ellipsis"),
        (GopherQuality(), "the 1234 of 5678 " * 30, "too few words with a letter"),
        (GopherQuality(), "water engine river garden " * 30, "too few stop words"),
        (Repetition(), "", "empty"),
        (Repetition(), "one\n\none\n\none", "too many duplicate paragraphs"),
        (Repetition(), "one\none\none", "too many duplicate lines"),
        (Repetition(), "again and " * 50, "one run of 2 words too often"),
        (C4Quality(), "A sentence stands here alone.", "too few sentences"),
        (C4Quality(), "Here is lorem ipsum for you.", "blind text"),
        (C4Quality(), "if (x) { return; } is code.", "curly bracket"),
        (FineWebQuality(), " \n ", "empty"),
        (FineWebQuality(), "no end\nno stop", "too few lines end in punctuation"),
        (FineWebQuality(), "Short.\nLine.\nHere.", "too many short lines"),
        (FineWebQuality(short_line_characters=3), "Twice same.\nTwice same.", "too many characters in duplicate lines"),
        (FineWebQuality(short_line_characters=1), "One.\nTwo.\nThree.", "too many line breaks"),
    ],
)  # fmt: skip
def test_each_rule_drops_what_breaks_it(stage, text, reason):
    assert stage.judge(Document(id="", text=text)) == Dropped(reason)


@pytest.mark.parametrize("stage", [GopherQuality, Repetition, C4Quality, FineWebQuality])
def test_a_misspelt_threshold_names_the_right_one(stage):
    known = next(iter(stage().settings()))
    with pytest.raises(ConfigError, match=known):
        stage(**{known + "s": 1})


@pytest.mark.parametrize("stage", [pair[0] for pair in _PAIRS], ids=lambda stage: stage.name)
def test_settings_build_an_equal_stage(stage):
    assert type(stage)(**stage.settings()).limits == stage.limits
