import io
import sys

import pytest

from zaphod.cli.output import print_line, print_piece, print_table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_and_lines_end_where_the_text_does(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("a", "1"), ("bbb", "22")], header=("x", "n"), right=(1,))
    assert capsys.readouterr().out == "x     n\na     1\nbbb  22\n"


def test_long_lines_are_not_wrapped_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("x" * 500)
    assert capsys.readouterr().out == "x" * 500 + "\n"


def test_a_terminal_never_gets_control_characters_of_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    print_piece("a\x1b[2Jb\x07\n\tc\x9bd")
    assert terminal.getvalue() == "a[2Jb\n\tcd"


def test_a_file_gets_the_answer_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_piece("a\x1bb")
    assert capsys.readouterr().out == "a\x1bb"
