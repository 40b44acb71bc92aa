"""Texts with labelled personal values in several languages, near misses, and texts that only look so; knows no finder."""

# ruff: noqa: E501, SIM905 (tables of texts)
from __future__ import annotations

import gzip
import random
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import guard_pii_values as values
from zaphod.safety.guard.pii.checksums import ean13

MAN_PAGES = Path("/usr/share/man/man1")


@dataclass(frozen=True)
class Labelled:
    """A text, and where in it what is.

    Args:
        rule: what is there; empty where nothing is.
        kind: what the text is about, for the table.
    """

    text: str
    kind: str
    rule: str = ""
    start: int = 0
    end: int = 0


Maker = Callable[[random.Random], str]

_FIRST = "Anna Marek Priya José Liam Chloé Jürgen Ingrid Olivia Mateusz Fatima Giulia Søren Aoife Noah Élodie Kwame Yuki".split()
_LAST = "Novak Fernández Müller O'Brien Dubois Rossi Kowalski Jensen Okafor Tanaka van-Dijk Andersson Smith Virtanen Costa".split()
_WORDS = "we met yesterday and agreed that the shipment leaves on time because nobody objected to the plan which was fine".split()
_CYRILLIC = ("Иван Петров", "Ольга Смирнова", "Дмитрий Соколов")


def name(draw: random.Random) -> str:
    """A first and a last name."""
    return f"{draw.choice(_FIRST)} {draw.choice(_LAST).replace('-', ' ')}"


def prose(draw: random.Random, least: int = 4) -> str:
    """Some words without meaning."""
    return " ".join(draw.choices(_WORDS, k=draw.randint(least, 14)))


def _email(draw: random.Random) -> str:
    local = draw.choice((draw.choice(_FIRST[:5]).lower().replace("é", "e"), values.letters(draw, 8, "abcdefghij")))
    host = draw.choice(("example.com", "mail.example.co.uk", "uni-ulm.example.de", "x.example.io", "firma.example.fr"))
    return f"{local}{draw.choice(('', '.k', '_99', '+list'))}@{host}"


def _phone(draw: random.Random) -> str:
    forms = ("+49 30 {7}", "+1 415 555 {4}", "+44 20 7946 {4}", "+33 6 {2} {2} {2} {2}", "+91 98765 {5}", "+81-90-{4}-{4}", "+55 11 9{4}-{4}",
             "(212) 555-{4}", "06 {2} {2} {2} {2}", "+34 6{2} {3} {3}", "+4179{7}", "+86 138 {4} {4}", "07700 900{3}")  # fmt: skip
    return _filled(draw, draw.choice(forms))


def _filled(draw: random.Random, form: str) -> str:
    for size in "2345678":
        while f"{{{size}}}" in form:
            form = form.replace(f"{{{size}}}", values.digits(draw, int(size)), 1)
    return form


def _ip(draw: random.Random) -> str:
    if draw.random() < 0.3:
        return "2001:db8:" + ":".join(f"{draw.randint(256, 65535):x}" for _ in range(6))
    return ".".join(str(draw.randint(131, 223)) for _ in range(4))


def _address(draw: random.Random) -> str:
    number, town = draw.randint(1, 240), draw.choice
    forms = (
        f"{number} {town(('Maple', 'Old Kent', 'Lincoln', 'Cherry Tree'))} {town(('Street', 'Road', 'Ave', 'Lane'))}, Springfield, IL 62{values.digits(draw, 3)}",
        f"{number} {town(('High', 'Baker', 'Station'))} {town(('Street', 'Road'))}, Leeds, LS{draw.randint(1, 9)} {draw.randint(1, 9)}AB",
        f"{town(('Haupt', 'Bahnhof', 'Schiller', 'Linden'))}straße {number}, {values.digits(draw, 5)} {town(('Berlin', 'Köln', 'Ulm'))}",
        f"{number} rue {town(('de la Paix', 'Victor Hugo', 'des Lilas'))}, 750{draw.randint(10, 20)} Paris",
        f"{town(('Calle', 'Avenida', 'Plaza'))} {town(('Mayor', 'de la Constitución', 'del Sol'))} {number}, 280{draw.randint(10, 50)} Madrid",
        f"Via {town(('Garibaldi', 'Roma', 'Dante Alighieri'))} {number}, 00{draw.randint(100, 199)} Roma",
        f"{town(('Kerk', 'Dorps', 'Molen'))}straat {number}, {draw.randint(1000, 9999)} AB {town(('Utrecht', 'Gouda'))}",
        f"ul. {town(('Długa', 'Polna'))} {number}, 00-{values.digits(draw, 3)} Warszawa",
        f"Rua {town(('Augusta', 'das Flores'))}, {number}",
    )
    return draw.choice(forms)


