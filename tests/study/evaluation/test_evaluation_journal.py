"""Answers are kept line by line and found again; files of other runs and torn lines are noticed."""

import pytest

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.study.evaluation.journal import Journal

RUN = {"model": "m", "shots": 5}
RECORD = {"key": "1", "group": "", "values": {"right": 1.0}}


def test_what_was_kept_is_known_again(tmp_path):
    with Journal(tmp_path / "a.jsonl", RUN) as journal:
        journal.keep([RECORD])
    with Journal(tmp_path / "a.jsonl", RUN) as journal:
        assert journal.known("1") == RECORD
        assert journal.known("2") is None


def test_a_torn_last_line_is_cut_off(tmp_path):
    path = tmp_path / "a.jsonl"
    with Journal(path, RUN) as journal:
        journal.keep([RECORD])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key": "2", "va')
    with Journal(path, RUN) as journal:
        assert journal.known("2") is None
    assert path.read_bytes() == whole


def test_a_file_of_another_run_is_refused(tmp_path):
    with Journal(tmp_path / "a.jsonl", RUN):
        pass
    with pytest.raises(ConfigError, match="shots differ"):
        Journal(tmp_path / "a.jsonl", {**RUN, "shots": 0})


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"key": "1"}', '{"key": "1", "values": {"a": "b"}}', "7"])
def test_a_line_that_is_no_record_is_told(tmp_path, line):
    path = tmp_path / "a.jsonl"
    with Journal(path, RUN):
        pass
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(CorruptFileError, match="Line 2"):
        Journal(path, RUN)
