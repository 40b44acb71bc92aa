"""Every error that Zaphod raises on purpose; knows nothing of models, files or commands.

    ZaphodError                 exit code 1
    ├── ConfigError       (2)   an option, a setting or a model's hyper-parameters are wrong
    ├── WeightsError      (3)   a checkpoint cannot be used
    │   ├── CorruptFileError    its bytes contradict its own format
    │   ├── UnsafeFileError     it asks for code to be run
    │   └── MissingTensorError  it lacks (or repeats) a tensor the model needs
    ├── TokenizerError    (4)   a vocabulary cannot be read, or text cannot be encoded with it
    ├── RequestError      (5)   one request asks for something impossible
    ├── CapacityError     (6)   it does not fit into this machine
    ├── MissingExtraError (7)   an optional library is not installed
    ├── DownloadError     (8)   a model could not be fetched
    ├── IntegrityError    (10)  what was kept is not what was written, or its key is not at hand
    ├── UnavailableError  (11)  a service or device does not answer now
    ├── AuditError        (12)  what was done cannot be written down, or what is written down has been changed
    └── UnseenError             a picture does not show what is asked for, or not for certain

A message has three parts: what was found, what was wanted, what to do.
"""


class ZaphodError(Exception):
    """Base of all deliberate errors.

    Args:
        found: what was met, with the offending value.
        wanted: what would have been right.
        remedy: what the reader can do now.
    """

    exit_code = 1

    def __init__(self, found: str, wanted: str = "", remedy: str = "") -> None:
        super().__init__(found, wanted, remedy)
        self.found = found
        self.wanted = wanted
        self.remedy = remedy

    def __str__(self) -> str:
        return "\n".join(part for part in (self.found, self.wanted, self.remedy) if part)


class ConfigError(ZaphodError):
    """An option, a setting or a model's hyper-parameters are wrong."""

    exit_code = 2


class WeightsError(ZaphodError):
    """A checkpoint cannot be used."""

    exit_code = 3


class CorruptFileError(WeightsError):
    """A file's bytes contradict its own format."""


class UnsafeFileError(WeightsError):
    """A file asks for code to be run; it was not run."""


class MissingTensorError(WeightsError):
    """A checkpoint lacks, or repeats, a tensor that the model needs."""


class TokenizerError(ZaphodError):
    """A vocabulary cannot be read, or text cannot be encoded with it."""

    exit_code = 4


class RequestError(ZaphodError):
    """One request asks for something impossible."""

    exit_code = 5


class CapacityError(ZaphodError):
    """Something does not fit into this machine."""

    exit_code = 6


class MissingExtraError(ZaphodError):
    """An optional library is not installed."""

    exit_code = 7

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"{library} is not installed.",
            f"This needs the extra '{extra}'.",
            f"Run: pip install 'zaphod[{extra}]'",
        )


class DownloadError(ZaphodError):
    """A model could not be fetched."""

    exit_code = 8


class AuditError(ZaphodError):
    """What was done cannot be written down, or what is written down has been changed."""

    exit_code = 12


class IntegrityError(ZaphodError):
    """What was kept is not what was written: changed, cut, out of place, or older than it must be."""

    exit_code = 10


class WrongKeyError(IntegrityError):
    """It was sealed with a key that is not at hand; with that key it can be opened."""


class DestroyedKeyError(IntegrityError):
    """It was sealed with a key that is gone for good."""


class UnknownVersionError(IntegrityError):
    """It is written in a form that this program does not know."""


class UnavailableError(ZaphodError):
    """A service or device that this needs does not answer now; later it may."""

    exit_code = 11


class UnseenError(ZaphodError):
    """A picture does not show what is asked for, or not for certain."""
