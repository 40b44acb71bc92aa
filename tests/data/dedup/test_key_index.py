"""Keys and their first owners, in memory and in files."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.dedup.key_index import NO_OWNER, KeyIndex


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=80), st.integers(1, 7))
def test_the_first_owner_stays_however_many_files_there_are(entries, max_pending):
    index, plain = KeyIndex(max_pending=max_pending), {}
    for key, owner in entries:
        index.add(np.array([key * 2**58], dtype=np.uint64), owner)
        plain.setdefault(key, owner)
    keys = np.arange(45, dtype=np.uint64) * np.uint64(2**58)
    assert index.owners(keys).tolist() == [plain.get(key, NO_OWNER) for key in range(45)]


def test_files_are_merged(tmp_path):
    index = KeyIndex(max_pending=10, folder=tmp_path)
    for key in range(1000):
        index.add(np.array([key * 2**54], dtype=np.uint64), key + 1)
    assert index.num_files == len(list(tmp_path.iterdir())) <= 16
    assert len(index) == 1000
    assert index.owners(np.array([0, 999 * 2**54, 5], dtype=np.uint64)).tolist() == [1, 1000, NO_OWNER]
