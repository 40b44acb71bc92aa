import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import msgspec
import pytest

from zaphod.core.errors import ConfigError
from zaphod.data.build_config import BuildConfig, Component, read_build_config
from zaphod.data.documents import Counters, DocumentStage, Dropped
from zaphod.data.pipeline import Build
from zaphod.data.shards import ShardSet


class Loud(DocumentStage):
    """Drops what is quiet, shouts the rest."""

    name = "loud"

    def __init__(self, *, min_letters=2):
        super().__init__()
        self._min_letters = min_letters

    def settings(self):
        return {"min_letters": self._min_letters}

    def judge(self, document):
        if len(document.text) < self._min_letters:
            return Dropped("too short")
        return replace(document, text=document.text.upper())


class Once:
    """Drops every text that came before under another id."""

    name = "once"

    def __init__(self):
        self.counters, self._seen, self._new = Counters(), {}, {}

    def settings(self):
        return {}

    def __call__(self, documents):
        for document in documents:
            self.counters.see(document)
            if self._seen.setdefault(document.text, document.id) != document.id:
                self.counters.drop("seen before")
            else:
                self._new[document.text] = document.id
                self.counters.keep(document)
                yield document.passed(self.name)

    def take_memory(self):
        memory, self._new = msgspec.msgpack.encode(self._new), {}
        return memory

    def recall(self, memory):
        self._seen |= msgspec.msgpack.decode(memory)


@pytest.fixture
def lines(tmp_path):
    def write(rows, name="in.jsonl"):
        rows = [row if isinstance(row, dict) else {"id": f"d{n}", "text": row} for n, row in enumerate(rows)]
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
        return tmp_path / name

    return write


def config(file, **changes):
    source = Component(kind="json-lines", settings={"name": "lines", "path": str(file), "licence": "MIT"})
    return BuildConfig(**{"sources": (source,), "tokenizer": "bytes", "slice_documents": 2} | changes)


def texts(folder):
    return [bytes(tokens[:-1].astype("u1")).decode() for tokens in ShardSet.open(folder)]