def _birth(draw: random.Random) -> str:
    return draw.choice(
        (
            values.date(draw, "{d:02d}.{m:02d}.{year}"),
            values.date(draw, "{year}-{m:02d}-{d:02d}"),
            f"{draw.randint(1, 28)} March {draw.randint(1940, 2009)}",
        )
    )


FINDABLE: dict[str, tuple[str, tuple[str, ...], Maker]] = {
    "card": ("pii.card", ("My card is {}, expires 12/29.", "Bitte {} belasten.", "numéro de carte : {}", "Tarjeta {} por favor", "{}"), values.card),
    "iban": ("pii.iban", ("Please wire it to {} today.", "IBAN: {}", "Überweisen Sie auf {} bis Freitag", "{}"), values.account),
    "email": ("pii.email", ("write to {}.", "Kontakt: {}", "{} a répondu", "<{}>", "mailto:{}", "连系{}"), _email),
    "phone": ("pii.phone", ("Call me at {}.", "Tel.: {}", "téléphone {}", "Mein Handy: {}", "my number is {}, thanks", "电话{}"), _phone),
    "ip address": ("pii.ip", ("login from {} failed", "{} - - [10/Oct] GET", "the host {} answered", "Adresse IP : {}"), _ip),
    "name": ("pii.name", ("My name is {}.", "Dear {},", "Patient: {}", "ich heiße {} und wohne hier", "Je m'appelle {}.", "Me llamo {}, y usted?",
                          "Best regards,\n{}", "Mit freundlichen Grüßen\n{}", "we saw Dr. {} there", "mi chiamo {}"), name),
    "name, Cyrillic": ("pii.name", ("Меня зовут {}.", "Пациент: {}"), lambda draw: draw.choice(_CYRILLIC)),
    "address": ("pii.address", ("I live at {}.", "Anschrift: {}", "ship to {} please", "{}"), _address),
    "date of birth": ("pii.birth_date", ("DOB: {}", "geboren am {}", "born on {}", "né le {}", "Date of birth {}", "fecha de nacimiento: {}"), _birth),
    "medical record": ("pii.medical_record", ("MRN: {}", "medical record number {}", "Patientennummer {}", "historia clínica n° {}"), lambda draw: values.digits(draw, 8)),
    "passport": ("pii.passport", ("passport number {}", "Reisepass-Nr. {}", "passeport : {}", "Passport No: {}"), lambda draw: draw.choice("CX") + values.digits(draw, 8)),
    "API key": ("secret.", ("key: {}", "export KEY={}", "use {} for it"), lambda draw: draw.choice(_KEYS)(draw)),
    "password": ("secret.password", ("password={}", "my password is {}", "Passwort: {}", 'db_password = "{}"'), lambda draw: values.letters(draw, 5) + draw.choice("!#%") + values.digits(draw, 3) + "aZ"),
}  # fmt: skip
"""By kind: the rule, sentences, and what makes values."""

