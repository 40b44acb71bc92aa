"""A key in a PKCS #11 token: finding it, logging in, and what the token's errors mean; knows nothing of envelopes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from zaphod.core.errors import ConfigError, MissingExtraError, UnavailableError
from zaphod.core.private_file import PrivateFile
from zaphod.safety.vault.secret_key import SecretKey

T = TypeVar("T")
Wrapping = Literal["aes-gcm", "aes-key-wrap"]
_KEY_BITS = 256
# python-pkcs11 initialises modules for one thread and lets others run meanwhile, so a process makes one call at a time.
_ONE_AT_A_TIME = threading.RLock()


class RefusedError(Exception):
    """The token refused an input, or broke: it uses the same words for both."""


@dataclass(frozen=True, kw_only=True)
class Pkcs11Options:
    """Where the key lies.

    Args:
        module: the token's library, a file of its maker.
        token: the token's label.
        key: the key's label.
        pin_file: holds the user's PIN; nobody else can read it.
        wrapping: the mechanism for new envelopes.
    """

    module: Path
    token: str
    key: str
    pin_file: Path
    wrapping: Wrapping = "aes-gcm"


class TokenKey:
    """An AES-256 key that does not leave its token. Threads take turns; a session that was lost is opened again.

    Args:
        options: where it lies.
    """

    def __init__(self, options: Pkcs11Options) -> None:
        self._options = options
        self._session: Any = None
        self._key: Any = None

    def use(self, work: Callable[[Any, Any], T]) -> T:
        """Call `work(session, key)`.

        Raises:
            RefusedError: the token refused what it was given, or broke.
            ConfigError: there is no such module, token or key, the PIN is wrong, or the key can be taken out.
            UnavailableError: the token does not answer.
        """
        with _ONE_AT_A_TIME, _told(self._options):
            session, key = self._opened()
            try:
                return work(session, key)
            except _lost():
                self.close()
                return work(*self._opened())

    def generate(self) -> None:
        """Make the key. Raises `ConfigError` if there is one of that label."""
        pkcs11 = library()
        secret, name = pkcs11.ObjectClass.SECRET_KEY, self._options.key
        with _ONE_AT_A_TIME, _told(self._options), _session(self._options, is_writing=True) as session:
            if list(session.get_objects({pkcs11.Attribute.CLASS: secret, pkcs11.Attribute.LABEL: name})):
                raise ConfigError(
                    f"The token {self._options.token!r} has a key {name!r} already.",
                    "A key is never written over.",
                    "Name another one.",
                )
            locked_in = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False}
            session.generate_key(pkcs11.KeyType.AES, _KEY_BITS, label=name, store=True, template=locked_in)

    def close(self) -> None:
        """End the session, if one is open."""
        with _ONE_AT_A_TIME:
            session, self._session, self._key = self._session, None, None
            if session is not None:
                try:
                    session.close()
                except library().PKCS11Error:
                    return  # it was lost, so nothing is left to close

    def _opened(self) -> tuple[Any, Any]:
        if self._key is None:
            self._session = _session(self._options)
            try:
                object_class = library().ObjectClass.SECRET_KEY
                self._key = self._session.get_key(object_class=object_class, label=self._options.key)
                self._require_locked_in()
            except BaseException:
                self.close()  # a session left open would leave this process logged in
                raise
        return self._session, self._key

    def _require_locked_in(self) -> None:
        attribute, key = library().Attribute, self._key
        if key[attribute.EXTRACTABLE] or not key[attribute.SENSITIVE] or key.key_length != _KEY_BITS:
            raise ConfigError(
                f"The key {self._options.key!r} is not an AES key of 256 bits that stays in its token.",
                "It must be sensitive and not extractable.",
                "Make one with `zaphod vault init`.",
            )


def library() -> Any:
    """python-pkcs11. Raises `MissingExtraError` where it is not installed."""
    try:
        import pkcs11
    except ImportError as error:
        raise MissingExtraError("python-pkcs11", "pkcs11") from error
    return pkcs11


def _session(options: Pkcs11Options, is_writing: bool = False) -> Any:
    pkcs11 = library()
    token = _module(options).get_token(token_label=options.token)
    pin = _pin(options)
    try:
        return token.open(rw=is_writing, user_pin=pin.reveal().decode())
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(rw=is_writing)  # a process logs in once, for all its sessions


def _module(options: Pkcs11Options) -> Any:
    pkcs11 = library()
    try:
        return pkcs11.lib(str(options.module))
    except pkcs11.PKCS11Error as error:
        raise ConfigError(
            f"The PKCS #11 module {options.module} cannot be loaded: {error}.",
            "It is a shared library of the token's maker.",
            "Correct module-path, or install it.",
        ) from error


def _pin(options: Pkcs11Options) -> SecretKey:
    file = PrivateFile(
        path=options.pin_file,
        holds="It holds the token's PIN.",
        danger="They could use the token.",
        elsewhere="Name another one with pin-source.",
    )
    return SecretKey(file.read_secret().strip())


@contextmanager
def _told(options: Pkcs11Options) -> Iterator[None]:
    """The token's errors in our words, without theirs: frames of the library hold what was wrapped."""
    pkcs11 = library()
    try:
        yield
    except (pkcs11.NoSuchToken, pkcs11.MultipleTokensReturned):
        wanted = f"{options.module} must have one token of that label."
        raise ConfigError(f"There is not one token {options.token!r}.", wanted, "Correct it.") from None
    except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned):
        wanted = f"The token {options.token!r} must have one AES key of that label."
        raise ConfigError(f"There is not one key {options.key!r}.", wanted, "See `zaphod vault init`.") from None
    except tuple(getattr(pkcs11, name) for name in _PIN_ERRORS) as error:
        wanted = f"{type(error).__name__}: after some wrong ones a token locks itself."
        raise ConfigError("The token does not take the PIN.", wanted, f"Correct {options.pin_file}.") from None
    except tuple(getattr(pkcs11, name) for name in _INABILITIES) as error:
        found = f"The token {options.token!r} does not do {options.wrapping} with this key: {type(error).__name__}."
        raise ConfigError(found, "It can do aes-gcm or aes-key-wrap.", "Choose the other one.") from None
    except tuple(getattr(pkcs11, name) for name in _REFUSALS) as error:
        raise RefusedError(type(error).__name__) from None
    except pkcs11.PKCS11Error as error:
        raise unavailable(options, type(error).__name__) from None


