from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.core.places import require_tenant, state_folder, tenant_folder_name

TENANTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\x7f"]), max_size=64
)


def test_the_chosen_folder_is_taken(tmp_path: Path) -> None:
    assert state_folder(tmp_path) == tmp_path


def test_without_a_choice_it_lies_where_data_lie(tmp_path: Path) -> None:
    assert state_folder(None, {"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "zaphod"
    assert state_folder(None, {}) == Path("~/.local/share/zaphod").expanduser()


@pytest.mark.parametrize(
    ("tenant", "name"), [("", "local"), ("lab", "t-lab"), ("key_0123456789ab", "t-key_0123456789ab"), ("a-1", "t-a-1")]
)
def test_simple_names_stay_readable(tenant: str, name: str) -> None:
    assert tenant_folder_name(tenant) == name


@pytest.mark.parametrize(
    "pair",
    [("lab", "Lab"), ("", "local"), ("", "h-"), ("a", "t-a"), ("é", "e\u0301"), ("a", "a "), (".", ".."), ("/", "\\"),
     ("lab", "h-" + "0" * 62), ("con", "nul"), ("a" * 64, "A" * 64), ("%", "_"), ("'", '"')],
)  # fmt: skip
def test_names_that_look_alike_get_folders_of_their_own(pair: tuple[str, str]) -> None:
    assert tenant_folder_name(pair[0]).lower() != tenant_folder_name(pair[1]).lower()


@given(TENANTS)
def test_every_tenant_gets_a_name_that_every_file_system_takes(tenant: str) -> None:
    name = tenant_folder_name(tenant)
    assert re.fullmatch(r"local|[th]-[a-z0-9_-]{1,64}", name)
    assert tenant_folder_name(tenant) == name


@given(st.lists(TENANTS, unique=True, min_size=2, max_size=8))
def test_no_two_tenants_share_a_folder(tenants: list[str]) -> None:
    assert len({tenant_folder_name(tenant).lower() for tenant in tenants}) == len(tenants)


def test_a_tenant_named_like_anothers_folder_gets_another_one() -> None:
    folder = tenant_folder_name("lab")
    assert tenant_folder_name(folder) != folder


@pytest.mark.parametrize("tenant", ["a" * 65, "a\nb", "a\x00", "\x7f", "\ud800", None, 7, b"a"])
def test_what_is_no_tenant_is_refused(tenant: object) -> None:
    with pytest.raises(ConfigError, match="64 printable"):
        tenant_folder_name(tenant)  # type: ignore[arg-type]


def test_a_tenant_is_returned_as_it_is() -> None:
    assert require_tenant("Büro 1") == "Büro 1"
