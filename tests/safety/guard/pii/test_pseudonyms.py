"""Pseudonyms: the same for the same, different between tenants, and back again however a model wrote them."""

import random

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.pii import MemoryTable, PiiFinder, Pseudonyms, Seal
from zaphod.safety.guard.pii.pseudonyms import kind_of
from zaphod.safety.guard.verdict import Hit
from zaphod.safety.guard.views.view import RawView

KEY = b"k" * 32
TEXT = "Write to Ada@Example.com or ada@example.com, card 4111 1111 1111 1111."


def hits_of(text):
    return list(PiiFinder().find([RawView(text)], "input"))


def aes_seal(keys):
    """Sealing as a vault does it; without the key nothing opens."""

    def seal(value, pseudonym):
        return bytes(12) + AESGCM(keys["ada"]).encrypt(bytes(12), value, pseudonym.encode())

    def open_(sealed, pseudonym):
        return AESGCM(keys["ada"]).decrypt(sealed[:12], sealed[12:], pseudonym.encode()) if "ada" in keys else None

    return Seal(seal=seal, open=open_)


def test_a_text_goes_there_and_back():
    pseudonyms = Pseudonyms(KEY)
    hidden = pseudonyms.pseudonymise(TEXT, hits_of(TEXT))
    assert "@" not in hidden
    assert "4111" not in hidden
    assert pseudonyms.restore(hidden) == TEXT.replace("ada@example.com", "Ada@Example.com")


def test_the_same_value_has_one_pseudonym_however_it_is_written():
    pseudonyms = Pseudonyms(KEY)
    assert pseudonyms.pseudonym("pii.card", "4111-1111-1111-1111") == pseudonyms.pseudonym(
        "pii.card", "4111111111111111"
    )
    assert pseudonyms.pseudonym("pii.name", "Ada  LOVELACE") == pseudonyms.pseudonym("pii.name", "Ada Lovelace")
    assert pseudonyms.pseudonym("secret.x", "aB") != pseudonyms.pseudonym("secret.x", "ab")


def test_subjects_of_one_tenant_share_a_pseudonym_and_tenants_do_not():
    one = Pseudonyms(KEY, subject="a").pseudonym("pii.email", "ada@example.com")
    assert Pseudonyms(KEY, subject="b").pseudonym("pii.email", "ada@example.com") == one
    assert Pseudonyms(b"other" * 5).pseudonym("pii.email", "ada@example.com") != one


def test_the_kind_is_part_of_the_word_and_unknown_rules_have_one():
    assert Pseudonyms(KEY).pseudonym("pii.national_id.us", "536-90-4399").startswith("<ID_")
    assert [kind_of(rule) for rule in ("secret.openai", "pii.email", "something.new")] == ["SECRET", "EMAIL", "DATA"]


@pytest.mark.parametrize(
    "form",
    [
        "{0}",
        "**{0}**",
        "`{1}`",
        "{1}",
        "<{2}>",
        "<{3}>",
        "\\<{4}\\>",
        "&lt;{1}&gt;",
        "<**{1}**>",
        "< {1} >",
        "<{5}>",
        "＜{1}＞",
    ],
)
def test_a_pseudonym_is_restored_as_models_write_it(form):
    pseudonyms = Pseudonyms(KEY)
    word = pseudonyms.pseudonym("pii.email", "ada@example.com")
    bare = word[1:-1]
    written = form.format(word, bare, bare.lower(), bare.upper(), bare.replace("_", "\\_"), bare.replace("_", "-"))
    assert "ada@example.com" in pseudonyms.restore(f"to {written}, please")
    assert "EMAIL" not in pseudonyms.restore(f"to {written}, please").upper()


@pytest.mark.parametrize(
    "text", ["<EMAIL_aaaaaaaa>", "EMAIL_7f3k9q2m", "<NAME_>", "xEMAIL_aaaaaaaa", "<EMAIL_AAAAAAAA"]
)
def test_unknown_pseudonyms_stay_as_they_are(text):
    assert Pseudonyms(KEY).restore(text) == text


