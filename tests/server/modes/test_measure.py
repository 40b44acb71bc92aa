import tomllib
from pathlib import Path

from zaphod.server.modes import Modes
from zaphod.server.modes.measure import measure, table

HERE = Path(__file__).parent
HELD_OUT = tomllib.loads((HERE / "held_out.toml").read_text("utf-8"))
KNOWN = tomllib.loads((HERE / "known.toml").read_text("utf-8"))
PAGE = (HERE.parents[2] / "docs" / "modes.md").read_text("utf-8")


def sentences(lists: dict[str, dict[str, list[str]]]) -> set[str]:
    return {text for subjects in lists.values() for texts in subjects.values() for text in texts}


def test_the_page_shows_what_is_measured() -> None:
    assert table(Modes.load(), HELD_OUT) in PAGE, "print it with python -m zaphod.server.modes.measure"


def test_no_held_out_sentence_is_one_that_the_rules_were_written_from() -> None:
    assert not sentences(HELD_OUT) & sentences(KNOWN)


def test_what_is_missed_is_told() -> None:
    (one,) = measure(Modes.load(), {"talk": ["Where is the insulin?", "Where is the moon?"]})
    assert (one.num_noticed, one.num_sentences, one.missed) == (1, 2, ("Where is the moon?",))
