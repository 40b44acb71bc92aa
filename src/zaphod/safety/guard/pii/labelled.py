"""Values that only the words before them make personal: record numbers, passports, plates, dates of birth.

Knows labels and shapes; there is no checksum to stand, so no such value is found without its label.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

from zaphod.safety.guard.pii.checksums import weighted
from zaphod.safety.guard.pii.recogniser import Recogniser, whole

START: Final = r"(?:^|[^0-9A-Za-z])"
"""Before a label."""
LINK: Final = (
    r"(?:[ \t\"'(\-]{0,3}(?i:number|numbers|no|nr|num|nº|n°|nummer|numéro|número|numero|id|code|card|is|ist|est|"
    r"es|è|é|jest|"
    r"är|er|lautet|:|=|#|：|は|是|为|는|은)\.?){0,4}[ \t\"')]{0,3}"
)
"""Between a label and its value."""
_SCORE: Final = 0.9
_MONTH: Final = r"<letter>{3,12}"
_DATE: Final = (
    r"\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)?\d{2}|(?:19|20)\d{2}[./\-]\d{1,2}[./\-]\d{1,2}|"
    rf"\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?[ ](?:of[ ]|de[ ])?{_MONTH}\.?,?[ ](?:de[ ]|del[ ])?(?:19|20)\d{{2}}|"
    rf"{_MONTH}\.?[ ]\d{{1,2}}(?:st|nd|rd|th)?,?[ ](?:19|20)\d{{2}}|"
    r"(?:19|20)\d{2}年[ ]?\d{1,2}月[ ]?\d{1,2}日|(?:19|20)\d{2}년[ ]?\d{1,2}월[ ]?\d{1,2}일"
)
_BORN: Final = (
    r"born|dob|d\.o\.b\.?|date of birth|birth ?date|birthday|geboren|geb\.|geburtsdatum|geburtstag|née?(?:\(e\))?|"
    r"naissance|"
    r"date de naissance|nacid[oa]|nacimiento|fecha de nacimiento|nat[oa]|data di nascita|nascid[oa]|data de nascimento|"
    r"geboortedatum|född|fødselsdato|født|syntynyt|syntymäaika|data urodzenia|ur\.|urodzon[ya]|narozen[áý]?|"
    r"дата рождения|"
    r"родил(?:ся|ась)|γεννήθηκε|doğum tarihi|出生日期|出生|生年月日|생년월일|تاريخ الميلاد"
)
_BORN_LINK: Final = (
    rf"(?:[ ,(]{{1,2}}(?:in|à|a|en)[ ]<Upper><letter>{{1,20}})?"
    rf"(?:[ ,(]{{1,2}}(?:on|am|le|el|il|em|den|d\.|the|op))?{LINK}"
)
_DECIMAL: Final = r"-?\d{1,3}\.\d{3,12}"
_COORDINATE_WORDS: Final = (
    r"lat(?:itude)?(?:/lon(?:gitude)?|, ?lon(?:gitude)?)?|gps|coordinates?|coords?|location|position|geo|koordinaten|"
    r"standort|coordonnées|coordenadas|coordinate|ubicación|座標|坐标"
)


def is_routing_number(text: str) -> bool:
    """ABA's check: weights 3, 7, 1."""
    return weighted(text, (3, 7, 1) * 3) % 10 == 0 and text != "0" * 9


def has_letter(text: str) -> bool:
    """Digits alone are no plate."""
    return any(letter.isalpha() for letter in text)


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {check.__name__: check for check in (is_routing_number, has_letter)}


def is_position(text: str) -> bool:
    """Latitude and longitude within their ranges."""
    latitude, longitude = (float(number) for number in re.findall(r"-?\d+\.\d+", text)[:2])
    return abs(latitude) <= 90 and abs(longitude) <= 180


def is_birth_date(text: str) -> bool:
    """Whether its numbers can be a day, a month and a year."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    small = [number for number in numbers if number <= 31]
    return len(small) >= len(numbers) - 1 and all(number > 0 for number in numbers[:1])


def labelled_rows() -> list[Recogniser]:
    """The table, dates of birth, and positions on earth."""
    table = tomllib.loads(files(__package__).joinpath("labels.toml").read_text(encoding="utf-8"))
    return [*(_row(row) for row in table["label"]), _birth_date(), *_positions()]


def _row(row: dict[str, Any]) -> Recogniser:
    (shortest, longest), num_digits = row["length"], row["digits"]
    further = _CHECKS[row["check"]] if "check" in row else bool

    def is_value(text: str) -> bool:
        digits = sum(letter.isdigit() for letter in text)
        return shortest <= len(text) <= longest and digits >= num_digits and further(text)

    return Recogniser(
        rule=row["rule"],
        title=row["title"],
        pattern=f"{START}(?i:{row['labels']}){LINK}(?P<value>{row['value']})",
        check=whole(is_value),
        lead=row["labels"],
        needs=(r"\d",),
        score=_SCORE,
    )


def _birth_date() -> Recogniser:
    return Recogniser(
        rule="pii.birth_date",
        title="date of birth",
        pattern=f"{START}(?i:{_BORN}){_BORN_LINK}(?P<value>{_DATE})",
        check=whole(is_birth_date),
        lead=_BORN,
        needs=(r"\d\d",),
        score=_SCORE,
        glue="",
    )


def _positions() -> list[Recogniser]:
    minutes = r"\d{1,3}[ ]?°[ ]?\d{1,2}[ ]?['′’][ ]?(?:\d{1,2}(?:\.\d{1,4})?[ ]?(?:[\"″”]|''))?[ ]?"
    return [
        Recogniser(
            rule="pii.coordinates",
            title="position on earth",
            pattern=rf"{START}(?i:{_COORDINATE_WORDS}){LINK}[\[({{]{{0,1}}(?P<value>{_DECIMAL}[,;]?[ ]{{0,3}}"
            rf"(?:(?i:lon|lng|longitude)[ :=]{{1,3}})?{_DECIMAL})",
            check=whole(is_position),
            score=_SCORE,
            lead=_COORDINATE_WORDS,
            needs=(r"\d\.\d{3}",),
        ),
        Recogniser(
            rule="pii.coordinates",
            title="position on earth",
            pattern=rf"\d{{1,2}}\.\d{{2,8}}[ ]?°?[ ]?[NS],?[ ]{{1,2}}\d{{1,3}}\.\d{{2,8}}[ ]?°?[ ]?[EWO]|"
            rf"{minutes}[NS],?[ ]{{0,2}}{minutes}[EWO]",
            score=_SCORE,
            needs=(r"\d[ ]?(?:°|[NS],?[ ])",),
        ),
    ]
