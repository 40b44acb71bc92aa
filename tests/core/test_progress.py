import io

from zaphod.core.progress import SILENT, ProgressLines


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_short_step_shows_nothing() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressLines(stream, clock).step("reading", 100) as advance:
        clock.now_s = 1.0
        advance(100)
    assert stream.getvalue() == ""


def test_a_long_step_shows_share_rate_and_time_left() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressLines(stream, clock).step("reading", 4_000_000_000) as advance:
        clock.now_s = 10.0
        advance(1_000_000_000)
        assert stream.getvalue() == "reading:  25%  1.00 GB of 4.00 GB  100.0 MB/s  30.0 s left\n"


def test_a_step_of_unknown_length_shows_amount_and_rate() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressLines(stream, clock).step("reading", 0) as advance:
        clock.now_s = 10.0
        advance(1_000_000_000)
        assert stream.getvalue() == "reading: 1.00 GB  100.0 MB/s\n"


def test_without_a_terminal_a_line_comes_every_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressLines(stream, clock).step("files", 50, "files") as advance:
        for _ in range(50):
            clock.now_s += 1.0
            advance(1)
    assert stream.getvalue().count("\n") == 6
    assert stream.getvalue().splitlines()[-1] == "files: 100%  50 files of 50 files  1.0 files/s"


def test_a_terminal_line_is_redrawn_and_ended() -> None:
    stream, clock = Terminal(), Clock()
    with ProgressLines(stream, clock).step("reading", 10) as advance:
        for _ in range(5):
            clock.now_s += 1.0
            advance(2)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().count("\r") > 2


def test_an_error_inside_a_step_passes_through_and_ends_the_line() -> None:
    stream, clock = Terminal(), Clock()
    try:
        with ProgressLines(stream, clock).step("reading", 10) as advance:
            clock.now_s = 3.0
            advance(1)
            raise KeyError("stop")
    except KeyError:
        pass
    assert stream.getvalue().endswith("\n")


def test_silent_progress_can_be_advanced() -> None:
    with SILENT.step("reading", 10) as advance:
        advance(10)
