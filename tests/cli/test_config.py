from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod


def test_every_setting_is_printed_with_its_origin(
    zaphod: Zaphod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text("context: 9000\n")
    monkeypatch.setenv("ZAPHOD_THREADS", "2")
    outcome = zaphod("--config", str(file), "--log-level", "error", "config", "--json")
    assert outcome.json["context"] == {"value": 9000, "origin": f"file {file}"}
    assert outcome.json["threads"] == {"value": 2, "origin": "environment variable ZAPHOD_THREADS"}
    assert outcome.json["log_level"] == {"value": "error", "origin": "flag --log-level"}
    assert outcome.json["cache_dir"] == {"value": None, "origin": "default"}


def test_the_table_has_a_row_a_setting_and_no_colour(zaphod: Zaphod) -> None:
    lines = zaphod("config").out.splitlines()
    assert lines[0].split() == ["setting", "value", "origin", "meaning"]
    assert next(line for line in lines if line.startswith("max-tokens ")).split()[1:3] == ["512", "default"]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:s3cret@db:5432/zaphod", "postgresql://ada@db:5432/zaphod"),
        ("postgresql://ada@db/zaphod?password=s3cret", "postgresql://ada@db/zaphod"),
        ("postgresql://:s3cret@db/zaphod", "postgresql://@db/zaphod"),
        ("s3cret", "not a URL of a PostgreSQL database"),
        ("mysql://ada:s3cret@db/zaphod", "not a URL of a PostgreSQL database"),
    ],
)
def test_the_database_s_password_is_not_shown(
    zaphod: Zaphod, monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    monkeypatch.setenv("ZAPHOD_DATABASE", url)
    assert zaphod("config", "--json").json["database"]["value"] == shown
    table = zaphod("config").out
    assert shown in table
    assert "s3cret" not in table
