"""What a dying process leaves behind: places in the code, never values; knows no log."""

from __future__ import annotations

import faulthandler
import resource
import sys
import threading
from types import TracebackType

from zaphod.server.redaction import exception_text


def guard_crashes() -> None:
    """Make crashes of this process speak, and only of places. Called once by a program that owns its process.

    A segmentation fault prints the frames of all threads, which hold no values. An exception that nobody caught prints
    types and places without its message. No core file is written: it would hold prompts, answers and keys.
    """
    faulthandler.enable(all_threads=True)
    sys.excepthook = _on_exception
    threading.excepthook = _on_thread_exception
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _on_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    print(f"zaphod crashed:\n{exception_text(error)}", file=sys.stderr)


def _on_thread_exception(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread else "?"
        print(f"the thread {name} of zaphod crashed:\n{exception_text(args.exc_value)}", file=sys.stderr)
