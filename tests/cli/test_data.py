from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod

TOML = """tokenizer = "bytes"
[[sources]]
kind = "json-lines"
name = "notes"
path = "notes.jsonl"
licence = "{licence}"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    rows = [{"id": "a", "text": "hello", "time": "2026-01-01"}, {"id": "b", "text": "world", "licence": "GPL-2.0-only"}]
    (tmp_path / "notes.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "build.toml").write_text(TOML.format(licence="MIT"))
    return tmp_path / "build.toml"


def build(zaphod: Zaphod, config: Path, *flags: str) -> object:
    return zaphod("data", "build", str(config), "--out", str(config.parent / "out"), *flags)


def test_a_build_tells_what_each_stage_kept_and_why_it_dropped(zaphod: Zaphod, config: Path) -> None:
    result = build(zaphod, config, "--json").json
    assert (result["num_documents"], result["num_tokens"]) == (1, 6)
    assert result["stages"][0]["dropped"] == {"copyleft licence": 1}
    assert "1 copyleft licence" in zaphod("data", "show", str(config.parent / "out")).out


def test_a_build_that_is_done_says_so(zaphod: Zaphod, config: Path) -> None:
    assert "10 B in " in build(zaphod, config).out
    assert "finished already" in build(zaphod, config).out


def test_a_copyleft_source_is_refused_until_the_flag_is_given(zaphod: Zaphod, config: Path) -> None:
    config.write_text(TOML.format(licence="GPL-3.0-only"))
    refused = build(zaphod, config)
    assert (refused.code, "GPL-3.0-only" in refused.err, "--allow-copyleft" in refused.err) == (2, True, True)
    assert build(zaphod, config, "--allow-copyleft", "--json").json["num_documents"] == 2


def test_show_tells_sources_with_tokens_by_licence(zaphod: Zaphod, config: Path) -> None:
    build(zaphod, config)
    out = str(config.parent / "out")
    assert zaphod("data", "show", out, "--json").json["licences"] == {"MIT": 6}
    assert "MIT 6" in zaphod("data", "show", out).out


def test_show_tells_where_one_document_comes_from(zaphod: Zaphod, config: Path) -> None:
    build(zaphod, config)
    out = str(config.parent / "out")
    assert zaphod("data", "show", out, "--document", "0", "--json").json["id"] == "a"
    assert "2026-01-01T00:00:00+00:00" in zaphod("data", "show", out, "--document", "0").out
    assert zaphod("data", "show", out, "--document", "1").code == 2


def test_show_refuses_a_damaged_shard(zaphod: Zaphod, config: Path) -> None:
    build(zaphod, config)
    file = config.parent / "out" / "tokens-00000.bin"
    file.write_bytes(file.read_bytes()[:-1])
    damaged = zaphod("data", "show", str(config.parent / "out"))
    assert (damaged.code, "tokens-00000.bin is damaged" in damaged.err) == (3, True)


def test_a_snapshot_tells_what_is_new_and_how_fresh(zaphod: Zaphod, config: Path) -> None:
    arguments = ("data", "snapshot", str(config), "--root", str(config.parent / "days"), "--name")
    first = zaphod(*arguments, "1", "--json").json
    assert (first["snapshot"]["num_new"], first["freshness"]["num_documents"]) == (2, 1)
    with (config.parent / "notes.jsonl").open("a") as file:
        file.write('\n{"id": "c", "text": "again"}')
    assert "1 new, 0 changed, 2 unchanged since 1" in zaphod(*arguments, "2").out


def test_a_topic_is_learnt_told_and_used_as_a_stage(zaphod: Zaphod, config: Path) -> None:
    texts = {True: "sail and mast in the wind", False: "bread and butter in the oven"}
    rows = [{"text": f"{texts[kind]} {number}", "relevant": kind} for number in range(12) for kind in texts]
    labels, out = config.parent / "labels.jsonl", config.parent / "topic.npz"
    labels.write_text("\n".join(map(json.dumps, rows)))
    arguments = ("data", "topic", "sailing with the wind", "--labels", str(labels), "--out", str(out))
    assert zaphod(*arguments, "--dimensions", "4", "--json").json["area"] == 1.0
    config.write_text(config.read_text() + '[[stages]]\nkind = "relevance"\nmodel = "topic.npz"\n')
    assert build(zaphod, config, "--json").json["stages"][1]["name"] == "relevance"


def test_a_label_that_is_missing_is_named(zaphod: Zaphod, config: Path) -> None:
    refused = zaphod("data", "topic", "x", "--labels", str(config.parent / "notes.jsonl"), "--out", "x.npz")
    assert (refused.code, "label of a is 'missing'" in refused.err) == (2, True)


@pytest.mark.parametrize("verb", ["build", "show", "snapshot", "topic"])
def test_every_verb_of_data_has_an_example_and_json(zaphod: Zaphod, verb: str) -> None:
    out = zaphod("data", verb, "--help").out
    assert f"  zaphod data {verb}" in out.split("Examples:")[1]
    assert "--json" in out
