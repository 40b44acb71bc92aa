from __future__ import annotations

import threading

import pytest
from tests.support.records import a_conversation, an_item

from zaphod.core.errors import ConfigError
from zaphod.records.conversations import Conversations
from zaphod.records.store import Store


@pytest.fixture
def conversations(store: Store) -> Conversations:
    return store.tenant("lab").conversations


def test_what_was_added_is_found_byte_for_byte(conversations: Conversations) -> None:
    kept = a_conversation(sealed=bytes(range(256)), created_s=7, updated_s=2**40)
    conversations.add(kept)
    assert conversations.get(kept.id) == kept


def test_what_was_never_added_is_not_found(conversations: Conversations) -> None:
    assert conversations.get(a_conversation().id) is None


@pytest.mark.parametrize("record_id", ["conv_1", "1", "", "conv_" + "0" * 31, "conv_" + "G" * 32])
def test_a_name_that_could_be_guessed_is_refused(conversations: Conversations, record_id: str) -> None:
    with pytest.raises(ValueError, match="guessed"):
        conversations.add(a_conversation(id=record_id))
    with pytest.raises(ValueError, match="guessed"):
        conversations.append(a_conversation().id, [an_item(id=record_id)], updated_s=1)


def test_the_same_name_twice_is_refused_and_told_without_its_content(conversations: Conversations) -> None:
    kept = a_conversation(sealed=b"SECRET")
    conversations.add(kept)
    with pytest.raises(ConfigError, match="cannot be used") as refused:
        conversations.add(kept)
    assert "SECRET" not in str(refused.value)
    assert kept.id not in str(refused.value)


def test_items_stand_in_the_order_in_which_they_came(conversations: Conversations) -> None:
    kept, items = a_conversation(), [an_item(sealed=bytes([n])) for n in range(5)]
    conversations.add(kept)
    assert conversations.append(kept.id, items[:2], updated_s=2)
    assert conversations.append(kept.id, items[2:], updated_s=3)
    found = conversations.items(kept.id)
    assert [(item.position, item.sealed) for item in found] == [(n, bytes([n])) for n in range(5)]
    assert conversations.items(kept.id, after=1, limit=2) == found[2:4]
    assert conversations.item(kept.id, items[3].id) == found[3]
    assert conversations.get(kept.id).updated_s == 3  # type: ignore[union-attr]


def test_nothing_is_appended_to_a_conversation_that_is_gone(conversations: Conversations) -> None:
    kept = a_conversation()
    conversations.add(kept)
    assert conversations.delete(kept.id)
    assert not conversations.append(kept.id, [an_item()], updated_s=2)
    assert not conversations.delete(kept.id)


def test_of_items_that_cannot_all_be_added_none_is(conversations: Conversations) -> None:
    kept, item = a_conversation(), an_item()
    conversations.add(kept)
    with pytest.raises(ConfigError):
        conversations.append(kept.id, [item, item], updated_s=9)
    assert conversations.items(kept.id) == []
    assert conversations.get(kept.id) == kept


def test_a_deleted_conversation_takes_its_items_with_it(conversations: Conversations) -> None:
    kept, item = a_conversation(), an_item()
    conversations.add(kept)
    conversations.append(kept.id, [item], updated_s=1)
    conversations.delete(kept.id)
    assert conversations.items(kept.id) == []
    assert conversations.item(kept.id, item.id) is None


def test_items_and_conversations_can_be_sealed_again(conversations: Conversations) -> None:
    kept, item = a_conversation(), an_item()
    conversations.add(kept)
    conversations.append(kept.id, [item], updated_s=1)
    assert conversations.change(kept.id, sealed=b"new", updated_s=4)
    assert conversations.change_item(kept.id, item.id, b"newer")
    assert conversations.get(kept.id).sealed == b"new"  # type: ignore[union-attr]
    assert conversations.item(kept.id, item.id).sealed == b"newer"  # type: ignore[union-attr]


def test_a_removed_item_leaves_the_others_where_they_were(conversations: Conversations) -> None:
    kept, items = a_conversation(), [an_item() for _ in range(3)]
    conversations.add(kept)
    conversations.append(kept.id, items, updated_s=1)
    assert conversations.delete_item(kept.id, items[1].id)
    assert not conversations.delete_item(kept.id, items[1].id)
    assert [item.position for item in conversations.items(kept.id)] == [0, 2]


def test_an_item_belongs_to_one_conversation_only(conversations: Conversations) -> None:
    one, other, item = a_conversation(), a_conversation(), an_item()
    conversations.add(one)
    conversations.add(other)
    conversations.append(one.id, [item], updated_s=1)
    assert conversations.item(other.id, item.id) is None
    assert not conversations.change_item(other.id, item.id, b"x")
    assert not conversations.delete_item(other.id, item.id)


def test_the_latest_come_in_pages(conversations: Conversations) -> None:
    kept = [a_conversation(updated_s=n // 2, subject=f"s{n % 2}") for n in range(7)]
    for conversation in kept:
        conversations.add(conversation)
    newest = sorted(kept, key=lambda one: (one.updated_s, one.id), reverse=True)
    first = conversations.latest(3)
    rest = conversations.latest(9, before=(first[-1].updated_s, first[-1].id))
    assert first + rest == newest
    assert conversations.latest(9, subject="s1") == [one for one in newest if one.subject == "s1"]


def test_programs_that_append_at_the_same_time_do_not_meet(conversations: Conversations) -> None:
    kept = a_conversation()
    conversations.add(kept)

    def append() -> None:
        for _ in range(5):
            assert conversations.append(kept.id, [an_item(), an_item()], updated_s=2)

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.position for item in conversations.items(kept.id)] == list(range(40))


def test_of_a_subject_everything_is_listed_and_counted(conversations: Conversations) -> None:
    own = [a_conversation(subject="ada") for _ in range(3)]
    for one in (*own, a_conversation(subject="bob")):
        conversations.add(one)
    assert list(conversations.of_subject("ada")) == sorted(own, key=lambda one: one.id)
    assert (conversations.count("ada"), conversations.count(), len(list(conversations.all()))) == (3, 4, 4)
    assert conversations.subjects() == ["ada", "bob"]


def test_of_a_subject_everything_is_deleted_in_batches(conversations: Conversations) -> None:
    for _ in range(5):
        conversations.add(a_conversation(subject="ada"))
    conversations.add(a_conversation(subject="bob"))
    assert [conversations.delete_of_subject("ada", max_rows=2) for _ in range(4)] == [2, 2, 1, 0]
    assert conversations.subjects() == ["bob"]


def test_what_is_old_is_deleted_in_batches_the_oldest_first(conversations: Conversations) -> None:
    for moment_s in (5, 1, 3, 4, 2):
        conversations.add(a_conversation(created_s=0, updated_s=moment_s))
    assert conversations.count_before(4) == 3
    assert conversations.delete_before(4, max_rows=2) == 2
    assert sorted(one.updated_s for one in conversations.all()) == [3, 4, 5]
    assert [conversations.delete_before(4, max_rows=2) for _ in range(2)] == [1, 0]


def test_listing_reads_beyond_one_batch(conversations: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zaphod.records.collection.BATCH", 2)
    kept = [a_conversation() for _ in range(5)]
    for conversation in kept:
        conversations.add(conversation)
    assert [one.id for one in conversations.all()] == sorted(one.id for one in kept)
