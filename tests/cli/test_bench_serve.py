"""`zaphod bench serve` against a real server with known behaviour."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.study.serving.small_server import SmallServer, small_server

SHORT = ("--num-prompts", "4", "--input-len", "23", "--output-len", "3")


@pytest.fixture(scope="module")
def running_server() -> Iterator[SmallServer]:
    with small_server() as running:
        yield running


@pytest.fixture
def server(running_server: SmallServer) -> SmallServer:
    running_server.forget()
    return running_server


def test_the_json_has_vllms_keys_and_the_figures_of_what_was_sent(zaphod: Zaphod, server: SmallServer) -> None:
    report = zaphod("bench", "serve", "--base-url", server.base_url, *SHORT, "--max-concurrency", "2", "--json").json
    assert (report["completed"], report["failed"], report["model_id"]) == (4, 0, "good")
    assert (report["total_input_tokens"], report["total_output_tokens"]) == (4 * 23, 4 * 3)
    assert (report["request_rate"], report["max_concurrency"], report["num_prompts"]) == ("inf", 2, 4)
    assert report["arrival_process"] == "closed loop, 2 clients"
    assert report["client_cpu_share"] > 0
    assert report["machine"]["cpu_model"]


def test_the_table_is_for_people(zaphod: Zaphod, server: SmallServer) -> None:
    outcome = zaphod("bench", "serve", "--base-url", server.base_url, *SHORT)
    assert outcome.code == 0
    for words in ("closed loop, 1 client", "4 answered, 0 failed", "output tokens/s", "time to first token", "p99"):
        assert words in outcome.out


def test_goals_stand_behind_one_flag_as_in_vllm(zaphod: Zaphod, server: SmallServer) -> None:
    url = ("--base-url", server.base_url)
    kept = zaphod("bench", "serve", *url, *SHORT, "--json", "--goodput", "ttft:600000", "tpot:600000").json
    assert kept["request_goodput"] == pytest.approx(kept["request_throughput"])
    missed = zaphod("bench", "serve", *url, *SHORT, "--json", "--goodput", "ttft:600000", "e2el:0").json
    assert missed["request_goodput"] == 0


def test_every_request_says_what_the_flags_ask_for(zaphod: Zaphod, server: SmallServer) -> None:
    flags = (
        "--endpoint",
        "chat",
        "--ignore-eos",
        "--temperature",
        "0.5",
        "--extra-body",
        '{"top_k": 3}',
        "-m",
        "other",
    )
    zaphod("bench", "serve", "--base-url", server.base_url, *SHORT, *flags)
    body = server.streamed[-1]
    assert (body["model"], body["ignore_eos"], body["temperature"], body["top_k"]) == ("other", True, 0.5, 3)
    assert body["messages"][0]["role"] == "user"


def test_a_seed_asks_the_same_again_and_is_printed_where_none_is_given(zaphod: Zaphod, server: SmallServer) -> None:
    run = ("bench", "serve", "--base-url", server.base_url, *SHORT, "--json")
    seed = zaphod(*run).json["seed"]
    zaphod(*run, "--seed", str(seed))
    prompts = [body["prompt"] for body in server.streamed]
    assert prompts[:4] == prompts[4:]
    assert zaphod(*run).json["seed"] != seed


def test_the_key_comes_from_a_file(zaphod: Zaphod, server: SmallServer, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-mine\n")
    zaphod("bench", "serve", "--base-url", server.base_url, *SHORT, "--api-key-file", str(tmp_path / "key"))
    assert {headers["authorization"] for headers in server.headers} == {"Bearer sk-mine"}


def test_the_result_is_written_with_every_request(zaphod: Zaphod, server: SmallServer, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    zaphod("bench", "serve", "--base-url", server.base_url, *SHORT, "--save-detailed", "--result-file", str(file))
    assert json.loads(file.read_text())["output_lens"] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--goodput", "speed:3"), "speed:3"),
        (("--num-prompts", "3", "--duration", "3"), "one end"),
        (("--duration", "3", "--request-rate", "inf"), "--request-rate"),
        (("--extra-body", "[1]"), "object"),
        (("--metric-percentiles", "101"), "between 0 and 100"),
        (("stray",), "stray"),
        (("--max-concurency", "3"), "--max-concurrency"),
    ],
)
def test_mistakes_are_refused_before_anything_is_sent(
    zaphod: Zaphod, server: SmallServer, flags: tuple[str, ...], words: str
) -> None:
    outcome = zaphod("bench", "serve", "--base-url", server.base_url, *flags)
    assert outcome.code == 2
    assert words in outcome.err
    assert not server.asked


def test_a_server_that_is_not_there_is_said_so(zaphod: Zaphod) -> None:
    outcome = zaphod("bench", "serve", "--base-url", "http://127.0.0.1:9", "--json")
    assert outcome.code == 1
    assert "127.0.0.1:9" in outcome.json["error"]["found"]


def test_ctrl_c_prints_what_was_measured_so_far(server: SmallServer) -> None:
    command = [sys.executable, "-W", "error", "-m", "zaphod", "bench", "serve", "--base-url", server.base_url, "--json"]
    command += ["--num-prompts", "1000000", "--input-len", "30", "--output-len", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and len(server.streamed) < 8:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    report = json.loads(out)
    assert (process.returncode, report["was_stopped"], "stopped" in err) == (130, True, True)
    assert report["completed"] >= 7
