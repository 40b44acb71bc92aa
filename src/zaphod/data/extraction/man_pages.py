"""Reads manual pages in roff with the macros `man` and `mdoc`; knows no other macros and lays out no tables.

Paragraphs become lines, verbatim parts keep theirs, headings stand alone. What a request does to the look is left
out; what it says stays. Sources: man(7), mdoc(7), groff_char(7).
"""

from __future__ import annotations

import re
from typing import Final

_FONT: Final = re.compile(
    r"\\f(?:\[[^\]]*\]|\(..|.)|\\s(?:\[[^\]]*\]|'[^']*'|[+-]?\d{1,2})|\\[mMFYRk](?:\[[^\]]*\]|\(..|.)"
)
_MEASURE: Final = re.compile(r"\\[hvwlLDxbBoNAZ]'[^']*'|\\[*n](?:\[[^\]]*\]|\(..|.)|\\[%&|^/,:{}acdpruz)]")
_NAMED: Final = re.compile(r"\\\[([^\]\n]*)\]|\\\((..)")
_REST: Final = re.compile(r"\\(.)", re.DOTALL)
_COMMENT: Final = re.compile(r"\\[\"#].*")
_REQUEST: Final = re.compile(r"^[.'][ \t]*([A-Za-z0-9@\\\"%#&*_-]*)[ \t]*(.*)$")
_ARGUMENT: Final = re.compile(r'"((?:[^"]|"")*)"?|(\S+)')
_CHARACTERS: Final = {
    "em": "—", "en": "–", "hy": "-", "lq": "“", "rq": "”", "oq": "‘", "cq": "’", "aq": "'", "dq": '"', "bu": "•",
    "co": "©", "rg": "®", "tm": "™", "de": "°", "mu": "×", "->": "→", "<-": "←", "+-": "±", "<=": "≤", ">=": "≥",
    "!=": "≠", "ti": "~", "ha": "^", "rs": "\\", "ga": "`", "aa": "´", "at": "@", "sh": "#", "Do": "$", "bv": "|",
    "ba": "|", "lB": "[", "rB": "]", "lC": "{", "rC": "}", "sl": "/", "pl": "+", "eq": "=", "mi": "−", "12": "½",
    "sc": "§", "ss": "ß", ":a": "ä", ":o": "ö", ":u": "ü", ":A": "Ä", ":O": "Ö", ":U": "Ü", "'e": "é", "`e": "è",
    "md": "·", "fm": "′", "Po": "£", "Eu": "€", "<<": "⟪", ">>": "⟫", "la": "⟨", "ra": "⟩", "dg": "†",
}  # fmt: skip
_LETTERS: Final = {
    "e": "\\",
    "-": "-",
    "'": "´",
    "`": "`",
    " ": " ",
    "~": " ",
    "0": " ",
    "t": "\t",
    ".": ".",
    "\\": "\\",
}
_HEADINGS: Final = frozenset({"SH", "SS", "Sh", "Ss"})
_BREAKS: Final = frozenset(
    {"PP", "LP", "P", "TP", "IP", "HP", "RS", "RE", "br", "sp", "Pp", "Bl", "El", "ti", "TQ", "bp"}
)
_LABELLED: Final = frozenset({"IP", "It", "TH", "Dt"})
_FONTS: Final = frozenset({"B", "I", "SM", "SB", "R"})
_ALTERNATING: Final = frozenset({"BR", "RB", "BI", "IB", "IR", "RI"})
_VERBATIM: Final = {"nf": True, "EX": True, "Bd": True, "fi": False, "EE": False, "Ed": False}
_SILENT_PARTS: Final = {"TS": "TE", "EQ": "EN", "PS": "PE", "ig": ".", "de": ".", "de1": ".", "am": "."}
_MDOC_MARKS: Final = {
    "Fl": "-",
    "Cm": "",
    "Ic": "",
    "Ar": "",
    "Pa": "",
    "Va": "",
    "Vt": "",
    "Fa": "",
    "Fn": "",
    "Ev": "",
}
_MDOC_PAIRS: Final = {
    "Op": ("[", "]"), "Pq": ("(", ")"), "Bq": ("[", "]"), "Dq": ("“", "”"), "Sq": ("‘", "’"), "Aq": ("<", ">"),
    "Qq": ('"', '"'), "Brq": ("{", "}"), "Ql": ("‘", "’"),
}  # fmt: skip
_MDOC: Final = frozenset(
    {
        *_MDOC_MARKS, *_MDOC_PAIRS, "Nm", "Xr", "Em", "Sy", "Li", "Tn", "St", "An", "Lk", "Mt", "Er", "Dv", "Cd", "Ad",
        "Nd", "Ns", "No", "Ap", "Pf", "Ux", "Bx", "Fx", "Ft", "In", "Rv", "Ex", "Lb", "Ms", "Sx", "Tg", "Xo", "Xc",
        "Oo", "Oc", "Po", "Pc", "Do", "Dc", "So", "Sc", "Qo", "Qc", "Ao", "Ac", "Bo", "Bc", "Dl", "D1", "Fo", "Fc",
    }
)  # fmt: skip
_CLOSING: Final = frozenset(".,:;)]?!")


