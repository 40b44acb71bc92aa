import pytest

from zaphod.model.fetching.hub import HubName, parse_hub_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("org/name", HubName("org/name")),
        ("xai-org/grok-1@e32dd0d", HubName("xai-org/grok-1", "e32dd0d")),
        ("hf://org/name@refs/pr/1", HubName("org/name", "refs/pr/1")),
        ("org/model.v0_1", HubName("org/model.v0_1")),
    ],
)
def test_hub_names_are_understood(text: str, name: HubName) -> None:
    assert parse_hub_name(text) == name


@pytest.mark.parametrize("text", ["grok-1", "./org/name", "/org/name", "a/b/c", "org/file.gguf", "~/name", "org/name@"])
def test_paths_are_no_hub_names(text: str) -> None:
    assert parse_hub_name(text) is None


def test_a_hub_name_is_written_as_it_is_pulled() -> None:
    assert str(HubName("org/name")) == "org/name"
    assert str(HubName("org/name", "v2")) == "org/name@v2"