def files(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def stages():
    return [Loud(), Once(), Loud(min_letters=3)]


TEXTS = ["aa", "b", "ccc", "ccc", "dddd", "aa", "eee", "f", "ccc"]


def test_documents_go_through_all_stages_in_order_and_into_shards(lines, tmp_path):
    report = Build(config(lines(TEXTS)), tmp_path / "out", stages=stages()).run()
    assert texts(tmp_path / "out") == ["CCC", "DDDD", "EEE"]
    assert {stage.name: stage.dropped for stage in report.manifest.stages} == {
        "licence": {},
        "loud": {"too short": 1},
        "once": {"seen before": 3},
        "packing": {},
    }


def test_every_stage_is_counted_apart_even_of_one_name(lines, tmp_path):
    report = Build(config(lines(TEXTS)), tmp_path / "out", stages=stages()).run()
    assert [(stage.name, stage.num_seen, stage.num_kept) for stage in report.manifest.stages] == [
        ("licence", 9, 9),
        ("loud", 9, 7),
        ("once", 7, 4),
        ("loud", 4, 3),
        ("packing", 3, 3),
    ]


def test_lineage_tells_source_licence_and_the_stages_passed(lines, tmp_path):
    Build(config(lines(TEXTS)), tmp_path / "out", stages=[Once()]).run()
    lineage = ShardSet.open(tmp_path / "out").lineage(0)
    assert (lineage["id"], lineage["source"], lineage["licence"]) == ("d0", "lines", "MIT")
    assert lineage["stages"] == ["licence", "once"]


@pytest.mark.parametrize("slice_documents", [1, 3, 100])
def test_the_shards_do_not_depend_on_how_the_work_is_cut(lines, tmp_path, slice_documents):
    Build(config(lines(TEXTS), slice_documents=slice_documents), tmp_path / "out", stages=stages()).run()
    assert texts(tmp_path / "out") == ["CCC", "DDDD", "EEE"]


class _StopError(Exception):
    pass


def stopping_after(count):
    def executor(segment, slices):
        for number, part in enumerate(slices):
            if number == count:
                raise _StopError
            yield segment(part)

    return executor


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_build_that_was_stopped_gives_the_same_bytes_as_one_that_was_not(lines, tmp_path, count):
    wanted = config(lines(TEXTS))
    Build(wanted, tmp_path / "whole", stages=stages()).run()
    with pytest.raises(_StopError):
        Build(wanted, tmp_path / "out", stages=stages()).run(stopping_after(count))
    report = Build(wanted, tmp_path / "out", stages=stages()).run()
    assert report.num_resumed == count
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_a_finished_build_is_not_done_again(lines, tmp_path):
    wanted = config(lines(TEXTS))
    first = Build(wanted, tmp_path / "out", stages=stages()).run()
    again = Build(wanted, tmp_path / "out", stages=stages()).run(stopping_after(0))
    assert (again.num_slices, again.manifest) == (0, first.manifest)


def test_a_folder_with_another_finished_build_is_refused(lines, tmp_path):
    Build(config(lines(TEXTS)), tmp_path / "out").run()
    with pytest.raises(ConfigError, match="finished build with other settings"):
        Build(config(lines(TEXTS), seed=1), tmp_path / "out").run()


def test_an_unfinished_build_is_not_finished_with_other_settings(lines, tmp_path):
    with pytest.raises(_StopError):
        Build(config(lines(TEXTS)), tmp_path / "out", stages=[Loud()]).run(stopping_after(2))
    with pytest.raises(ConfigError, match="unfinished build with other settings"):
        Build(config(lines(TEXTS)), tmp_path / "out", stages=[Loud(min_letters=3)]).run()


def test_an_unfinished_build_is_not_finished_with_other_texts(lines, tmp_path):
    with pytest.raises(_StopError):
        Build(config(lines(TEXTS)), tmp_path / "out").run(stopping_after(2))
    with pytest.raises(ConfigError, match="not what it was"):
        Build(config(lines(["other", *TEXTS[1:]])), tmp_path / "out").run()


def test_a_copyleft_source_is_refused_before_anything_is_read(tmp_path):
    copyleft = Component(kind="json-lines", settings={"name": "g", "path": "nowhere", "licence": "GPL-3.0-only"})
    with pytest.raises(ConfigError, match=r"GPL-3\.0-only"):
        Build(BuildConfig(sources=(copyleft,), tokenizer="bytes"), tmp_path / "out")


def test_special_tokens_named_in_a_text_stay_text(lines, tmp_path):
    Build(config(lines(["a<|eos|>b"])), tmp_path / "out").run()
    assert texts(tmp_path / "out") == ["a<|eos|>b"]


def test_the_domain_of_a_source_is_that_of_its_documents(lines, tmp_path):
    settings = {"name": "l", "path": str(lines(["a", {"id": "2", "text": "b", "domain": "law"}])), "licence": "MIT"}
    source = Component(kind="json-lines", settings={**settings, "domain": "medicine"})
    Build(BuildConfig(sources=(source,), tokenizer="bytes"), tmp_path / "out").run()
    assert [ShardSet.open(tmp_path / "out").record(number).domain for number in range(2)] == ["medicine", "law"]


def test_a_build_without_a_document_is_a_finished_empty_set(lines, tmp_path):
    Build(config(lines([])), tmp_path / "out").run()
    assert len(ShardSet.open(tmp_path / "out")) == 0


_SLOW = """
import sys, time
from pathlib import Path
from zaphod.data.build_config import read_build_config
from zaphod.data.pipeline import Build

def slowly(segment, slices):
    for number, part in enumerate(slices):
        if number == 5:
            time.sleep(600)
        yield segment(part)

Build(read_build_config(Path(sys.argv[1])), Path(sys.argv[2])).run(slowly)
"""


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_a_build_goes_on_after_a_signal(lines, tmp_path, signal_number):
    lines([f"text {number}" for number in range(20)])
    toml = tmp_path / "build.toml"
    toml.write_text(
        'tokenizer = "bytes"\nslice_documents = 2\n'
        '[[sources]]\nkind = "json-lines"\nname = "l"\npath = "in.jsonl"\nlicence = "MIT"\n'
    )
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", _SLOW, toml, out], stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None and not (out / "work" / "slice-000004").exists():
            time.sleep(0.01)
        os.kill(process.pid, signal_number)
        assert process.wait() != 0
    finally:
        process.kill()
    report = Build(read_build_config(toml), out).run()
    Build(read_build_config(toml), tmp_path / "whole").run()
    assert report.num_resumed == 5
    assert files(out) == files(tmp_path / "whole")
