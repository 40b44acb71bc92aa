from pathlib import Path

import pytest

from zaphod.core.configuration import MergedSettings, load_settings, setting_meanings
from zaphod.core.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty configuration folder."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def origin_and_value(settings: MergedSettings, name: str) -> tuple[str, object]:
    return settings.origins[name].split()[0], getattr(settings.values, name)


def test_without_any_source_everything_is_default(home: dict[str, str]) -> None:
    settings = load_settings(environment=home)
    assert settings.values.model == "builtin"
    assert set(settings.origins.values()) == {"default"}
    assert set(setting_meanings()) == set(settings.origins)


def test_flag_beats_environment_beats_file_beats_default(home: dict[str, str], tmp_path: Path) -> None:
    file = write(tmp_path / "c.yaml", "context: 1\nmax-tokens: 1\nseed: 1\n")
    environment = {**home, "ZAPHOD_MAX_TOKENS": "2", "ZAPHOD_SEED": "2"}
    settings = load_settings(file, environment, {"seed": 3, "threads": None})
    assert origin_and_value(settings, "threads") == ("default", None)
    assert origin_and_value(settings, "context") == ("file", 1)
    assert origin_and_value(settings, "max_tokens") == ("environment", 2)
    assert origin_and_value(settings, "seed") == ("flag", 3)


@pytest.mark.parametrize(("name", "text"), [("config.toml", "max-tokens = 7"), ("config.yaml", "max_tokens: 7")])
def test_the_users_own_file_is_found(home: dict[str, str], name: str, text: str) -> None:
    file = write(Path(home["XDG_CONFIG_HOME"]) / "zaphod" / name, text)
    settings = load_settings(environment=home)
    assert settings.values.max_tokens == 7
    assert settings.origins["max_tokens"] == f"file {file}"


def test_two_files_of_the_user_are_refused(home: dict[str, str]) -> None:
    for name in ("config.toml", "config.yaml"):
        write(Path(home["XDG_CONFIG_HOME"]) / "zaphod" / name, "")
    with pytest.raises(ConfigError, match=r"config\.toml and config\.yaml"):
        load_settings(environment=home)


def test_an_empty_file_sets_nothing(home: dict[str, str], tmp_path: Path) -> None:
    assert set(load_settings(write(tmp_path / "c.yaml", ""), home).origins.values()) == {"default"}


@pytest.mark.parametrize(
    ("variable", "raw", "wanted"),
    [
        ("ZAPHOD_THREADS", "many", "a whole number, 1 or more"),
        ("ZAPHOD_TEMPERATURE", "-1", "a number, 0 or more"),
        ("ZAPHOD_TEMPERATURE", "nan", "a number, 0 or more"),
        ("ZAPHOD_DTYPE", "float8", "one of auto, float32, bfloat16"),
        ("ZAPHOD_MODEL", "", "a text that is not empty"),
    ],
)
def test_a_malformed_variable_is_refused_by_name(home: dict[str, str], variable: str, raw: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(environment={**home, variable: raw})
    assert f"environment variable {variable}" in refusal.value.found
    assert repr(raw) in refusal.value.found
    assert wanted in refusal.value.wanted


@pytest.mark.parametrize("text", ["context: true", "context: 8000.5", "context: '80x'", "context: [1]"])
def test_a_malformed_value_in_a_file_names_the_file_and_key(home: dict[str, str], tmp_path: Path, text: str) -> None:
    file = write(tmp_path / "c.yaml", text)
    with pytest.raises(ConfigError) as refusal:
        load_settings(file, home)
    assert f"{file}, key 'context'" in refusal.value.found


def test_a_malformed_flag_names_the_flag(home: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="the flag --max-tokens"):
        load_settings(environment=home, flags={"max_tokens": 0})


def test_an_unknown_key_names_the_nearest(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'max-tokens'"):
        load_settings(write(tmp_path / "c.toml", "max-token = 3"), home)


def test_a_near_miss_of_a_variable_is_refused(home: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="ZAPHOD_THREADS"):
        load_settings(environment={**home, "ZAPHOD_THREAD": "2"})


def test_other_peoples_variables_are_left_alone(home: dict[str, str]) -> None:
    load_settings(environment={**home, "ZAPHOD_SHARED_DIR": "x", "BEEBLEBROX": "2"})


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("c.toml", "context = = 1", "is not TOML"),
        ("c.yaml", "context: [", "is not YAML"),
        ("c.yaml", "- port", "holds a list"),
        ("c.ini", "", r"must end in \.toml, \.yaml or \.yml"),
    ],
)
def test_a_broken_file_is_refused(home: dict[str, str], tmp_path: Path, name: str, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load_settings(write(tmp_path / name, text), home)


def test_a_missing_file_is_refused(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "absent.yaml", home)


def test_home_is_expanded_in_folders(home: dict[str, str]) -> None:
    settings = load_settings(environment={**home, "ZAPHOD_CACHE_DIR": "~/models"})
    assert settings.values.cache_dir == Path.home() / "models"


def test_a_key_in_the_place_of_its_address_is_refused_and_not_repeated(home: dict[str, str]) -> None:
    assert load_settings(environment={**home, "ZAPHOD_KEK": "env:KEY"}).values.kek == "env:KEY"
    with pytest.raises(ConfigError) as refused:
        load_settings(environment={**home, "ZAPHOD_KEK": "0123456789abcdef" * 4})
    assert "0123" not in str(refused.value)
