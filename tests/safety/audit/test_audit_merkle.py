"""RFC 6962 and RFC 9162: known roots, proofs against the definitions, and that nothing else passes for a proof."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.safety.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    HashTree,
    leaf_hash,
    proves_consistency,
    proves_inclusion,
)

# The eight leaves and roots that Certificate Transparency's implementations test with.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# From the same source: (leaf from 1, size, proof) and (old size, size, proof).
INCLUSIONS = [
    (1, 1, []),
    (1, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (6, 8, [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (2, 5, [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (6, 8, [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (2, 5, [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip
SIZES = st.integers(1, 70)


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


def tree_of(found: list[bytes]) -> HashTree:
    tree = HashTree()
    for leaf in found:
        tree.append(leaf)
    return tree


def defined_root(found: list[bytes]) -> bytes:
    """MTH, word for word from RFC 6962, 2.1, over hashed leaves."""
    if not found:
        return hashlib.sha256().digest()
    if len(found) == 1:
        return found[0]
    k = 1
    while k * 2 < len(found):
        k *= 2
    return hashlib.sha256(b"\x01" + defined_root(found[:k]) + defined_root(found[k:])).digest()


def known_tree() -> HashTree:
    return tree_of([leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES])


@pytest.mark.parametrize("size", range(9))
def test_the_known_roots_come_out(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf_hash(bytes.fromhex(leaf)))
    assert frontier.root().hex() == ROOTS[size] == known_tree().root(size).hex()


@pytest.mark.parametrize(("number", "size", "proof"), INCLUSIONS)
def test_the_known_inclusion_proofs_come_out(number: int, size: int, proof: list[str]) -> None:
    assert [value.hex() for value in known_tree().inclusion_proof(number - 1, size)] == proof


@pytest.mark.parametrize(("old_size", "size", "proof"), CONSISTENCIES)
def test_the_known_consistency_proofs_come_out(old_size: int, size: int, proof: list[str]) -> None:
    assert [value.hex() for value in known_tree().consistency_proof(old_size, size)] == proof


@given(st.integers(0, 200))
def test_frontier_and_tree_have_the_root_of_the_definition(size: int) -> None:
    frontier = Frontier()
    for leaf in leaves(size):
        frontier.append(leaf)
    again = Frontier(frontier.size, frontier.peaks)
    assert frontier.root() == again.root() == tree_of(leaves(size)).root(size) == defined_root(leaves(size))


@given(SIZES, st.data())
def test_every_leaf_is_proved_in_every_size(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tree = tree_of(leaves(70))
    proof = tree.inclusion_proof(index, size)
    assert proves_inclusion(leaves(70)[index], index, size, proof, defined_root(leaves(size)))


@given(SIZES, st.data())
def test_nothing_else_is_proved(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tree = tree_of(leaves(70))
    leaf, proof, root = leaves(70)[index], tree.inclusion_proof(index, size), tree.root(size)
    other = data.draw(st.integers(-1, 71).filter(lambda number: number != index))
    assert not proves_inclusion(leaf, other, size, proof, root)
    assert not proves_inclusion(leaf_hash(b"forged"), index, size, proof, root)
    assert not proves_inclusion(leaf, index, size, [*proof, leaf], root)
    assert not proves_inclusion(leaf, index, size, proof[:-1], root) or not proof
    for place in range(len(proof)):
        assert not proves_inclusion(leaf, index, size, [*proof[:place], leaf_hash(b""), *proof[place + 1 :]], root)


@given(SIZES, st.data())
def test_every_earlier_size_is_proved_consistent(size: int, data: st.DataObject) -> None:
    old_size = data.draw(st.integers(0, size))
    tree = tree_of(leaves(70))
    proof = tree.consistency_proof(old_size, size)
    old_root = defined_root(leaves(old_size))
    assert proves_consistency(old_size, size, old_root, tree.root(size), proof)


@given(SIZES, st.data())
def test_a_tree_whose_past_was_changed_is_not_consistent(size: int, data: st.DataObject) -> None:
    old_size = data.draw(st.integers(1, size))
    changed = leaves(70)
    changed[data.draw(st.integers(0, old_size - 1))] = leaf_hash(b"changed")
    other = tree_of(changed)
    old_root = tree_of(leaves(70)).root(old_size)
    for proof in (other.consistency_proof(old_size, size), tree_of(leaves(70)).consistency_proof(old_size, size)):
        assert not proves_consistency(old_size, size, old_root, other.root(size), proof)


@given(st.integers(-2, 70), st.integers(-2, 70), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_verifiers_take_any_nonsense(old_size: int, size: int, proof: list[bytes]) -> None:
    assert not proves_inclusion(leaf_hash(b"x"), old_size, size, proof, leaf_hash(b"y"))
    is_trivial = old_size == 0 and size >= 0 and not proof
    assert proves_consistency(old_size, size, EMPTY_ROOT, leaf_hash(b"y"), proof) == is_trivial


@pytest.mark.parametrize(("size", "num_peaks"), [(3, 1), (4, 2), (-1, 0), (0, 1)])
def test_peaks_that_do_not_belong_to_a_size_are_refused(size: int, num_peaks: int) -> None:
    with pytest.raises(ValueError):
        Frontier(size, [EMPTY_ROOT] * num_peaks)


def test_a_tree_proves_nothing_beyond_its_size() -> None:
    tree = tree_of(leaves(5))
    for ask in (lambda: tree.inclusion_proof(5, 5), lambda: tree.consistency_proof(2, 6), lambda: tree.root(6)):
        with pytest.raises(ValueError):
            ask()
