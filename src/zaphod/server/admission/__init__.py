"""Who may ask, how much, and when: keys, limits, the queue's bound. `gate.py` is the file to read first."""

from zaphod.server.admission.access import ACCESS, PUBLIC, routes_without_a_row
from zaphod.server.admission.admission import Admission, AdmissionOptions, EngineView, Ticket
from zaphod.server.admission.gate import Gate, GateOptions
from zaphod.server.admission.hosts import is_loopback, require_safe_to_listen
from zaphod.server.admission.keys import Key, KeyStore, default_keys_path

__all__ = [
    "ACCESS",
    "PUBLIC",
    "Admission",
    "AdmissionOptions",
    "EngineView",
    "Gate",
    "GateOptions",
    "Key",
    "KeyStore",
    "Ticket",
    "default_keys_path",
    "is_loopback",
    "require_safe_to_listen",
    "routes_without_a_row",
]
