import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.data.build_config import Component, build_config, read_build_config
from zaphod.data.components import SOURCES, STAGES, make_source, make_stage

SOURCE = '[[sources]]\nkind = "json-lines"\nname = "l"\npath = "in.jsonl"\nlicence = "MIT"\n'


def read(folder, text, **overrides):
    (folder / "build.toml").write_text(text)
    return read_build_config(folder / "build.toml", **overrides)


def test_relative_paths_start_at_the_configurations_folder(tmp_path):
    config = read(tmp_path, 'tokenizer = "t.json"\n' + SOURCE)
    assert config.tokenizer == str(tmp_path / "t.json")
    assert config.sources[0].settings["path"] == str(tmp_path / "in.jsonl")


def test_a_flag_beats_the_file(tmp_path):
    text = 'tokenizer = "bytes"\nseed = 1\nallow_copyleft = false\n' + SOURCE
    config = read(tmp_path, text, seed=None, allow_copyleft=True)
    assert (config.seed, config.allow_copyleft) == (1, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('tokenizer = "bytes"\n', "lacks sources"),
        (SOURCE, "lacks tokenizer"),
        ('tokenizer = "bytes"\nsources = 3\n', "list of tables"),
        ('tokenizer = "bytes"\nsources = []\n', "no source"),
        ('tokenizer = "bytes"\nseeds = 1\n' + SOURCE, "Did you mean 'seed'"),
        ('tokenizer = "bytes"\nseed = "1"\n' + SOURCE, "type int"),
        ('tokenizer = "bytes"\nslice_documents = 0\n' + SOURCE, "at least 1"),
        ('tokenizer = ""\n' + SOURCE, "Name one"),
        ('tokenizer = "bytes"\n' + SOURCE + SOURCE, "Two sources are called l"),
        ("tokenizer = \n", "cannot be read"),
    ],
)
def test_a_malformed_configuration_says_what_is_wrong(tmp_path, text, told):
    with pytest.raises(ConfigError, match=told):
        read(tmp_path, text)


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'json-lines'"):
        make_source(Component(kind="json-line"))


def test_an_unknown_setting_of_a_source_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'path'"):
        make_source(Component(kind="json-lines", settings={"name": "l", "paths": "x"}))


def test_a_missing_setting_of_a_source_is_named():
    with pytest.raises(ConfigError, match="lacks path"):
        make_source(Component(kind="json-lines", settings={"name": "l"}))


def test_a_stage_is_built_again_from_its_own_settings():
    stage = make_stage(Component(kind="licence", settings={"allow_copyleft": True}))
    assert type(stage)(**stage.settings()).settings() == stage.settings()


@pytest.mark.parametrize("settings", [{"max_pending": "many"}, {"scope": 3}, {"max_pending": -1}])
def test_a_setting_of_the_wrong_type_is_refused_or_harmless(settings):
    try:
        make_stage(Component(kind="exact_duplicates", settings=settings))
    except ConfigError:
        return


@pytest.mark.parametrize("kind", [k for k in STAGES if k not in ("relevance", "refinement")])
def test_every_stage_with_defaults_is_built_again_from_its_own_settings(kind):
    stage = make_stage(Component(kind=kind))
    assert msgspec.json.encode(type(stage)(**stage.settings()).settings()) == msgspec.json.encode(stage.settings())
    assert stage.name == kind


@pytest.mark.parametrize("row", [*SOURCES.values(), *STAGES.values()])
def test_every_kind_has_its_class(row):
    import importlib

    module, _, name = row.partition(":")
    assert isinstance(getattr(importlib.import_module(f"zaphod.data.{module}"), name), type)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "name", "path"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["sources", "stages", "tokenizer", "seed", "x"]), VALUES))
def test_any_table_is_a_configuration_or_refused(tmp_path_factory, table):
    try:
        build_config(table, tmp_path_factory.getbasetemp())
    except ZaphodError:
        return


@given(st.binary(max_size=60))
def test_any_file_is_a_configuration_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        read_build_config(file)
