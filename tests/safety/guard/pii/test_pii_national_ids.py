"""Numbers that issuers and standards publish as examples, and what must not be taken for one."""

import random
from importlib import import_module

import pytest

from zaphod.safety.guard.pii import PiiFinder
from zaphod.safety.guard.pii.national_checks import CHECKS
from zaphod.safety.guard.pii.national_ids import national_id_rows
from zaphod.safety.guard.views.view import RawView

FINDER = PiiFinder()
EXAMPLES = [
    ("us", "SSN 536-90-4399"),
    ("us", "ITIN 912-90-3456"),
    ("us", "NPI 1234567893"),
    ("gb", "my NINO is AB 12 34 56 C"),
    ("gb", "NHS number 943 476 5870"),
    ("de", "Steuer-ID 36 574 261 809"),
    ("de", "RVNR 15 070649 C 103"),
    ("fr", "NIR 2 95 10 99 126 111 93"),
    ("es", "DNI 54362315K"),
    ("es", "NIE X-2482300W"),
    ("it", "codice fiscale RCCMNL83S18D969H"),
    ("nl", "BSN 111222333"),
    ("be", "85.07.30-033.28"),
    ("se", "personnummer 880320-0016"),
    ("no", "fødselsnummer 15108695088"),
    ("dk", "CPR 211062-5629"),
    ("fi", "131052-308T"),
    ("is", "kennitala 450401-3150"),
    ("pl", "PESEL 44051401359"),
    ("pt", "NIF 501964843"),
    ("ch", "756.9217.0769.85"),
    ("at", "SVNR 1237 010180"),
    ("cz", "rodné číslo 710319/2745"),
    ("ro", "CNP 1630615123457"),
    ("bg", "ЕГН 7523169263"),
    ("hr", "OIB 33392005961"),
    ("gr", "AMKA 01013099997"),
    ("ie", "PPS 6433435F"),
    ("ee", "isikukood 36805280109"),
    ("lt", "asmens kodas 33309240064"),
    ("ru", "СНИЛС 112-233-445 95"),
    ("tr", "TC kimlik no 17291716060"),
    ("il", "ת.ז. 039337423"),
    ("br", "390.533.447-05"),
    ("br", "16.727.230/0001-97"),
    ("ar", "20-05536168-2"),
    ("cl", "12.531.909-2"),
    ("mx", "BOXW310820HNERXN09"),
    ("ca", "SIN 123-456-782"),
    ("au", "TFN 123 456 782"),
    ("au", "Medicare 2123 45670 1"),
    ("in", "Aadhaar 2341 2341 2346"),
    ("in", "PAN ACUPA7085R"),
    ("cn", "身份证11010519491231002X"),
    ("hk", "A123456(3)"),
    ("tw", "A123456789"),
    ("sg", "NRIC S1234567D"),
    ("jp", "マイナンバー 123456789018"),
    ("kr", "971013-1019902"),
    ("th", "1-2345-45678-78-1"),
    ("my", "770305-02-1234"),
    ("za", "ID number 7503305044089"),
    ("ae", "784-1968-6570305-0"),
]


def found(text):
    return [hit for hit in FINDER.find([RawView(text)], "input") if hit.rule.startswith("pii.national_id")]


@pytest.mark.parametrize(("country", "text"), EXAMPLES)
def test_an_example_is_found(country, text):
    assert [hit.rule for hit in found(text)] == [f"pii.national_id.{country}"]


@pytest.mark.parametrize(
    "text",
    [
        "SSN 000-12-3456",
        "SSN 666-12-3456",
        "SSN 912-12-3456",
        "SSN 536-00-4399",
        "SSN 536-90-0000",
        "SSN 078-05-1120",
        "my NINO is QQ 12 34 56 C",
        "my NINO is BG 12 34 56 C",
    ],
)
def test_what_was_never_issued_is_not_found(text):
    assert found(text) == []


@pytest.mark.parametrize("digits", ["111222333", "501964843", "123456782", "44051401359", "9434765870"])
def test_a_weak_number_without_its_word_is_not_found(digits):
    assert found(f"the total came to {digits} in the end") == []


def test_the_words_for_something_else_directly_before_it_win():
    assert found("tax office: tracking number 36574261809") == []


def test_a_letter_that_only_folds_to_a_latin_one_is_no_part_of_a_number():
    assert found("codice fiscale R\u212aCMNL83S18D969H") == []


def test_every_row_names_a_country_and_a_title():
    rows = national_id_rows()
    assert len(rows) > 50
    assert all(row.title and len(row.rule.rpartition(".")[2]) == 2 for row in rows)


ORACLES = [
    ("us_ssn", "us.ssn", "9"),
    ("gb_nhs", "gb.nhs", "10"),
    ("de_tax", "de.idnr", "11"),
    ("nl_bsn", "nl.bsn", "9"),
    ("pt_nif", "pt.nif", "9"),
    ("hr_oib", "hr.oib", "11"),
    ("tr_tckn", "tr.tckimlik", "11"),
    ("br_cpf", "br.cpf", "11"),
    ("au_tfn", "au.tfn", "9"),
    ("in_aadhaar", "in_.aadhaar", "12"),
    ("th_id", "th.pin", "1:12"),
    ("jp_my_number", "jp.in_", "12"),
    ("il_id", "il.idnr", "9"),
    ("se_personnummer", "se.personnummer", "ymd4"),
    ("pl_pesel", "pl.pesel", "ymd5"),
    ("cz_rodne_cislo", "cz.rc", "ymd4"),
    ("bg_egn", "bg.egn", "ymd4"),
    ("gr_amka", "gr.amka", "dmy5"),
    ("baltic_code", "ee.ik", "3:ymd4"),
    ("ch_ahv", "ch.ssn", "756:10"),
    ("cl_rut", "cl.rut", "1:8"),
    ("ar_cuit", "ar.cuit", "20:9"),
]


def _drawn(draw, form):
    prefix, _, rest = form.rpartition(":")
    year, month, day = (f"{number:02d}" for number in (draw.randint(40, 99), draw.randint(1, 12), draw.randint(1, 28)))
    date = {"ymd": year + month + day, "dmy": day + month + year}.get(rest[:3], "")
    count = int(rest.removeprefix("ymd").removeprefix("dmy"))
    return prefix + date + "".join(draw.choice("0123456789") for _ in range(count))


@pytest.mark.parametrize(("rule", "module", "form"), ORACLES)
def test_a_check_agrees_with_an_independent_implementation(rule, module, form):
    pytest.importorskip("stdnum", reason="python-stdnum is not installed: checks are not compared with it")
    oracle, draw = import_module(f"stdnum.{module}"), random.Random(rule)
    numbers = [_drawn(draw, form) for _ in range(400)]
    refused = {"se_personnummer": lambda number: oracle.is_valid(f"{number[:6]}-{number[6:]}")}
    is_valid = refused.get(rule, oracle.is_valid)
    assert [CHECKS[rule](number) for number in numbers] == [is_valid(number) for number in numbers]
