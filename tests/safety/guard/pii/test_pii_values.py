"""Cards, accounts, wallets, telephones, addresses of people and machines: what is found, and what only looks so."""

import itertools

import pytest

from zaphod.safety.guard.pii import PiiFinder, PiiOptions
from zaphod.safety.guard.views import views_of
from zaphod.safety.guard.views.view import RawView

FINDER = PiiFinder()


def found(text, finder=FINDER):
    return [(hit.rule.removeprefix("pii."), text[hit.start : hit.end]) for hit in finder.find([RawView(text)], "input")]


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "3782 822463 10005",
        "6011000990139424",
        "30569309025904",
        "3530111333300000",
        "2223 0031 2200 3222",
        "6205500000000000004",
    ],
)
def test_test_numbers_of_card_networks_are_found(number):
    assert found(f"please charge {number}, thanks") == [("card", number)]


def test_a_card_before_its_date_and_code_is_found_alone():
    assert found("4111 1111 1111 1111 12/29 123") == [("card", "4111 1111 1111 1111")]


@pytest.mark.parametrize(
    "text",
    [
        "charge 4111 1111 1111 1112",
        "9111111111111111",
        "order no. 4111111111111111",
        "0.4111111111111111",
        "4111-1111 1111.1111",
        "411111111111111111111111",
        "a4111111111111111b",
        "card 0000 0000 0000 0000",
    ],
)
def test_other_numbers_of_that_length_are_no_cards(text):
    assert "card" not in dict(found(text))


@pytest.mark.parametrize(
    "number",
    [
        "DE89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NO93 8601 1117 947",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "ch93 0076 2011 6238 5295 7",
        "BR18 0036 0305 0000 1000 9795 493C 1",
    ],
)
def test_ibans_of_the_registry_are_found_without_the_word_behind(number):
    assert ("iban", number) in found(f"to {number} this week")


@pytest.mark.parametrize(
    "text", ["DE88 3704 0044 0532 0130 00", "XX89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130"]
)
def test_what_breaks_the_rules_of_its_country_is_no_iban(text):
    assert found(text) == []


def test_a_bic_counts_only_beside_an_account():
    assert ("bic", "COBADEFFXXX") in found("DE89 3704 0044 0532 0130 00, COBADEFFXXX")
    assert found("The DOCUMENT of CORPORATE POLICIES: COBADEFFXXX") == []


@pytest.mark.parametrize(
    "address",
    [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ],
)
def test_wallets_are_found_and_one_changed_letter_is_noticed(address):
    changed = address[:-1] + ("a" if address[-1] not in "aA" else "b")
    assert found(f"send it to {address}") == [("wallet", address)]
    assert found(f"see {changed} there") == []


@pytest.mark.parametrize(
    "number",
    [
        "+49 30 1234567",
        "+1-415-555-0123",
        "+44 (0)20 7946 0958",
        "+33 6 12 34 56 78",
        "(212) 555-0123",
        "212-555-0123",
        "06 12 34 56 78",
        "07700 900123",
        "+86 138 1234 5678",
        "090-1234-5678",
        "+390612345678",
    ],
)
def test_telephone_numbers_are_found_without_a_word_before_them(number):
    assert found(f"it is {number}") == [("phone", number)]


@pytest.mark.parametrize(
    "text",
    [
        "Tel. 030 12345678",
        "ruf an: Handy 015112345678",
        "call 4155550123",
        "电话13812345678",
        "llámame: móvil 612345678",
    ],
)
def test_bare_digits_are_a_telephone_number_behind_a_word(text):
    assert [rule for rule, _ in found(text)] == ["phone"]


@pytest.mark.parametrize(
    "text",
    [
        "version 1.212.555.0123",
        "2024-06-12 12:30:45",
        "ISBN 978-3-16-148410-0",
        "10.0.0.12-45",
        "order 212-555-0123-77",
        "+1 000",
        "1718200000123",
        "build 20240612.1",
        "+0.123456789",
        "tracking number 4155550123",
        "12/05/2024",
        "1,234,567,890",
    ],
)
def test_versions_dates_and_orders_are_no_telephone_numbers(text):
    assert "phone" not in dict(found(text))


def test_a_number_behind_a_number_is_not_swallowed():
    assert found("+1 212 555 0123 45 people came") == [("phone", "+1 212 555 0123")]


@pytest.mark.parametrize(
    "text", ["john.doe+x@mail.example.co.uk", "o'brien@example.ie", "анна@пример.рф", "a@xn--bcher-kva.example"]
)
def test_mail_addresses_are_found(text):
    assert found(f"write to {text}!") == [("email", text)]


@pytest.mark.parametrize(
    "text", ["git@github.com:org/repo", "lodash@4.17.21", "icon@2x.png", "react@18.2.0-beta.next", "a@b", "@handle"]
)
def test_what_only_has_an_at_sign_is_no_mail_address(text):
    assert found(text) == []


def test_the_end_of_a_sentence_is_no_part_of_an_address():
    assert found("Write to me@example.com.") == [("email", "me@example.com")]


@pytest.mark.parametrize(
    "text", ["203.0.113.77", "2001:db8:85a3::8a2e:370:7334", "fe80::1ff:fe23:4567:890a", "http://198.51.100.23/x"]
)
def test_addresses_of_machines_are_found(text):
    assert [rule for rule, _ in found(f"from {text} today")] == ["ip"]


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3.4",
        "v10.20.30.40",
        "Chrome/120.0.21.99",
        "127.0.0.1",
        "255.255.255.0",
        "1.2.3.4.5",
        "300.1.2.3",
        "std::vector",
        "12:30:45",
        "::1",
        "a::b",
    ],
)
def test_versions_masks_and_the_machine_itself_are_no_addresses(text):
    assert found(f"see {text} there") == []


def test_a_hardware_address_is_found_and_a_fingerprint_is_not():
    assert found("dev 3c:22:fb:9a:10:4d up") == [("mac", "3c:22:fb:9a:10:4d")]
    assert found("MD5:3c:22:fb:9a:10:4d:3c:22:fb:9a:10:4d:aa:bb:cc:dd") == []


def test_a_rule_can_be_left_out_with_all_below_it():
    finder = PiiFinder(PiiOptions(without=("pii.national_id", "pii.ip")))
    assert found("SSN 536-90-4399 from 203.0.113.77 me@example.com", finder) == [("email", "me@example.com")]


@pytest.mark.parametrize(
    "text",
    [
        "４１１１ １１１１ １１１１ １１１１",
        "me\u200b@example.com",
        "4111\u00ad111111111111",
        "bWUgaXMgNDExMTExMTExMTExMTExMSBvaw==",
    ],
)
def test_what_is_written_otherwise_is_found_in_a_view_with_its_raw_place(text):
    hits = list(FINDER.find(views_of(f"so: {text}"), "input"))
    assert hits
    assert all(hit.views and 0 <= hit.start < hit.end <= len(text) + 4 for hit in hits)


def test_hits_do_not_overlap_and_come_in_order():
    text = "Tel +49 30 1234567 SSN 536-90-4399 DE89370400440532013000 me@example.com Dr. Ada Lovelace"
    hits = list(FINDER.find(views_of(text), "input"))
    assert all(left.end <= right.start for left, right in itertools.pairwise(hits))
    assert len(hits) == 5
