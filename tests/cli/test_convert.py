from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.support.tiny import write_tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny(tmp_path_factory.mktemp("tiny") / "model"))


def test_a_converted_model_answers_like_the_original(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    report = zaphod("convert", model, "--out", str(out), "--json").json
    assert report["is_lossless"]
    assert report["resumed_tensors"] == 0
    flags = ("hello", "--json", "-n", "8")
    answers = [zaphod("run", path, *flags).json["token_ids"] for path in (model, str(out))]
    assert answers[0] == answers[1]


def test_the_report_tells_what_was_written_and_lost(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    out = tmp_path / "int8"
    text = zaphod("convert", model, "--quantization", "int8", "-o", str(out)).out
    assert text.startswith("written  ")
    assert "embedding 0." in text
    assert text.endswith(f"next     zaphod show {out}\n")


def test_official_grok_1_becomes_packed_bit_by_bit(zaphod: Zaphod, official_grok1: Path, tmp_path: Path) -> None:
    report = zaphod("convert", str(official_grok1), "--out", str(tmp_path / "packed"), "--json").json
    assert report["is_lossless"]
    assert zaphod("show", str(tmp_path / "packed"), "--json").json["files"]["file_format"] == "packed"


def test_a_format_that_the_target_cannot_hold_is_refused(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    outcome = zaphod("convert", model, "--to", "safetensors", "-q", "int4", "--out", str(tmp_path / "x"))
    assert outcome.code == 2
    assert "'int4' cannot be written to safetensors." in outcome.err
    assert not (tmp_path / "x").exists()


def test_an_unknown_target_is_refused(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    outcome = zaphod("convert", model, "--to", "onnx", "--out", str(tmp_path / "x"))
    assert outcome.code == 2
    assert "'--to'" in outcome.err


def test_where_to_write_must_be_said(zaphod: Zaphod, model: str) -> None:
    outcome = zaphod("convert", model)
    assert outcome.code == 2
    assert "--out" in outcome.err


def test_quantize_prints_what_each_part_loses(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    out = zaphod("quantize", model, "--out", str(tmp_path / "int4")).out
    rows = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "int4" in rows["attention"]
    assert " dB" in rows["attention"]
    assert "none" in rows["norms"]


def test_more_bits_lose_less(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    def error(name: str) -> float:
        flags = ("--quantization", name, "--out", str(tmp_path / name), "--json")
        return float(zaphod("quantize", model, *flags).json["parts"]["attention"]["relative_error"])

    assert 0 < error("int8") < 0.02 < error("int4") < 0.2


def test_a_quantised_model_still_answers(zaphod: Zaphod, model: str, tmp_path: Path) -> None:
    out = tmp_path / "int8"
    assert zaphod("quantize", model, "-q", "int8", "--out", str(out)).code == 0
    assert zaphod("run", str(out), "hello", "--json", "-n", "3").json["prompt_tokens"] == len("hello") + 2