_KEYS: tuple[Maker, ...] = (
    lambda draw: "sk-proj-" + values.letters(draw, 48),
    lambda draw: "ghp_" + values.letters(draw, 36),
    lambda draw: "AKIA" + values.letters(draw, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    lambda draw: "glpat-" + values.letters(draw, 20),
    lambda draw: "hf_" + values.letters(draw, 34, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"),
    lambda draw: "zk-" + values.letters(draw, 43),
    lambda draw: "sk-ant-api03-" + values.letters(draw, 93),
    lambda draw: "xoxb-" + values.digits(draw, 12) + "-" + values.letters(draw, 24),
    lambda draw: "AIza" + values.letters(draw, 35),
    lambda draw: "sk_live_" + values.letters(draw, 24),
)


def findable(draw: random.Random, count: int) -> Iterator[Labelled]:
    """So many texts of each kind, with the value's place, between words of prose."""
    national = {
        f"national id {country}": (f"pii.national_id.{country}", (sentence,), make)
        for country, (sentence, make) in values.NATIONAL.items()
    }
    for kind, (rule, sentences, make) in {**FINDABLE, **national}.items():
        for _ in range(count):
            yield _placed(draw, kind, rule, draw.choice(sentences), make(draw))


def _placed(draw: random.Random, kind: str, rule: str, sentence: str, value: str) -> Labelled:
    before = f"{prose(draw)}. " if draw.random() < 0.5 else ""
    after = f"\n{prose(draw)}." if draw.random() < 0.5 else ""
    head, tail = sentence.split("{}")
    start = len(before) + len(head)
    return Labelled(f"{before}{head}{value}{tail}{after}", kind, rule, start, start + len(value))


def near_misses(draw: random.Random, count: int) -> Iterator[Labelled]:
    """The same forms with a check digit that does not hold."""
    for _ in range(count):
        yield Labelled(f"My card is {values.broken_card(draw)}.", "card, wrong digit")
        yield Labelled(f"IBAN: {values.broken_account(draw)}", "iban, wrong digit")
        for country in ("de", "fr", "es", "it", "be", "fi", "ch", "br", "cn", "ar", "cl", "no"):
            number = values.broken_national(draw, country)
            if not _is_valid(country, number):
                yield Labelled(values.NATIONAL[country][0].format(number), "national id, wrong digit")


def _is_valid(country: str, number: str) -> bool:
    rules = {"de": "de_tax", "fr": "fr_nir", "es": "es_dni", "it": "it_codice", "be": "be_rrn", "fi": "fi_hetu", "ch": "ch_ahv",
             "br": "br_cpf", "cn": "cn_ric", "ar": "ar_cuit", "cl": "cl_rut", "no": "no_fodselsnummer"}  # fmt: skip
    return values.national_checks.CHECKS[rules[country]]("".join(letter for letter in number if letter.isalnum()))


def hard_negatives(draw: random.Random, count: int) -> Iterator[Labelled]:
    """What looks like numbers, names and keys of people, and is none."""
    for _ in range(count):
        for kind, make in _HARD.items():
            yield Labelled(make(draw), kind)


def _isbn(draw: random.Random) -> str:
    number = values.until(draw, lambda d: "978" + values.digits(d, 10), ean13)
    return f"ISBN {number[:3]}-{number[3]}-{number[4:6]}-{number[6:12]}-{number[12]}"


def _log(draw: random.Random) -> str:
    return (
        f"2026-0{draw.randint(1, 9)}-{draw.randint(10, 28)}T{draw.randint(10, 23)}:{draw.randint(10, 59)}:41.{values.digits(draw, 3)}Z INFO "
        f"[worker-{draw.randint(1, 99)}] Request {uuid.UUID(int=draw.getrandbits(128))} took {draw.randint(1, 9999)}.{values.digits(draw, 2)} ms, "
        f"status=200 bytes={values.digits(draw, 7)} pid {values.digits(draw, 5)} trace={values.letters(draw, 32, '0123456789abcdef')}"
    )


_HARD: dict[str, Maker] = {
    "log line": _log,
    "kernel log": lambda draw: f"[{values.digits(draw, 5)}.{values.digits(draw, 6)}] pci 0000:00:1f.{draw.randint(0, 7)}: [8086:{values.digits(draw, 4)}] type 00 class 0x060100, BAR 0 [mem 0xfe{values.digits(draw, 6)}-0xfe{values.digits(draw, 6)}]",
    "version list": lambda draw: "numpy==1.{0}.{1}, torch 2.{0}.{1}+cu121, driver 5{1}.{0}.02, Chrome/1{1}.0.{0}.{1} Safari/537.36, v{0}.{1}.{0}".format(draw.randint(1, 40), draw.randint(10, 99)),
    "ISBN": _isbn,
    "timestamps": lambda draw: f"created 17{values.digits(draw, 8)} updated 17{values.digits(draw, 11)} at 2026-06-{draw.randint(10, 28)} 12:{draw.randint(10, 59)}:00 +0200",
    "uuid": lambda draw: f"id {uuid.UUID(int=draw.getrandbits(128))} replaced {uuid.UUID(int=draw.getrandbits(128))}",
    "hash": lambda draw: f"commit {values.letters(draw, 40, '0123456789abcdef')}\nsha256:{values.letters(draw, 64, '0123456789abcdef')} md5 {values.letters(draw, 32, '0123456789abcdef')}",
    "order number": lambda draw: f"Your order no. {values.digits(draw, 10)} (tracking number {values.digits(draw, 16)}) left; invoice #{values.digits(draw, 8)} is attached.",
    "other 16 digits": lambda draw: f"sequence {draw.choice('1789')}{values.digits(draw, 15)} of partition 12 at offset {values.digits(draw, 12)}",
    "decimals": lambda draw: f"loss 0.{values.digits(draw, 16)}, mean {values.digits(draw, 3)}.{values.digits(draw, 12)}, [{values.digits(draw, 2)}.{values.digits(draw, 4)}, -{values.digits(draw, 2)}.{values.digits(draw, 4)}]",
    "table of numbers": lambda draw: "\n".join(" ".join(values.digits(draw, draw.randint(1, 5)) for _ in range(6)) for _ in range(4)),
    "money": lambda draw: f"Revenue rose from 1,{values.digits(draw, 3)},{values.digits(draw, 3)} to EUR 12.{values.digits(draw, 3)}.{values.digits(draw, 3)},00 in 20{draw.randint(10, 26)}, i.e. {values.digits(draw, 2)}.5 %.",
    "code": lambda draw: f"def handle(request: Request, max_{draw.choice(_WORDS)}: int = {values.digits(draw, 4)}) -> Response:\n    password = os.environ[\"PASSWORD\"]\n    token = get_token(request)\n    return self.client.send(Body, timeout={values.digits(draw, 2)})",
    "yaml": lambda draw: f"name: Build and Test\non: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v{draw.randint(2, 5)}\n        with: {{ token: ${{{{ secrets.GITHUB_TOKEN }}}} }}",
    "package": lambda draw: f"npm install lodash@4.17.{draw.randint(10, 21)} react@18.2.0-beta.{draw.randint(1, 9)} icon@2x.png @types/node@20.{draw.randint(1, 9)}",
    "paths": lambda draw: f"/usr/lib/x86_64-linux-gnu/libc.so.6 git@github.com:org/repo.git https://example.com/p/{values.digits(draw, 9)}/edit?page={values.digits(draw, 2)}",
    "mathematics": lambda draw: f"Theorem 4.{draw.randint(1, 9)}.2. Let G be a group of order {values.digits(draw, 3)}; by Section 3.2.1.{draw.randint(1, 9)} it is soluble, cf. [12, pp. {values.digits(draw, 3)}-{values.digits(draw, 3)}].",
    "headlines": lambda draw: f"{draw.choice(('Dear Customer', 'Dear Sir or Madam', 'Hello World', 'Dear Hiring Manager'))},\nNew York Stock Exchange Opens Higher. The Best of {draw.randint(1990, 2025)} Rock Music",
    "sports": lambda draw: f"Bayern won 4-{draw.randint(0, 3)} on 12/0{draw.randint(1, 9)}/2024; sets 6-4 3-6 7-5, time 2:0{draw.randint(1, 9)}:31, chapter 12 verse 3-14.",
    "prose": lambda draw: ". ".join(prose(draw).capitalize() for _ in range(4)) + ".",
}  # fmt: skip


def man_pages(draw: random.Random, count: int, num_characters: int = 4000) -> Iterator[Labelled]:
    """Pages of this system's manual without their lists of authors; none where there is no manual."""
    pages = sorted(MAN_PAGES.glob("*.gz")) if MAN_PAGES.is_dir() else []
    for page in draw.sample(pages, min(count, len(pages))):
        text = gzip.decompress(page.read_bytes()).decode("utf-8", "replace")
        yield Labelled(text.split(".SH AUTHOR")[0].split('.SH "AUTHOR')[0][:num_characters], "man page")


def unseen() -> Iterator[Labelled]:
    """Sentences written after the finders, one text for each value in them."""
    path = Path(__file__).with_name("guard_pii_unseen.txt")
    lines = path.read_text(encoding="utf-8").split("\n", 1)[1].replace(",\n[[", ",\0[[").splitlines()
    for line in lines:
        plain, marks = "", []
        for part in re.split(r"\[\[|\]\]", line.replace("\0", "\n")):
            rule, bar, value = part.partition("|")
            if bar:
                marks.append((rule, len(plain), len(plain) + len(value)))
            plain += value if bar else part
        yield from (Labelled(plain, "unseen sentences", *mark) for mark in marks)


def git_output(num_commits: int = 200) -> Iterator[Labelled]:
    """This repository's own log without people: hashes, subjects, statistics."""
    command = ["git", "log", f"-{num_commits}", "--stat", "--format=%H %ct %s"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    for start in range(0, len(done.stdout), 2000):
        yield Labelled(done.stdout[start : start + 2000], "git output")
