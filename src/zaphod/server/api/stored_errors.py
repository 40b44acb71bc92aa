"""What a client is told where something that is kept cannot be used; knows no record's content.

What another tenant has and what nobody has are one and the same error, whoever asks and whatever for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from zaphod.core.errors import (
    ConfigError,
    DestroyedKeyError,
    IntegrityError,
    RequestError,
    UnavailableError,
    WrongKeyError,
)
from zaphod.server.errors import ApiError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


async def on_thread(work: Callable[[], _T], *, param: str | None = None) -> _T:
    """The result of work with store or vault, which waits for a disk or a network.

    Args:
        work: to do.
        param: the field that names what is kept.

    Raises:
        ApiError: 404, its key is destroyed; 403, its person is restricted; 500, it was changed; 503, it cannot be
            reached.
    """
    with _mapped(param):
        return await asyncio.to_thread(work)


def not_found(response_id: str, param: str = "response_id") -> ApiError:
    """There is none, or it is another tenant's."""
    message = (
        f"There is no response {response_id[:80]!r}. Only those are kept that were asked for with `store: true`, "
        "until they are deleted or have grown old. Send the whole conversation instead."
    )
    return ApiError(404, "response_not_found", message, param=param)


def incomplete(response_id: str, param: str) -> ApiError:
    """One that it goes on from is gone."""
    message = (
        f"An earlier response that {response_id[:80]!r} goes on from is not kept any more. "
        "A conversation is gone on with whole, or not at all. Send all of it instead."
    )
    return ApiError(404, "response_not_found", message, param=param)


def restricted(param: str | None = None) -> ApiError:
    """Article 18: kept, and not used."""
    message = (
        "The records of the person whom this is about are restricted. They are kept and not used, and nothing is "
        "added, until the restriction is lifted. Ask whoever runs this server."
    )
    return ApiError(403, "subject_restricted", message, param=param)


def unavailable() -> ApiError:
    """Store or vault do not answer."""
    message = "What this server keeps cannot be used now, and nothing was kept. Try again, or tell the operator."
    return ApiError(503, "store_unavailable", message, headers={"Retry-After": "10"})


@contextlib.contextmanager
def _mapped(param: str | None) -> Iterator[None]:
    try:
        yield
    except RequestError as error:
        raise restricted(param) from error  # the only way in which `Sealing.open` refuses a request
    except DestroyedKeyError as error:
        message = "Its person's records were erased: nobody can open it any more. Send the whole conversation instead."
        raise ApiError(404, "response_erased", message, param=param) from error
    except (ConfigError, UnavailableError, WrongKeyError) as error:
        _log.error("what is kept cannot be used: %s", error)
        raise unavailable() from error
    except (IntegrityError, ValueError) as error:
        _log.error("a kept record cannot be read: %s", type(error).__name__)
        message = "What is kept under this name cannot be read: it was changed since. Tell the operator."
        raise ApiError(500, "record_damaged", message, param=param) from error
