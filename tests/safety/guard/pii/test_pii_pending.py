"""What waits at the end of a stream: everything that may become a hit, and of ordinary prose nearly nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.safety.guard.pii import PiiFinder, SecretFinder
from zaphod.safety.guard.views.view import RawView

FINDERS = (PiiFinder(), SecretFinder())
TEXTS = [
    "My card is 4111 1111 1111 1111, thanks.",
    "IBAN DE89 3704 0044 0532 0130 00 with BIC COBADEFFXXX",
    "write to john.doe@mail.example.co.uk!",
    "Tel. +49 (0)30 1234567 or (212) 555-0123",
    "SSN: 536-90-4399",
    "Hello, my name is Conor O'Brien and",
    "Best regards,\nLiam Walker\n",
    "I live at 12 Old Kent Road, London, SE1 5TG now",
    "Musterstraße 12, 12345 Berlin",
    "Calle de la Constitución 5, 28013 Madrid",
    "born on 3 May 1980",
    "passport number C01X00T47",
    "from 2001:db8:85a3::8a2e:370:7334 and 203.0.113.77",
    "GPS: 48.8566, 2.3522",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "codice fiscale RCCMNL83S18D969H",
    "身份证11010519491231002X",
    "北京市朝阳区建国路88号",
    "password = hunter2!x9",
    "https://user:pa55word@host/",
    "ghp_abcdEFGH1234abcdEFGH1234abcdEFGH1234",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
    "我叫张伟。",
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg0b4e\nabcd\n-----END EC PRIVATE KEY-----",
]
PROSE = (
    "The quick brown fox jumps over the lazy dog, while ordinary prose goes on. It was decided in 2019 that three "
    "ships would leave; none did. Wir haben gestern lange darüber gesprochen, und niemand war dagegen. "
    "Ce n'est pas grave."
)


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_of_a_hit_is_let_go_before_it_is_found(text):
    for finder in FINDERS:
        for hit in finder.find([RawView(text)], "output"):
            for cut in range(hit.start + 1, hit.end + 1):
                place = finder.pending(text[:cut])
                assert place is not None
                assert place <= hit.start


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_of_this_test_has_a_hit(text):
    assert any(list(finder.find([RawView(text)], "output")) for finder in FINDERS)


@pytest.mark.parametrize("finder", FINDERS)
def test_of_prose_only_the_unfinished_word_waits(finder):
    for cut in range(len(PROSE)):
        place = finder.pending(PROSE[:cut])
        assert place is None or cut - place <= max(map(len, PROSE.split()))


@pytest.mark.parametrize("end", [" ", ", ", ") "])
def test_after_a_finished_word_nothing_waits(end):
    assert all(finder.pending(f"and so it was{end}") is None for finder in FINDERS)


def test_what_comes_before_the_value_need_not_wait():
    text = "Well, my name is Con"
    assert FINDERS[0].pending(text) == text.index("Con")


def test_an_open_private_key_waits_from_its_beginning():
    text = "so: -----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA\n" * 100
    assert FINDERS[1].pending(text) == 4


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aZ09 .-:@/+,\n\u00e9\u4e00\U0001f600\ud800", max_size=80))
def test_any_text_has_an_answer_within_it(text):
    for finder in FINDERS:
        place = finder.pending(text)
        assert place is None or 0 <= place < len(text)
        assert all(0 <= hit.start < hit.end <= len(text) for hit in finder.find([RawView(text)], "output"))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(TEXTS), st.text(alphabet="ab 1.\n", max_size=12), st.text(alphabet=" .\nab", max_size=12))
def test_the_rule_holds_between_other_words(text, before, after):
    whole = f"{before} {text} {after}"
    for finder in FINDERS:
        for hit in finder.find([RawView(whole)], "output"):
            cut = (hit.start + hit.end) // 2 + 1
            assert (finder.pending(whole[:cut]) or 0) <= hit.start
