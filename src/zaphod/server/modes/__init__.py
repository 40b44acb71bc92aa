"""How the model speaks: modes as data. `modes.toml` is the file to read first."""

from zaphod.server.modes.modes import Mode, Modes
from zaphod.server.modes.rules import Rule

__all__ = ["Mode", "Modes", "Rule"]
