"""Names, postal addresses and what only its label makes personal."""

import pytest

from zaphod.safety.guard.pii import PiiFinder
from zaphod.safety.guard.views.view import RawView

FINDER = PiiFinder()


def found(text):
    return [(hit.rule.removeprefix("pii."), text[hit.start : hit.end]) for hit in FINDER.find([RawView(text)], "input")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello, my name is Conor O'Brien and I need help", "Conor O'Brien"),
        ("My name is J. R. Miller.", "J. R. Miller"),
        ("Guten Tag, ich heiße Jürgen von der Heide.", "Jürgen von der Heide"),
        ("Je m'appelle Élodie Martin-Dupont, et vous ?", "Élodie Martin-Dupont"),
        ("Me llamo María del Carmen López", "María del Carmen López"),
        ("Меня зовут Иван Петров.", "Иван Петров"),
        ("Dear Dr. Okafor,", "Okafor"),
        ("Dear Maria,", "Maria"),
        ("Patient: Anna Kowalska, admitted today", "Anna Kowalska"),
        ("we met Mrs. Thompson yesterday", "Thompson"),
        ("See you soon.\nBest regards,\nLiam Walker", "Liam Walker"),
        ("Mit freundlichen Grüßen\n\nSabine Krüger\nVertrieb", "Sabine Krüger"),
        ("Signed-off-by: Ada Lovelace <ada@example.com>", "Ada Lovelace"),
        ("你好，我叫张伟。", "张伟"),
        ("氏名：田中太郎 様", "田中太郎"),
        ("제 이름은 김철수입니다", "김철수"),
    ],
)
def test_a_name_is_found_behind_the_words_that_say_so(text, name):
    assert ("name", name) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sir or Madam,",
        "Dear Customer,",
        "Dear Hiring Manager,",
        "Hello World,",
        "my name is not important",
        "The name is Undefined",
        "2026-06-20 INFO Worker 3 Started Request 4711",
        "New York Stock Exchange",
        "name: Build and Test",
        "Best regards,\nThe Support Team",
        "WARN Thread-12 Queue Full",
        "Patient: see above",
        "const name = Value",
        "Dr. No one knows",
        "Thanks\n\nPlease find attached",
        "我是程序员。",
    ],
)
def test_capitals_alone_are_no_name(text):
    assert "name" not in dict(found(text))


def test_a_name_ends_before_a_word_that_is_part_of_none():
    assert found("My name is John Please help") == [("name", "John")]


@pytest.mark.parametrize(
    "address",
    [
        "1600 Pennsylvania Avenue, Washington, DC 20500",
        "221B Baker Street, London, NW1 6XE",
        "12 Old Kent Road",
        "Musterstraße 12, 12345 Berlin",
        "Berliner Allee 7",
        "12 bis, rue de la Paix, 75002 Paris",
        "Calle Mayor 5, 28013 Madrid",
        "Via Garibaldi 22, 00153 Roma",
        "Kerkstraat 14, 3581 RD Utrecht",
        "Drottninggatan 55, 111 21 Stockholm",
        "ul. Długa 12/4, 00-238 Warszawa",
        "Rua Augusta, 1500",
        "ул. Ленина, д. 12, кв. 5",
        "北京市朝阳区建国路88号",
        "〒100-0001 東京都千代田区千代田1-1",
        "서울시 강남구 테헤란로 152",
    ],
)
def test_postal_addresses_of_many_countries_are_found(address):
    assert ("address", address) in found(f"see {address}")


@pytest.mark.parametrize(
    "text", ["in 2024 Apple Computer sold more", "chapter 5 The Road", "Weg 5", "10 Downing", "straße 5"]
)
def test_numbers_and_capitals_alone_are_no_address(text):
    assert "address" not in dict(found(text))


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        ("MRN: 00482913", "medical_record", "00482913"),
        ("Patientennummer 4711882", "medical_record", "4711882"),
        ("passport number C01X00T47", "passport", "C01X00T47"),
        ("Reisepass-Nr. X12345678", "passport", "X12345678"),
        ("driver's license no. D123-4567-8901", "driver_licence", "D123-4567-8901"),
        ("bank account number 12345678", "bank_account", "12345678"),
        ("routing number 021000021", "bank_account", "021000021"),
        ("licence plate AB12 CDE", "vehicle", "AB12 CDE"),
        ("Kennzeichen: B-AB 1234", "vehicle", "B-AB 1234"),
        ("VIN 1HGCM82633A004352", "vehicle", "1HGCM82633A004352"),
        ("date of birth: 1980-05-03", "birth_date", "1980-05-03"),
        ("geboren am 03.05.1980 in Ulm", "birth_date", "03.05.1980"),
        ("née le 3 mai 1980", "birth_date", "3 mai 1980"),
        ("she was born in Lyon on 3 May 1980", "birth_date", "3 May 1980"),
        ("出生日期：1980年5月3日", "birth_date", "1980年5月3日"),
        ("GPS: 48.8566, 2.3522", "coordinates", "48.8566, 2.3522"),
        ("at 48.8566° N, 2.3522° E", "coordinates", "48.8566° N, 2.3522° E"),
        ("CVV: 123", "card_code", "123"),
    ],
)
def test_a_label_makes_a_value_personal(text, rule, value):
    assert (rule, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "00482913",
        "C01X00T47",
        "AB12 CDE",
        "released 1980-05-03",
        "born 1980",
        "tensor([48.8566, 2.3522])",
        "routing number 021000022",
        "passport office",
        "GPS: 148.8566, 2.3522",
        "date of birth: 99.99.1980",
    ],
)
def test_without_its_label_or_out_of_range_it_is_nothing(text):
    assert found(text) == []
