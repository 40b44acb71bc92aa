"""No key that is left opens any copy of an erased person's records; everybody else's open, and the audit verifies."""

from __future__ import annotations

from benchmarks.privacy_erasure import prove

from zaphod.records.keeping import KeepingOptions

NUM_PEOPLE, NUM_ERASED, NUM_RECORDS = 6, 3, 4


def test_erasing_makes_every_copy_undecryptable_while_the_chain_verifies(place: KeepingOptions) -> None:
    proof = prove(place, num_people=NUM_PEOPLE, num_erased=NUM_ERASED)
    num_copies = NUM_ERASED * NUM_RECORDS * (1 if place.database else 2)
    assert proof.before == (num_copies, num_copies)  # the attack works as long as the keys are there
    assert proof.erased == (0, num_copies)
    assert proof.others == (num_copies, num_copies)
    assert proof.num_keys_tried == 1 + 1 + 2 + NUM_PEOPLE - NUM_ERASED
    assert (proof.is_sound, proof.num_tombstones) == (True, NUM_ERASED)


def test_an_older_back_up_of_the_keys_opens_them_until_the_kek_is_changed(place: KeepingOptions) -> None:
    proof = prove(place, num_people=2, num_erased=1)
    assert (proof.old_table.value, proof.old_table_after_rotation.value) == (1.0, 0.0)