def text_of_man_page(source: str) -> str:
    """The page as plain text. Whatever it holds, there is an answer: a macro that is not known is left out."""
    page = _Page()
    for line in source.replace("\r\n", "\n").split("\n"):
        page.read(line)
    return page.text()


class _Page:
    """What has been read of a page, and what is waited for."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._words: list[str] = []
        self._is_verbatim = False
        self._ends_at = ""
        self._name = ""
        self._awaits_heading = False

    def read(self, line: str) -> None:
        request = _REQUEST.match(line) if line[:1] in (".", "'") else None
        if self._ends_at:
            if request and (request[1] == self._ends_at or "".join(line.split()) == ".."):
                self._ends_at = ""
        elif request:
            self._do(request[1], request[2])
        elif self._is_verbatim:
            self._lines.append(plain(line))
        elif line.strip():
            self._say(plain(line))
        else:
            self._break()

    def text(self) -> str:
        self._break()
        return "\n".join(self._lines)

    def _say(self, text: str) -> None:
        if self._awaits_heading:
            self._awaits_heading = False
            self._lines += ("", text)
        elif text:
            self._words.append(text)

    def _break(self) -> None:
        if self._words:
            self._lines.append(" ".join(self._words))
            self._words = []

    def _do(self, name: str, rest: str) -> None:
        if name in _SILENT_PARTS:
            self._ends_at = _SILENT_PARTS[name]
        elif name in _HEADINGS:
            self._break()
            self._is_verbatim = False
            self._awaits_heading = not rest.strip()
            if rest.strip():
                self._lines += ("", plain(" ".join(arguments(rest))))
        elif name in _VERBATIM:
            self._break()
            self._is_verbatim = _VERBATIM[name]
        elif name in _BREAKS or name in _LABELLED:
            self._break()
            if name in ("IP", "It"):
                self._item(name, rest)
        elif text := self._said(name, rest):
            if self._is_verbatim:
                self._lines.append(text)
            else:
                self._say(text)

    def _item(self, name: str, rest: str) -> None:
        label = _mdoc(arguments(rest), self._name) if name == "It" else plain((*arguments(rest), "")[0])
        if label and label not in ("•", "*", "-"):
            self._words.append(label)

    def _said(self, name: str, rest: str) -> str:
        """What a macro that changes the font says."""
        words = arguments(rest)
        if name in _ALTERNATING:
            return plain("".join(words))
        if name in _FONTS:
            return plain(" ".join(words))
        if name in ("UR", "MT", "UE", "ME"):
            return plain(rest)
        if name == "Nm" and words and not self._name:
            self._name = plain(words[0])
        return _mdoc([name, *words], self._name) if name in _MDOC else ""


def plain(text: str) -> str:
    """The text without roff's escapes."""
    if "\\" not in text:
        return text
    text = _MEASURE.sub("", _FONT.sub("", _COMMENT.sub("", text)))
    return _REST.sub(lambda match: _LETTERS.get(match[1], match[1]), _NAMED.sub(_character, text))


def arguments(rest: str) -> list[str]:
    """The arguments of a request: words, or what stands in double quotes."""
    found = _ARGUMENT.findall(_COMMENT.sub("", rest))
    return [word or quoted.replace('""', '"') for quoted, word in found]


def _character(match: re.Match[str]) -> str:
    name = match[1] if match[1] is not None else match[2]
    if re.fullmatch(r"u[0-9A-F]{4,5}", name):
        return chr(int(name[1:], 16))
    return _CHARACTERS.get(name, "").replace("\\", "\\\\")


def _mdoc(words: list[str], page_name: str) -> str:
    """A line of mdoc macros, where macros may stand among the words."""
    text, closers, glue, mark = "", list[str](), True, ""
    for word in words:
        if word in _MDOC_PAIRS:
            text += ("" if glue else " ") + _MDOC_PAIRS[word][0]
            closers.append(_MDOC_PAIRS[word][1])
            glue = True
        elif word in ("Ns", "Ap", "Pf"):
            glue, text = True, text + ("'" if word == "Ap" else "")
        elif word in _MDOC:
            mark = _MDOC_MARKS.get(word, "")
            if word == "Nm" and word == words[-1]:
                text += ("" if glue else " ") + page_name
                glue = False
        else:
            text += ("" if glue or word in _CLOSING else " ") + mark + plain(word)
            glue = False
    return text + "".join(reversed(closers))
