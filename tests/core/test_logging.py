import logging

import pytest

from zaphod.core.errors import ConfigError
from zaphod.core.logging import configure_logging


@pytest.fixture(autouse=True)
def _restore() -> object:
    ours = logging.getLogger("zaphod")
    before = (ours.handlers[:], ours.level, ours.propagate)
    yield
    ours.handlers[:], ours.propagate = before[0], before[2]
    ours.setLevel(before[1])


def test_lines_below_the_level_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning")
    logging.getLogger("zaphod.engine").info("quiet")
    logging.getLogger("zaphod.engine").warning("loud")
    assert capsys.readouterr().err.splitlines()[0].endswith("WARNING zaphod.engine: loud")


def test_configuring_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    configure_logging("info")
    logging.getLogger("zaphod").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_an_unknown_level_is_refused_with_those_known() -> None:
    with pytest.raises(ConfigError, match="debug, info, warning, error"):
        configure_logging("loud")
