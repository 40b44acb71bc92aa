from __future__ import annotations

import pytest

from zaphod.safety.guard.windows import LOOK_BACK, OVERLAP, STEP, windows_of


@pytest.mark.parametrize("length", [0, 1, STEP, STEP + OVERLAP, STEP + OVERLAP + 1, 3 * STEP + 5, 1_000_000])
def test_every_character_is_owned_once_and_seen_with_what_is_around_it(length: int) -> None:
    owned = 0
    for window in windows_of(length):
        assert window.own_start == owned
        assert window.start == max(0, window.own_start - LOOK_BACK)
        assert window.end == min(length, max(window.own_end, 0) + OVERLAP)
        assert window.end - window.start <= LOOK_BACK + STEP + 2 * OVERLAP
        owned = window.own_end
    assert owned == length + 1  # a hit without characters may stand behind the last one
