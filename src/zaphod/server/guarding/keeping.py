"""What a server keeps lies where the operator's commands find it, too; knows only where that is."""

from zaphod.records.keeping import Keeping, KeepingOptions

__all__ = ["Keeping", "KeepingOptions"]
