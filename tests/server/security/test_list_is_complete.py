"""Every row of the list of attacks (`docs/security.md`) has a test that tries it."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = {
    1: ["test_pickle.py"],
    2: ["test_sockets.py"],
    3: ["test_code_in_models.py"],
    4: ["test_chat_templates.py"],
    5: ["test_media_addresses.py"],
    6: ["test_media_addresses.py"],
    7: ["test_weight_files.py"],
    8: ["test_paths.py"],
    9: ["test_grammars.py"],
    10: ["test_numbers.py"],
    11: ["test_tokenizer.py"],
    12: ["test_sizes.py"],
    13: ["test_keys.py"],
    14: ["test_prefix_cache.py"],
    15: ["test_browsers.py"],
    16: ["test_hidden_routes.py"],
    18: ["test_leaks.py"],
    19: ["test_metric_labels.py"],
    20: ["test_energy.py"],
}
"""Row 17 (wheels, updates) is no matter of a running server."""


@pytest.mark.parametrize("row", [row for row in range(1, 21) if row != 17])
def test_a_row_has_its_tests(row: int) -> None:
    for name in TESTS[row]:
        assert "\ndef test_" in (HERE / name).read_text(), name


@pytest.mark.parametrize("row", TESTS)
def test_a_row_is_described(row: int) -> None:
    page = (HERE.parents[2] / "docs" / "security.md").read_text()
    [line] = [line for line in page.splitlines() if line.startswith(f"| {row} |")]
    assert all(name in line for name in TESTS[row]), line


def test_no_file_of_attacks_is_left_out_of_the_page() -> None:
    page = (HERE.parents[2] / "docs" / "security.md").read_text()
    assert [file.name for file in sorted(HERE.glob("test_*.py")) if file.name not in page] == []
