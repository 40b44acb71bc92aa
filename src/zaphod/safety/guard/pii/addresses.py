"""Postal addresses as several countries write them; knows the forms of streets and postcodes, and no map.

A street with a house number is found where the kind of street is named; a town or a postcode alone is not.
"""

from __future__ import annotations

from typing import Final

from zaphod.safety.guard.pii.labelled import START
from zaphod.safety.guard.pii.recogniser import Recogniser, expanded

_WORD: Final = r"<Latin>[A-Za-zÀ-ſ'’.\-]{1,24}"
_ENGLISH_WORD: Final = r"[A-Z][A-Za-z'’.\-]{1,24}"
_RUSSIAN_WORD: Final = "[А-ЯЁ][А-Яа-яЁё-]{1,24}"
_ENGLISH_KIND: Final = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Close|"
    r"Crescent|Cres|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Row|Mews|Gardens|Grove|Hill|Walk|Wharf|Quay|Parade)"
)
_UNIT: Final = r"(?:,?[ ](?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|#)\.?[ ]?#?[0-9A-Za-z]{1,6})?"
_US_TOWN: Final = rf"(?:,?[ \n]{_ENGLISH_WORD}(?:[ ]{_ENGLISH_WORD}){{0,2}},[ ][A-Z]{{2}}(?:[ ]\d{{5}}(?:-\d{{4}})?)?)"
_UK_POSTCODE: Final = r"[A-Z]{1,2}\d[A-Z0-9]?[ ]\d[A-Z]{2}"
_UK_TOWN: Final = rf"(?:,?[ \n]{_ENGLISH_WORD}(?:[ ]{_ENGLISH_WORD}){{0,2}}(?:,[ ]{_ENGLISH_WORD}){{0,1}},?[ \n]{_UK_POSTCODE})"
_OTHER_TOWN: Final = rf"(?:,[ ]{_ENGLISH_WORD}(?:[ ]{_ENGLISH_WORD}){{0,2}}(?:[ ](?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT|ON|BC|QC|AB|MB|NS|SK)[ ](?:\d{{4}}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d))?)"
_TOWN: Final = rf"(?:[ ]?[,\n][ ]?(?:[A-Z]{{1,2}}-)?\d{{4,5}}[ ]{_WORD}(?:[ ]{_WORD}){{0,2}})?"
_NUMBER: Final = r"\d{1,4}[a-zA-Z]?"
_GERMAN_KIND: Final = r"(?:straße|strasse|str\.|gasse|allee|damm|ufer|chaussee|platz|ring|weg|promenade|steig)"
_DUTCH_KIND: Final = r"(?:straat|laan|weg|plein|gracht|kade|dijk|singel|steeg|dreef|hof|pad)"
_NORDIC_KIND: Final = r"(?:gatan|vägen|gränd|stigen|vej|gade|allé|stræde|gata|gate|veien|vegen|katu|tie|kuja|polku)"
_FRENCH_KIND: Final = (
    r"(?:(?i:rue|avenue|av\.|boulevard|bd|place|chemin|allée|allee|impasse|quai|route|cours|square|passage|faubourg))"
)
_PARTICLES: Final = (
    r"(?:(?:de la|de l['’]|de|du|des|del|della|dei|degli|di|da|do|dos|das|la|le|les|los|las|el|d['’]|l['’])[ ]?){0,2}"
)
_LATIN_NAME: Final = rf"{_PARTICLES}{_WORD}(?:[ \-]{_PARTICLES}{_WORD}){{0,4}}"
_LATIN_KIND: Final = (
    r"(?:(?i:calle|c/|avenida|avda\.?|av\.|plaza|paseo|camino|carretera|ronda|travesía|carrera|via|viale|piazza|piazzale|corso|"
    r"largo|vicolo|strada|rua|travessa|praça|alameda|rodovia|estrada|carrer|passeig))"
)
_HOUSE: Final = r"(?:,|[ ]n[º°.]?o?\.?)?[ ](?:n[º°.]?[ ]?)?\d{1,5}[A-Za-z]?"
_LABEL: Final = (
    r"address|home address|postal address|shipping address|billing address|lives at|living at|resides at|adresse|anschrift|"
    r"wohnhaft(?: in)?|wohnt in|wohnt|dirección|domicilio|indirizzo|residente in|endereço|adres|adress|адрес"
)
_STREET: Final = "postal address"


