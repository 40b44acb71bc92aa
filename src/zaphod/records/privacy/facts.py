"""Facts of an installation as sentences, by the names that the control matrix calls them; reads nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

from zaphod.records.privacy.installation import Installation, audit_name, tenant_name

DAY_S = 86400
_MAX_NAMED = 5


def facts_of(found: Installation) -> Mapping[str, str]:
    """Name to sentence."""
    return {
        "tenants": _tenants(found),
        "database": "PostgreSQL" if found.is_postgres else "SQLite files, one for each tenant",
        "kek": _kek(found),
        "keys": _keys(found),
        "audit": _audit(found),
        "policy": _policy(found),
        "api_keys": _api_keys(found),
        "retention": _retention(found),
        "restrictions": f"restricted people: {sum(one.num_restricted for one in found.tenants):,}",
        "consents": f"consents given or taken back: {sum(one.num_records['consents'] for one in found.tenants):,}",
        "tls": "the server has no TLS of its own",
    }


def _api_keys(found: Installation) -> str:
    if not found.num_api_keys:
        return "no API key can be used"
    return f"API keys that can be used: {found.num_api_keys:,}, of these without an end: {found.num_endless_api_keys:,}"


def _audit(found: Installation) -> str:
    if found.audit_problem:
        return f"the audit could not be verified: {found.audit_problem}"
    told = [
        f"{audit_name(one)} {'CHANGED behind' if one.problems else 'verified to'} record {one.last_verified_seq:,},"
        f" signed to {one.last_signed_seq:,}"
        for one in sorted(found.audits, key=lambda one: not one.problems)
    ]
    return "audit: " + _listed(told)


def _kek(found: Installation) -> str:
    if found.kek.problem:
        return f"KEK ({found.kek.kind}): {found.kek.problem}"
    others = [tenant_name(one.tenant) for one in found.tenants if not one.is_under_kek]
    more = f"; NOT the one that wraps the keys of {_listed(others)}" if others else ""
    return f"KEK ({found.kek.kind}) {found.kek.key_id} answers{more}"


def _keys(found: Installation) -> str:
    in_use, retired = (sum(getattr(one, f"num_keys_{name}") for one in found.tenants) for name in ("in_use", "retired"))
    return f"keys of people in use: {in_use:,}, retired: {retired:,}"


def _policy(found: Installation) -> str:
    seen = [f"{audit_name(one)} {one.policy}" for one in found.audits if one.policy]
    return f"guard policy of the last events: {_listed(seen)}" if seen else "no event names a guard policy yet"


def _retention(found: Installation) -> str:
    told = [
        f"{tenant_name(one.tenant)} {kind} {keep_s / DAY_S:g} days"
        for one in found.tenants
        for kind, keep_s in one.kept_for_s.items()
    ]
    return f"kept for: {_listed(told)}; all else without end" if told else "no retention time is set: all is kept"


def _tenants(found: Installation) -> str:
    people, records = (
        sum(one.num_people for one in found.tenants),
        sum(sum(one.num_records.values()) for one in found.tenants),
    )
    return f"tenants: {len(found.tenants):,}, people: {people:,}, records: {records:,}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return "; ".join(names[:_MAX_NAMED]) + more
