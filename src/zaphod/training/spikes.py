"""Which steps are too odd to learn from; knows losses and gradient norms, not where they come from.

A step is skipped when its loss or the norm of its gradient stands far above the running median: one damaged batch can
otherwise undo hours. OLMo-core's SkipStep optimisers do so with mean and deviation; a median is not moved by the spikes
themselves. An outlier still enters the window, so that a lasting change of the data is accepted after a while.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from zaphod.core.errors import ConfigError, ZaphodError

_SIGMAS_PER_DEVIATION = 1.4826  # the median absolute deviation of a normal distribution is sigma / 1.4826
_MIN_RATIOS = (1.25, 4.0)  # of loss, of gradient norm: what a quiet stretch must not call an outlier


@dataclass(frozen=True, kw_only=True)
class SpikeConfig:
    """When a step is skipped."""

    skip: bool = True
    """Steps that are no finite numbers are skipped in any case."""
    window: int = 128
    """Steps that the medians look back on."""
    min_history: int = 32
    """Steps before anything is called an outlier."""
    num_sigmas: float = 6.0
    """Of the logarithms, estimated from the median absolute deviation."""
    max_broken: int = 10
    """Steps in a row without finite numbers after which training ends with an error."""

    def __post_init__(self) -> None:
        if not 2 <= self.min_history <= self.window:
            raise ConfigError(
                f"min_history is {self.min_history} and window is {self.window}.",
                "A median needs two values, and the window must hold them.",
                "Set 2 <= min_history <= window.",
            )


class SpikeWatch:
    """Judges steps one after the other."""

    def __init__(self, config: SpikeConfig) -> None:
        self.config = config
        self.num_broken = 0
        self._histories = tuple(deque[float](maxlen=config.window) for _ in _MIN_RATIOS)

    def reason_to_skip(self, loss: float, gradient_norm: float) -> str | None:
        """Why this step should not be learnt from, or None.

        Raises:
            ZaphodError: too many steps in a row were no finite numbers.
        """
        if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
            return self._broken(loss, gradient_norm)
        self.num_broken = 0
        reason = None
        for what, value, history, ratio in zip(
            ("loss", "gradient norm"), (loss, gradient_norm), self._histories, _MIN_RATIOS, strict=True
        ):
            logarithm = math.log(max(value, 1e-30))
            if self._is_outlier(logarithm, history, ratio):
                reason = reason or f"{what} {value:.3g} against a median of {math.exp(statistics.median(history)):.3g}"
            history.append(logarithm)
        return reason if self.config.skip else None

    def _is_outlier(self, logarithm: float, history: Sequence[float], ratio: float) -> bool:
        if len(history) < self.config.min_history:
            return False
        median = statistics.median(history)
        deviation = statistics.median(abs(value - median) for value in history) * _SIGMAS_PER_DEVIATION
        return logarithm - median > max(self.config.num_sigmas * deviation, math.log(ratio))

    def _broken(self, loss: float, gradient_norm: float) -> str:
        self.num_broken += 1
        if self.num_broken > self.config.max_broken:
            raise ZaphodError(
                f"Loss {loss}, gradient norm {gradient_norm}: {self.num_broken} steps in a row were no finite numbers.",
                "A model whose numbers have broken does not mend by itself.",
                "Lower the learning rate, compute in float32, or look at the data of these steps; then resume.",
            )
        return f"not finite: loss {loss}, gradient norm {gradient_norm}"

    def state(self) -> dict[str, object]:
        """What a resumed run needs."""
        return {"num_broken": self.num_broken, "histories": [list(history) for history in self._histories]}

    def load_state(self, state: dict[str, object]) -> None:
        """Take over what `state` gave."""
        histories, num_broken = state["histories"], state["num_broken"]
        assert isinstance(histories, list)
        assert isinstance(num_broken, int)
        self.num_broken = num_broken
        for mine, saved in zip(self._histories, histories, strict=True):
            mine.clear()
            mine.extend(saved)
