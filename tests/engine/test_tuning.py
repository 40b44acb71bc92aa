"""What `zaphod tune` found: an entry for each machine, and nothing from damaged files."""

import dataclasses
import json
from pathlib import Path

import pytest

from zaphod.compute.kernels import dispatch

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

from zaphod.engine.tuning import Margin, Tuning, forget_tuning, machine_key, store_tuning, stored_tuning, tuning_file


@dataclasses.dataclass
class Facts:
    cpu_model: str = "A processor"
    num_cores: int = 8
    memory_bytes: int = 32_000_000_000


FOUND = Tuning(
    threads=6,
    chunk_bytes=32768,
    huge_pages=False,
    margins={"threads": Margin(gain=0.1, noise=0.02)},
    measured_on="a model",
    date="2026-01-01T00:00:00+00:00",
)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_what_was_stored_is_found_again():
    assert stored_tuning(Facts()) is None
    assert store_tuning(Facts(), FOUND) == tuning_file()
    assert stored_tuning(Facts()) == FOUND


@pytest.mark.parametrize("change", [{"cpu_model": "Another"}, {"num_cores": 4}, {"memory_bytes": 64_000_000_000}])
def test_every_machine_has_an_entry_of_its_own(change):
    other = Facts(**change)
    store_tuning(Facts(), FOUND)
    assert stored_tuning(other) is None
    store_tuning(other, Tuning(threads=2))
    assert stored_tuning(Facts()) == FOUND
    assert stored_tuning(other).threads == 2


def test_the_key_names_the_instruction_set():
    assert machine_key(Facts()) == f"A processor, 8 cores, {dispatch.instruction_set()}, 32 GB"


def test_forgetting_leaves_other_machines_alone():
    other = Facts(num_cores=4)
    store_tuning(Facts(), FOUND)
    store_tuning(other, Tuning(threads=4))
    assert forget_tuning(Facts())
    assert not forget_tuning(Facts())
    assert stored_tuning(Facts()) is None
    assert stored_tuning(other) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"threads": 9},
        {"threads": 0},
        {"threads": "6"},
        {"threads": True},
        {"chunk_bytes": 0},
        {"huge_pages": 1},
        {"margins": None},
        {"unknown": 1},
    ],
)
def test_a_damaged_entry_is_not_used_and_said_so(change, caplog):
    store_tuning(Facts(), FOUND)
    entries = json.loads(tuning_file().read_text())
    entries[machine_key(Facts())] |= change
    tuning_file().write_text(json.dumps(entries))
    assert stored_tuning(Facts()) is None
    assert "is damaged" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00\xff"])
def test_a_damaged_file_is_not_used_and_written_anew(text):
    tuning_file().parent.mkdir(parents=True)
    tuning_file().write_bytes(text.encode("latin-1"))
    assert stored_tuning(Facts()) is None
    store_tuning(Facts(), FOUND)
    assert stored_tuning(Facts()) == FOUND


def test_the_file_lies_in_the_users_cache():
    assert tuning_file({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/zaphod/tuning.json")
    assert tuning_file({}) == Path.home() / ".cache/zaphod/tuning.json"