def address_rows() -> list[Recogniser]:
    """By country or family of countries."""
    english = rf"\d{{1,5}}[A-Za-z]?(?:-\d{{1,5}})?[ ](?:{_ENGLISH_WORD}[ ]){{1,4}}{_ENGLISH_KIND}\.?{_UNIT}"
    numbered = r"\d[A-Za-z]?[ ][A-Z]"
    forms = (
        (numbered, rf"{english}{_UK_TOWN}", 0.95),
        (numbered, rf"{english}{_US_TOWN}", 0.95),
        (numbered, rf"{english}{_OTHER_TOWN}", 0.9),
        (numbered, english, 0.75),
        ("[Bb][Oo][Xx]", r"(?i:P\.?[ ]?O\.?[ ]?Box)[ ]\d{1,6}", 0.7),
        (rf"{_GERMAN_KIND}[ ]\d", rf"<Latin>[A-Za-zÀ-ſ\-]{{1,30}}{_GERMAN_KIND}[ ]{_NUMBER}{_TOWN}", 0.85),
        (r"(?:Straße|Strasse|Str\.|Platz|Allee|Weg|Ring|Gasse)[ ]\d", rf"<Latin>[A-Za-zÀ-ſ\-]{{1,20}}[ \-](?:Straße|Strasse|Str\.|Platz|Allee|Weg|Ring|Gasse)[ ]{_NUMBER}{_TOWN}", 0.8),
        (rf"{_DUTCH_KIND}[ ]\d", rf"<Latin>[A-Za-zÀ-ſ\-]{{1,30}}{_DUTCH_KIND}[ ]{_NUMBER}(?:,?[ ]\d{{4}}[ ]?[A-Z]{{2}}(?:[ ]{_WORD}){{0,2}})?", 0.8),
        (rf"{_NORDIC_KIND}[ ]\d", rf"<Latin>[A-Za-zÀ-ſ\-]{{1,30}}{_NORDIC_KIND}[ ]{_NUMBER}(?:,?[ ]\d{{3}}[ ]?\d{{1,2}}[ ]{_WORD})?", 0.75),
        (rf"{_FRENCH_KIND}[ ]", rf"\d{{1,4}}(?:[ ]?(?:bis|ter|[A-D]))?,?[ ]{_FRENCH_KIND}[ ]{_LATIN_NAME}(?:,?[ ]\d{{5}}[ ]{_WORD}(?:[ ]{_WORD}){{0,2}})?", 0.9),
        (rf"{_LATIN_KIND}[ ]", rf"{_LATIN_KIND}[ ]{_LATIN_NAME}{_HOUSE}(?:,?[ ](?:\d{{4,5}}(?:-\d{{3}})?)[ ]{_WORD}(?:[ ]{_WORD}){{0,2}})?", 0.85),
        (r"(?:ul|al|os|pl)\.[ ]|ulica", rf"(?:ul\.|ulica|al\.|os\.|pl\.)[ ]{_WORD}(?:[ ]{_WORD}){{0,2}}[ ]\d{{1,4}}[a-z]?(?:/\d{{1,4}})?(?:,?[ ]\d{{2}}-\d{{3}}[ ]{_WORD})?", 0.9),
        ("(?:ул|пр|пер)\\.|улица|проспект", rf"(?:ул\.|улица|пр\.|проспект|пер\.)[ ]{_RUSSIAN_WORD}(?:[ ]{_RUSSIAN_WORD}){{0,2}},?[ ](?:д\.|дом)?[ ]?\d{{1,4}}(?:,?[ ]кв\.[ ]?\d{{1,4}})?", 0.9),
        ("(?:路|街|道|巷|弄)[0-9]", r"[一-龥]{2,7}[省市区區县縣](?:[一-龥]{1,8}[市区區县縣镇鎮]){0,3}[一-龥0-9]{1,12}(?:路|街|道|巷|弄)[0-9]{1,5}[号號](?:[0-9一-龥]{1,8}[室楼樓])?", 0.9),
        ("〒", r"〒[ ]?\d{3}-\d{4}(?:[ ]{0,2}[一-龥ぁ-んァ-ヶー0-9\-]{2,40})?", 0.9),
        ("[都道府県]", r"[一-龥]{2,3}[都道府県][一-龥ぁ-んァ-ヶー]{1,8}[市区町村郡][一-龥ぁ-んァ-ヶー0-9]{1,20}\d{1,3}(?:-\d{1,3}){1,3}", 0.85),
        ("(?:로|길)[ ]?[0-9]", r"[가-힣]{2,8}(?:시|도)[ ](?:[가-힣]{1,6}(?:시|군|구)[ ]){1,2}[가-힣0-9]{1,12}(?:로|길)[ ]?\d{1,4}(?:-\d{1,4})?", 0.9),
        (r"\d", rf"{START}(?i:{_LABEL})(?:[ ]?:|[ ](?:is|ist|est|es|è|é))?[ ]{{1,3}}(?P<value>(?:{_WORD}[ ]){{1,4}}\d{{1,4}}[a-z]?"
         rf"(?:,[ ](?:[A-Z]{{1,2}}-)?\d{{4,5}}[ ]{_WORD}(?:[ ]{_WORD}){{0,2}})?|\d{{1,5}}[ ]{_WORD}(?:[ ]{_WORD}){{0,4}}"
         rf"(?:,[ ]{_WORD}(?:[ ]{_WORD}){{0,2}}){{0,2}}(?:,?[ ](?:\d{{4,5}}|{_UK_POSTCODE}))?)", 0.85),
    )  # fmt: skip
    return [
        Recogniser(
            rule="pii.address",
            title=_STREET,
            pattern=pattern,
            needs=expanded(needs),
            lead=_LABEL if _LABEL in pattern else "",
            score=score,
            glue=".-/",
            stands_alone=pattern[0] not in "[〒",
        )
        for needs, pattern, score in forms
    ]
