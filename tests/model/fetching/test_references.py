from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.hub import COMMIT, StubHub, serve

from zaphod.core.configuration import Settings
from zaphod.core.errors import ConfigError, DownloadError, WeightsError
from zaphod.core.progress import SILENT
from zaphod.model.families import preset
from zaphod.model.fetching import references
from zaphod.model.fetching.hub import HubName
from zaphod.model.fetching.references import resolve, resolve_config
from zaphod.model.fetching.repository import plan_pull, pull
from zaphod.model.files.huggingface_export import config_to_huggingface


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with an empty cache; relative paths start in an empty folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return Settings(cache_dir=tmp_path / "hub")


def pull_from_stub(files: dict[str, bytes], settings: Settings) -> Path:
    with serve(StubHub(files)) as hub:
        plan = plan_pull(HubName("org/name"), cache_dir=settings.cache_dir, endpoint=hub.endpoint)
        return pull(plan, SILENT, settings.cache_dir, hub.endpoint)


def test_a_folder_or_file_is_itself(settings: Settings) -> None:
    Path("model").mkdir()
    Path("model.gguf").touch()
    assert resolve("model", settings).path == Path("model")
    assert resolve("./model.gguf", settings).path == Path("model.gguf")
    assert resolve("./model.gguf", settings).kind == "path"


def test_a_preset_is_a_shape_without_weights(settings: Settings) -> None:
    reference = resolve("grok-1", settings)
    assert reference.preset == preset("grok-1")
    with pytest.raises(ConfigError, match="shape without weights"):
        reference.weights_path()


def test_a_folder_wins_over_a_preset_of_the_same_name(settings: Settings) -> None:
    Path("grok-1").mkdir()
    assert resolve("grok-1", settings).kind == "path"


def test_the_builtin_model_lies_in_the_package(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "BUILTIN_FOLDER", tmp_path)
    assert resolve("builtin", settings).weights_path() == tmp_path


def test_an_installation_without_its_builtin_model_says_so(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "BUILTIN_FOLDER", tmp_path / "absent")
    with pytest.raises(WeightsError, match="has no built-in model"):
        resolve("builtin", settings)


@pytest.mark.parametrize("text", ["org/name", "org/name@main", f"hf://org/name@{COMMIT}"])
def test_a_pulled_repository_is_found_in_the_cache(settings: Settings, text: str) -> None:
    folder = pull_from_stub({"config.json": b"{}"}, settings)
    assert resolve(text, settings).path == folder


def test_gguf_files_in_a_folder_of_their_own_are_found(settings: Settings) -> None:
    folder = pull_from_stub({"Q4_K_M/m-00001-of-00002.gguf": b"1", "Q4_K_M/m-00002-of-00002.gguf": b"2"}, settings)
    assert resolve("org/name", settings).path == folder / "Q4_K_M"


def test_several_gguf_folders_must_be_told_apart(settings: Settings) -> None:
    pull_from_stub({"Q4/m.gguf": b"1", "Q8/m.gguf": b"2"}, settings)
    with pytest.raises(ConfigError, match="GGUF models in Q4, Q8"):
        resolve("org/name", settings)


def test_a_repository_that_was_not_pulled_says_how(settings: Settings) -> None:
    with pytest.raises(DownloadError, match="Run: zaphod pull org/name"):
        resolve("hf://org/name", settings)


def test_a_misspelt_path_names_the_nearest(settings: Settings) -> None:
    Path("models").mkdir()
    Path("models/grok-1-int4").mkdir()
    with pytest.raises(ConfigError, match=r"Did you mean \./models/grok-1-int4\?"):
        resolve("./models/grok-1-in4", settings)


def test_a_misspelt_preset_names_the_nearest(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="Did you mean mixtral-8x7b"):
        resolve("mixtral8x7b", settings)


def test_a_config_is_a_preset_or_either_kind_of_json(tmp_path: Path) -> None:
    config = preset("grok-1").config
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    ours.write_text(json.dumps(config.to_dict()))
    theirs.write_text(json.dumps(config_to_huggingface(config)))
    assert resolve_config("grok-1") == resolve_config(str(ours)) == resolve_config(str(theirs)) == config


@pytest.mark.parametrize(("text", "reason"), [("{", "is not JSON"), ("[]", "no JSON object")])
def test_a_broken_config_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=reason):
        resolve_config(str(file))


def test_an_unknown_config_names_the_nearest_preset() -> None:
    with pytest.raises(ConfigError, match="Did you mean grok-1"):
        resolve_config("grok_1")