def unavailable(options: Pkcs11Options, reason: str) -> UnavailableError:
    """What to say of a token that does not work."""
    return UnavailableError(
        f"The token {options.token!r} does not work: {reason}.", "It must open keys.", "Look after it, and try again."
    )


def _lost() -> tuple[type[Exception], ...]:
    """Errors of a session that is over, though the token may be there."""
    pkcs11 = library()
    return tuple(getattr(pkcs11, name) for name in _LOST)


_PIN_ERRORS = (
    "PinIncorrect", "PinInvalid", "PinLenRange", "PinExpired", "PinLocked", "PinTooWeak", "UserPinNotInitialized",
)  # fmt: skip
_INABILITIES = (
    "MechanismInvalid", "MechanismParamInvalid", "FunctionNotSupported", "KeyTypeInconsistent", "KeyNotWrappable",
    "KeyUnextractable", "WrappingKeyTypeInconsistent", "UnwrappingKeyTypeInconsistent", "TemplateInconsistent",
)  # fmt: skip
_REFUSALS = (
    "GeneralError", "FunctionFailed", "FunctionRejected", "EncryptedDataInvalid", "EncryptedDataLenRange",
    "WrappedKeyInvalid", "WrappedKeyLenRange", "DataInvalid", "DataLenRange", "ArgumentsBad",
)  # fmt: skip
_LOST = (
    "SessionHandleInvalid", "SessionClosed", "KeyHandleInvalid", "ObjectHandleInvalid", "WrappingKeyHandleInvalid",
    "UnwrappingKeyHandleInvalid", "UserNotLoggedIn", "DeviceRemoved", "TokenNotPresent",
)  # fmt: skip
