"""Sets of attacks: what is in them, that no split sees the other, and that the seed decides everything."""

from __future__ import annotations

from collections import Counter

import pytest

from zaphod.study.redteam.attacks import composed_attacks, plain_attacks
from zaphod.study.redteam.transforms.catalogue import transforms_of
from zaphod.study.redteam.transforms.transform import SPLITS, Split
from zaphod.study.redteam.wordings import FAMILIES, languages, wordings_of


def test_every_family_has_wordings_of_both_splits_in_every_language() -> None:
    found = Counter((wording.family, wording.split, wording.language) for wording in wordings_of())
    assert set(found) == {(family, split, code) for family in FAMILIES for split in SPLITS for code in languages()}
    assert len(languages()) >= 12


def test_no_wording_is_of_both_splits() -> None:
    said = [{turn for wording in wordings_of(split) for turn in wording.turns} for split in SPLITS]
    assert not said[0] & said[1]


@pytest.mark.parametrize("split", SPLITS)
def test_plain_attacks_have_no_open_slot_and_no_transform(split: Split) -> None:
    attacks = plain_attacks(split, seed=0)
    assert len(attacks) == len(wordings_of(split))
    for attack in attacks:
        assert attack.depth == 0
        assert not any(slot in turn for turn in attack.turns for slot in ("{marker}", "{url}", "{tool}", "{thing}"))


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("split", SPLITS)
def test_each_transform_is_the_focus_of_as_many_attacks(split: Split, depth: int) -> None:
    attacks = list(composed_attacks(wordings=split, transforms=split, depth=depth, num_each=3, seed=1))
    names = {transform.name for transform in transforms_of(split)}
    assert Counter(attack.focus for attack in attacks) == dict.fromkeys(names, 3)
    for attack in attacks:
        assert attack.focus in attack.transforms
        assert set(attack.transforms) <= names
        assert len(set(attack.transforms)) == depth
        assert attack.wording.split == split


def test_the_same_seed_gives_the_same_attacks_and_another_one_does_not() -> None:
    def made(seed: int) -> list[tuple[str, ...]]:
        attacks = composed_attacks(wordings="development", transforms="development", depth=2, num_each=2, seed=seed)
        return [attack.turns for attack in attacks]

    assert made(5) == made(5) != made(6)


def test_documents_and_tools_come_in_elsewhere_than_people() -> None:
    stages = {attack.wording.family: attack.stage for attack in plain_attacks("development", seed=0)}
    assert stages["indirect"] == stages["tool_abuse"] == stages["exfiltration"] == "retrieval"
    assert stages["override"] == stages["multi_turn"] == "input"