def test_values_of_another_subject_or_tenant_are_not_restored():
    table, keys = MemoryTable(), {"ada": bytes(32)}
    owner = Pseudonyms(KEY, table, tenant="t", subject="ada", seal=aes_seal(keys))
    word = owner.pseudonym("pii.email", "ada@example.com")
    assert owner.restore(word) == "ada@example.com"
    assert Pseudonyms(KEY, table, tenant="t", subject="eve", seal=aes_seal(keys)).restore(word) == word
    assert Pseudonyms(KEY, table, tenant="u", subject="ada", seal=aes_seal(keys)).restore(word) == word


def test_without_the_subjects_key_nothing_comes_back():
    table, keys = MemoryTable(), {"ada": bytes(32)}
    pseudonyms = Pseudonyms(KEY, table, subject="ada", seal=aes_seal(keys))
    word = pseudonyms.pseudonym("pii.email", "ada@example.com")
    del keys["ada"]
    assert pseudonyms.restore(f"to {word}") == f"to {word}"


def test_a_changed_entry_raises():
    table, keys = MemoryTable(), {"ada": bytes(32)}
    pseudonyms = Pseudonyms(KEY, table, subject="ada", seal=aes_seal(keys))
    table.put(tenant="", subject="ada", pseudonym="EMAIL_aaaaaaaa", sealed=bytes(40))
    with pytest.raises(InvalidTag):
        pseudonyms.restore("<EMAIL_aaaaaaaa>")


def test_a_code_that_is_taken_by_another_value_is_made_longer():
    table = MemoryTable()
    seal = Seal(seal=lambda value, _: value, open=lambda sealed, _: sealed)
    short = Pseudonyms(KEY).pseudonym("pii.email", "ada@example.com")
    table.put(tenant="", subject="", pseudonym=short[1:-1], sealed=b"eve@example.com")
    pseudonyms = Pseudonyms(KEY, table, seal=seal)
    word = pseudonyms.pseudonym("pii.email", "ada@example.com")
    assert len(word) == len(short) + 8
    assert pseudonyms.restore(f"{word} {short}") == "ada@example.com eve@example.com"


def test_what_overlaps_becomes_one_pseudonym():
    hits = [Hit(rule="pii.name", title="", start=0, end=5), Hit(rule="pii.email", title="", start=3, end=9)]
    pseudonyms = Pseudonyms(KEY)
    hidden = pseudonyms.pseudonymise("Ada@x.com!", hits)
    assert hidden.startswith("<NAME_")
    assert pseudonyms.restore(hidden) == "Ada@x.com!"


def test_a_short_key_and_a_table_without_a_seal_are_refused():
    with pytest.raises(ConfigError, match="16"):
        Pseudonyms(b"short")
    with pytest.raises(ConfigError, match="seal"):
        Pseudonyms(KEY, MemoryTable())


@settings(max_examples=60, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.lists(
        st.sampled_from(
            ["{w}", "{l}", "`{b}`", "\\<{b}\\>", " x ", "EMA", "<", "\\", "&lt;", "NAME_a", "é", "_", "{b}"]
        ),
        max_size=12,
    ),
)
def test_a_stream_restores_what_the_whole_text_does_wherever_it_is_cut(draw, parts):
    pseudonyms = Pseudonyms(KEY)
    word = pseudonyms.pseudonym("pii.email", "ada@example.com")
    text = "".join(part.format(w=word, l=word.lower(), b=word[1:-1]) for part in parts)
    assert streamed(pseudonyms, text, draw) == pseudonyms.restore(text)


def streamed(pseudonyms, text, draw: random.Random):
    stream, shown, place = pseudonyms.stream(), "", 0
    while place < len(text):
        size = draw.randint(1, 7)
        shown += stream.push(text[place : place + size])
        place += size
    return shown + stream.finish()


def test_ordinary_words_do_not_wait():
    stream = Pseudonyms(KEY).stream()
    assert stream.push("The answer is yes") == "The answer is yes"
    assert stream.push(" and <") == " and "


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_texts_without_pseudonyms_stay_as_they_are(text):
    pseudonyms = Pseudonyms(KEY)
    stream = pseudonyms.stream()
    assert pseudonyms.restore(text) == text
    assert stream.push(text) + stream.finish() == text
