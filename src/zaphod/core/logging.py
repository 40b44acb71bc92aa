"""Where log lines go and how loud they are; knows nothing of what is logged.

Called once by a program that owns its process (a command, a server). Libraries only ask for loggers.
"""

import logging
import sys
from typing import Literal, get_args

from zaphod.core.errors import ConfigError

LogLevel = Literal["debug", "info", "warning", "error"]
LOG_LEVELS: tuple[str, ...] = get_args(LogLevel)

# Libraries whose chatter at INFO would drown our own lines.
_CHATTY = ("httpx", "httpx2", "httpcore", "httpcore2", "huggingface_hub", "urllib3", "filelock")


def configure_logging(level: str) -> None:
    """Send our log lines of `level` and above to standard error. Calling it again replaces the earlier setting.

    Raises:
        ConfigError: there is no such level.
    """
    if level not in LOG_LEVELS:
        raise ConfigError(
            f"The log level is {level!r}.", f"It must be one of {', '.join(LOG_LEVELS)}.", "Choose one of them."
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    ours = logging.getLogger("zaphod")
    ours.handlers[:] = [handler]
    ours.propagate = False
    ours.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.ERROR)
