"""E-mail, IP and hardware addresses; knows their syntax, asks no network and no list of domains."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from zaphod.safety.guard.pii.recogniser import Recogniser, whole

_FILE_ENDING: Final = re.compile(
    r"(?i:png|jpe?g|gif|svg|webp|ico|css|m?[jt]sx?|json|ya?ml|toml|xml|html?|txt|rst|rb|go|java|kt|c|h|cc|[ch]pp|"
    r"cs|php|lock|"
    r"service|target|socket|timer|mount|map|woff|ttf|pdf|gz|tar|conf|cfg|ini|log)"
)
"""What ends `icon@2x.png` or `getty@tty1.service`; top-level domains that are countries or sold stay."""
_VERSION: Final = re.compile(r"v?\d+\.\d")
_NETMASK_OCTETS: Final = frozenset({0, 128, 192, 224, 240, 248, 252, 254, 255})
_VERSION_WORDS: Final = (
    r"(?:v|ver|version|release|rev|revision|build|firmware|section|chapter|clause|rfc|python|driver|sdk|[a-z]{2,}/|v\.)"
)
_IP_CONTEXT: Final = (
    r"ips?|ip[- _]?address(?:es)?|ip-adresse|adresse ip|dirección ip|indirizzo ip|host|from|client|"
    r"remote(?:_addr)?|server|"
    r"ping|ssh|connect(?:ed|ion)?|https?|peer|addr(?:ess)?|bind|listen|src|dst|gateway|dns|login"
)


def is_email(text: str) -> bool:
    """A plausible local part and a domain that is neither a file's name nor a version; `git@` is no mailbox."""
    local, _, domain = text.rpartition("@")
    labels = domain.split(".")
    if len(text) > 254 or local == "git" or local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    is_hosted = not (_FILE_ENDING.fullmatch(labels[-1]) or _VERSION.match(domain))
    return is_hosted and not any(label.startswith("-") or label.endswith("-") for label in labels)


def is_ipv4(text: str) -> bool:
    """Four octets without leading zeros that name a host, not a mask, all hosts or the machine itself."""
    parts = text.split(".")
    octets = [int(part) for part in parts]
    if any(octet > 255 or part != str(octet) for part, octet in zip(parts, octets, strict=True)):
        return False
    is_mask = octets[0] == 255 and all(octet in _NETMASK_OCTETS for octet in octets)
    return octets[0] not in (0, 127) and not is_mask


def _is_small(text: str) -> bool:
    """Like 4.3.2.1: as likely a section or a version."""
    return all(int(part) < 20 for part in text.split("."))


def is_ipv6(text: str) -> bool:
    """A valid address with a digit and at least two groups; not the machine itself, nor `a::b` of a program."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    groups = [group for group in text.split(":") if group]
    is_code = not any(letter.isdigit() for letter in text) or len(groups) < 2
    return not (is_code or address.is_loopback or address.is_unspecified)


def _is_mac(text: str) -> bool:
    digits = re.sub(r"[^0-9A-Fa-f]", "", text)
    return len({letter for letter in text if letter in ":-."}) == 1 and len(set(digits.lower())) > 2


def network_rows() -> list[Recogniser]:
    """Addresses of people and machines."""
    octet = r"\d{1,3}"
    ipv4 = rf"{octet}\.{octet}\.{octet}\.{octet}"
    return [
        Recogniser(
            rule="pii.email",
            title="e-mail address",
            pattern=r"[A-Za-z0-9_À-ÖØ-öø-ſа-яА-Я][A-Za-z0-9À-ÖØ-öø-ſа-яА-Я.!#$%&'*+=_~\-]{0,63}@"
            r"(?:[A-Za-z0-9À-ÖØ-öø-ſа-яА-Яα-ω](?:[A-Za-z0-9À-ÖØ-öø-ſа-яА-Яα-ω\-]{0,62})\.){1,8}"
            r"(?:[A-Za-z]{2,24}|xn--[a-z0-9\-]{2,24}|рф|中国|公司)",
            check=whole(is_email),
            needs=("@",),
            glue="-@",
        ),
        Recogniser(
            rule="pii.ip",
            title="IP address",
            pattern=ipv4,
            needs=(r"\d\.\d{1,3}\.\d",),
            check=whole(lambda text: is_ipv4(text) and not _is_small(text)),
            score=0.8,
            refusal=_VERSION_WORDS,
            glue=".-",
            context=_IP_CONTEXT,
            score_in_context=0.9,
        ),
        Recogniser(
            rule="pii.ip",
            title="IP address",
            pattern=ipv4,
            needs=(r"\d\.\d{1,3}\.\d",),
            check=whole(lambda text: is_ipv4(text) and _is_small(text)),
            score=0.0,
            context=r"ips?|ip[- _]?address(?:es)?|ip-adresse|adresse ip|dirección ip|ping|ssh|http[s]?://|dns",
            score_in_context=0.8,
        ),
        Recogniser(
            rule="pii.ip",
            title="IP address",
            pattern=r"[0-9A-Fa-f]{0,4}:(?:[0-9A-Fa-f]{0,4}:){1,7}(?:[0-9A-Fa-f]{1,4}|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})?",
            check=whole(is_ipv6),
            score=0.9,
            glue=":.-",
            needs=(r"[0-9A-Fa-f]?:[0-9A-Fa-f]{0,4}:",),
        ),
        Recogniser(
            rule="pii.mac",
            title="hardware (MAC) address",
            pattern=r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
            check=whole(_is_mac),
            needs=(r"[0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.",),
            score=0.9,
            glue=":-.",
        ),
    ]
