"""Row 20: energy figures that would tell what a neighbour computes. Coarse, for their owner, and honest of their source."""

import itertools
import time
from pathlib import Path
from typing import Any

import pytest
from tests.server.security.attacking import CHAT, chat, get, post
from tests.server.security.conftest import Guarded
from tests.support.running_server import RunningServer

from zaphod.core.errors import ConfigError
from zaphod.server.observability.observation import ObserverOptions

MEASURED = ("/sys/class/powercap", "/dev/nvidia0")


def power(server: RunningServer) -> Any:
    return get(server, "/zaphod/status").json()["power_w"]


def test_where_nothing_can_be_measured_it_says_that_it_estimates(victim: RunningServer) -> None:
    told = post(victim, CHAT, chat("what is 4817 + 2944?", max_tokens=30)).json()["zaphod"]
    assert told["energy_j"] > 0
    if not any(Path(place).exists() and list(Path(place).glob("*")) for place in MEASURED[:1]):
        assert told["energy_source"] == "estimated"
    assert told["energy_source"] in ("estimated", "RAPL", "NVML", "RAPL+NVML")


def test_the_machines_power_is_for_its_operator(guarded: Guarded) -> None:
    time.sleep(1.1)
    assert power(guarded.holding("metrics")) is not None
    assert power(guarded.holding("admin")) is not None
    for name in ("mallory", "generate", "tokenize", "embed"):
        assert power(guarded.holding(name)) is None
        assert get(guarded.holding(name), "/metrics").status_code == 403


def test_power_does_not_change_faster_than_once_a_second(guarded: Guarded) -> None:
    """However often it is asked for, while a neighbour computes."""
    operator, neighbour = guarded.holding("metrics"), guarded.holding("alice")
    began, seen = time.monotonic(), []
    while len(seen) < 9 or time.monotonic() - began < 2.2:
        seen.append(power(operator))
        assert post(neighbour, CHAT, chat(max_tokens=20)).status_code == 200
    num_changes = sum(before != after for before, after in itertools.pairwise(seen))
    assert num_changes <= time.monotonic() - began + 1


def test_finer_figures_cannot_be_configured() -> None:
    with pytest.raises(ConfigError, match="energy window"):
        ObserverOptions(served_model_names=("m",), energy_window_s=0.1)


def test_an_answer_tells_its_own_energy_only(guarded: Guarded) -> None:
    told = post(guarded.holding("mallory"), CHAT, chat()).json()
    assert set(told["zaphod"]) >= {"energy_j", "energy_source"}
    headers = post(guarded.holding("mallory"), CHAT, chat()).headers
    assert not [name for name in headers if "energy" in name or "power" in name]
    assert "joule" not in get(guarded.holding("mallory"), "/zaphod/status").text


def test_the_total_is_for_whoever_may_read_metrics(guarded: Guarded) -> None:
    text = get(guarded.holding("metrics"), "/metrics").text
    assert "zaphod:energy_joules_total" in text
    # Nothing there is by key: one customer's share cannot be read by another who may see metrics.
    assert not [line for line in text.splitlines() if "key_id" in line or "tenant" in line]
