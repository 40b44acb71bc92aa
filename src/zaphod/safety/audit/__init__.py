"""What was done, written down so that nobody can change it unseen. `record.py` is the file to read first."""

from zaphod.safety.audit.digests import keyed_digest
from zaphod.safety.audit.log import AuditLog, AuditOptions, AuditStatus, witness_of
from zaphod.safety.audit.record import Event, Record
from zaphod.safety.audit.segments import read, tenants_of
from zaphod.safety.audit.tenant_log import Receipt
from zaphod.safety.audit.verify import Report, verify

__all__ = [
    "AuditLog",
    "AuditOptions",
    "AuditStatus",
    "Event",
    "Receipt",
    "Record",
    "Report",
    "keyed_digest",
    "read",
    "tenants_of",
    "verify",
    "witness_of",
]
