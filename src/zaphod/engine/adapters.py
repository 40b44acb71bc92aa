"""Which adapters a runner has loaded, by name and by number; knows nothing of their weights."""

from __future__ import annotations

from zaphod.core.errors import ConfigError, RequestError


class AdapterNumbers:
    """A number for a name. No number is given twice: blocks of the prefix cache are found by it."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._next = 0

    def number(self, name: str) -> int:
        """Raises `RequestError` where no adapter of this name is loaded."""
        if name in self._numbers:
            return self._numbers[name]
        loaded = ", ".join(repr(known) for known in self._numbers)
        raise RequestError(
            f"The adapter {name!r} was asked for.",
            f"Loaded are {loaded}." if loaded else "No adapter is loaded.",
            "Name one that is loaded, or leave it out.",
        )

    def require_free(self, name: str) -> None:
        """Raise `ConfigError` where the name is taken, or is none."""
        if not name or name in self._numbers:
            raise ConfigError(
                f"An adapter was to be called {name!r}.",
                "The name is taken." if name else "A name has at least one letter.",
                "Choose another name, or unload the adapter that has it.",
            )

    def add(self, name: str) -> int:
        """The number of a new adapter. Raises `ConfigError` where the name is taken."""
        self.require_free(name)
        self._numbers[name] = self._next
        self._next += 1
        return self._numbers[name]

    def remove(self, name: str) -> int:
        """The number that the adapter had. Raises `RequestError` where there is none."""
        number = self.number(name)
        del self._numbers[name]
        return number
