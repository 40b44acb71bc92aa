import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.conftest import Outcome, Zaphod

from zaphod.study.benchmarks.random_files import random_config, write_random_gguf

SHORT = ("-p", "4", "-n", "2", "-d", "6", "-t", "1", "--runner", "torch")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Grok of a few hundred thousand parameters."""
    config = random_config("grok", "0.3B")
    assert config.moe is not None
    moe = dataclasses.replace(config.moe, expert_size=64)
    small = dataclasses.replace(
        config, vocab_size=320, hidden_size=128, num_layers=2, num_heads=1, num_kv_heads=1, moe=moe
    )
    return write_random_gguf(small, "q8_0", tmp_path_factory.mktemp("bench") / "small.gguf")


def test_the_json_has_llama_benchs_fields_for_every_test(zaphod: Zaphod, model: Path) -> None:
    report = zaphod("bench", "model", "-m", str(model), *SHORT, "-b", "3", "-r", "2", "--json").json
    shapes = [(row["n_prompt"], row["n_gen"], row["n_depth"], row["n_batch"]) for row in report["results"]]
    assert shapes == [(4, 0, 6, 3), (0, 2, 6, 3), (4, 2, 6, 3)]
    for row in report["results"]:
        assert len(row["samples"]) == 2
        assert min(row["samples"]) <= row["tokens_per_s"] <= max(row["samples"])
        assert row["stddev"] >= 0
        assert row["bandwidth_share"] > 0


def test_the_table_names_the_tests_as_llama_bench_does(zaphod: Zaphod, model: Path) -> None:
    out = zaphod("bench", "model", "-m", str(model), *SHORT, "-r", "1").out
    assert [test in out for test in ("pp4 @ d6", "tg2 @ d6", "pp4+tg2 @ d6")] == [True] * 3


def test_nothing_to_measure_is_refused(zaphod: Zaphod, model: Path) -> None:
    assert zaphod("bench", "model", "-m", str(model), "-p", "0", "-n", "0").code == 2


def test_an_unknown_part_of_the_verb_is_refused_with_the_nearest(zaphod: Zaphod) -> None:
    outcome = zaphod("bench", "compere")
    assert outcome.code == 2
    assert "compare" in outcome.err


def test_a_size_that_is_not_made_is_refused_with_those_that_are(zaphod: Zaphod, tmp_path: Path) -> None:
    outcome = zaphod("bench", "make", "--arch", "grok", "--size", "9B", str(tmp_path / "x.gguf"))
    assert outcome.code == 2
    assert "0.3B, 1.2B, 4B" in outcome.err


def compare(zaphod: Zaphod, model: Path, *more: str) -> Outcome:
    return zaphod("bench", "compare", "-m", str(model), "--streams", "2", *SHORT, *more)


def test_a_comparison_measures_every_case_it_was_asked_for(zaphod: Zaphod, model: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    cases = "decode,depth,busy,load-packed,memory,accuracy"
    more = ("--peers", "torch", "--pairs", "1", "--cases", cases, "--record", str(record), "--json")
    report = compare(zaphod, model, *more).json
    assert {row["case"] for row in report["ratios"]} == set(cases.split(","))
    found = {(sample["case"], sample["engine"], sample["pair"]) for sample in report["samples"]}
    assert {(case, engine, 0) for case in ("decode", "busy") for engine in ("zaphod", "torch")} <= found
    assert all(sample["value"] > 0 for sample in report["samples"] if sample["case"] in ("decode", "load-packed"))
    exact = [sample["value"] for sample in report["samples"] if sample["case"] == "accuracy"]
    assert exact == pytest.approx([0, 0], abs=1e-9)
    lines = record.read_text()
    again = compare(zaphod, model, *more).json
    assert again["samples"] == report["samples"]
    assert record.read_text() == lines


def test_a_result_is_published_as_a_page_and_its_figures(
    zaphod: Zaphod, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    outcome = compare(zaphod, model, "--peers", "torch", "--pairs", "1", "--cases", "decode", "--publish", "mine")
    assert outcome.code == 0
    page = (tmp_path / "benchmarks/results/mine.md").read_text()
    assert "no verdict: 1 of 5 pairs" in page
    assert "pair 1:" in page
    assert json.loads((tmp_path / "benchmarks/results/mine.json").read_text())["samples"]


def test_a_missing_peer_is_named_with_what_to_do(zaphod: Zaphod, model: Path, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    bare.chmod(0o755)
    outcome = compare(zaphod, model, "--peers", "llama.cpp", "--llama-python", str(bare))
    assert outcome.code == 1
    assert "llama_cpp cannot be imported" in outcome.err
    assert "pip install" in outcome.err


@pytest.mark.parametrize("flags", [("--peers", "vllm"), ("--cases", "sprint", "--peers", "torch")])
def test_unknown_peers_and_cases_are_refused(zaphod: Zaphod, model: Path, flags: tuple[str, ...]) -> None:
    assert compare(zaphod, model, *flags).code == 2


def test_an_interrupted_comparison_prints_what_it_has(model: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    command = [sys.executable, "-m", "zaphod", "bench", "compare", "-m", str(model), *SHORT, "--record", str(record)]
    command += ["--peers", "torch", "--pairs", "1000000", "--cases", "decode"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (record.exists() and record.read_text().count("\n") > 4):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, "pair 1:" in out, "stopped" in err) == (130, True, True)
