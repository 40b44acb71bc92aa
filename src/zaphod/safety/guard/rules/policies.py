"""Which policy is whose: one for all, or a folder with files for tenants; knows no rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from zaphod.core.errors import ConfigError
from zaphod.core.places import tenant_folder_name
from zaphod.safety.guard.rules.policy import Policy
from zaphod.safety.guard.rules.policy_file import read_policy

_DEFAULT = "default.toml"
_OF_A_TENANT = re.compile(r"(local|t-[a-z0-9][a-z0-9_-]{0,63}|h-[0-9a-f]{64})\.toml")


class Policies:
    """Policies by tenant.

    Args:
        default: for tenants without one of their own.
        own: by `tenant_folder_name`.
    """

    def __init__(self, default: Policy, own: Mapping[str, Policy] | None = None) -> None:
        self.default = default
        self._own = dict(own or {})

    @classmethod
    def load(cls, place: str | Path) -> Policies:
        """The policies of a shipped name, a file, or a folder.

        In a folder, `default.toml` is for everybody who has no file; `local.toml` for the user without keys;
        `t-NAME.toml` or `h-SHA256.toml` for a tenant; files that begin with `_` are parts which others extend.

        Raises:
            ConfigError: a policy cannot be used, or a file is for nobody.
        """
        path = Path(place)
        if not path.is_dir():
            return cls(read_policy(place))
        files = sorted(file for file in path.glob("*.toml") if not file.name.startswith("_"))
        for file in files:
            _require_name(file)
        own = {file.stem: read_policy(str(file)) for file in files if file.name != _DEFAULT}
        default = read_policy(str(path / _DEFAULT) if (path / _DEFAULT).exists() else "default")
        return cls(default, own)

    def of(self, tenant: str) -> Policy:
        """The tenant's own policy, or the default."""
        return self._own.get(tenant_folder_name(tenant), self.default) if self._own else self.default

    def __len__(self) -> int:
        return 1 + len(self._own)


def _require_name(file: Path) -> None:
    if file.name == _DEFAULT or _OF_A_TENANT.fullmatch(file.name):
        return
    wanted = "It must be default.toml, local.toml, t-NAME.toml or h-SHA256.toml, or begin with _ if others extend it."
    try:
        remedy = f"For the tenant {file.stem!r}, name it {tenant_folder_name(file.stem)}.toml."
    except ConfigError:
        remedy = "Rename it."
    raise ConfigError(f"{file} is for no tenant.", wanted, remedy)
