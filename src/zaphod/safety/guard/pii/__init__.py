"""Personal data and secrets in texts: found by structure, checksum and context, and replaced reversibly."""

from zaphod.safety.guard.pii.finder import PiiFinder, PiiOptions, SecretFinder
from zaphod.safety.guard.pii.pseudonym_table import MemoryTable, PseudonymTable, Seal
from zaphod.safety.guard.pii.pseudonyms import Pseudonyms, PseudonymStream

__all__ = [
    "MemoryTable",
    "PiiFinder",
    "PiiOptions",
    "PseudonymStream",
    "PseudonymTable",
    "Pseudonyms",
    "Seal",
    "SecretFinder",
]
