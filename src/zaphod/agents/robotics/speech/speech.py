"""An instruction from a recording of somebody's voice, on this machine alone; what is not surely heard is refused.

Engines: PocketSphinx, whose English models come with it (`zaphod[speech]`), and Whisper with a file of weights that
lies here already. PocketSphinx listens twice: with the grammar of what can be said to the robot, and openly with
everyday English. Where the open ear is much surer than the grammar, something else was said: a grammar alone would turn
any sound into a command.
"""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from zaphod.agents.robotics.speech.grammar import is_sentence, jsgf
from zaphod.core.errors import ConfigError, MissingExtraError, RequestError

RATE_HZ: Final = 16_000
MOST_S: Final = 30.0
LEAST_S: Final = 0.3
LEAST_CONFIDENCE: Final = 0.5
_LOUDEST: Final = 32_767
_QUIETEST: Final = 100
"""Largest value of a recording in which nobody speaks, of 32,767."""

_PRONOUNCED: Final = {"windowsill": "W IH N D OW S IH L"}
"""Words of the grammar that the engine's dictionary lacks, in ARPAbet."""
_LIMIT_PER_S, _SLOPE_PER_S = 0.17, 0.02
"""Chosen on 70 spoken sentences, with and without noise (`benchmarks/speech.py`): commands fit better than everyday
English by 0.16 a second and more, but for few, other speech by 0.15 and less."""

Samples = NDArray[np.int16]
"""[T] at `RATE_HZ`."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What somebody said."""

    text: str
    confidence: float
    """0 to 1; below `LEAST_CONFIDENCE` it is a guess."""


class Engine(Protocol):
    """Turns samples into words."""

    def hear(self, samples: Samples) -> Heard:
        """The likeliest words; empty where there are none."""


def transcribe(path: Path | str, engine: Engine | None = None) -> Heard:
    """What is said in a WAV file.

    Args:
        path: PCM, 8 or 16 bits, any rate, at most `MOST_S` long.
        engine: by default PocketSphinx.

    Raises:
        RequestError: it is no such file, or not surely understood.
        MissingExtraError: no engine is installed.
    """
    samples = read_wav(Path(path))
    if np.abs(samples).max() < _QUIETEST:
        raise RequestError("Nobody speaks in this recording.", "", "Say it again, closer to the microphone.")
    heard = (engine or PocketSphinx()).hear(samples)
    if not heard.text or heard.confidence < LEAST_CONFIDENCE:
        guess = f" The nearest guess is “{heard.text}”." if heard.text else ""
        raise RequestError(
            f"It was not surely understood (confidence {heard.confidence:.2f}).{guess}",
            f"A robot acts on nothing below {LEAST_CONFIDENCE:.2f}.",
            "Say it again, or write it.",
        )
    return heard


class PocketSphinx:
    """Hidden Markov models on the CPU; the models are part of the package."""

    def __init__(self) -> None:
        try:
            import pocketsphinx
        except ImportError as error:
            raise MissingExtraError("pocketsphinx", "speech") from error
        config = pocketsphinx.Config(loglevel="FATAL", samprate=float(RATE_HZ))
        self._decoder: Any = pocketsphinx.Decoder(config)
        self._open = self._decoder.current_search()
        for word, phones in _PRONOUNCED.items():
            self._decoder.add_word(word, phones)
        self._decoder.add_jsgf_string("command", jsgf())

    def hear(self, samples: Samples) -> Heard:
        """See `Engine`."""
        said, score = self._decoded("command", samples)
        if not is_sentence(said):
            return Heard(text=said, confidence=0.0)
        _, open_score = self._decoded(self._open, samples)
        return Heard(text=said, confidence=_confidence(score, open_score, len(samples) / RATE_HZ))

    def _decoded(self, search: str, samples: Samples) -> tuple[str, float]:
        """Words, and how well they fit the sound, as a logarithm on the engine's own scale."""
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        if hypothesis is None or not hypothesis.best_score > 0:
            return "", -math.inf
        return hypothesis.hypstr, math.log(hypothesis.best_score)


class Whisper:
    """OpenAI's Whisper with weights that lie here; nothing is fetched.

    Args:
        weights: a `.pt` file.

    Raises:
        ConfigError: there is no such file.
        MissingExtraError: the library is not installed.
    """

    def __init__(self, weights: Path) -> None:
        if not weights.is_file():
            raise ConfigError(
                f"There is no file {weights}.",
                "Whisper needs its weights, and none are fetched.",
                "Download them, and name the .pt file.",
            )
        try:
            import whisper
        except ImportError as error:
            raise MissingExtraError("whisper", "whisper") from error
        self._model: Any = whisper.load_model(str(weights), device="cpu")

    def hear(self, samples: Samples) -> Heard:
        """See `Engine`. Confidence is that of the least sure part."""
        told = self._model.transcribe(samples.astype(np.float32) / (_LOUDEST + 1), language="en", fp16=False)
        parts = told["segments"]
        sure = min((math.exp(p["avg_logprob"]) * (1 - p["no_speech_prob"]) for p in parts), default=0.0)
        return Heard(text=told["text"].strip(), confidence=sure)


def read_wav(path: Path) -> Samples:
    """One channel at `RATE_HZ`, the mean of all.

    Raises:
        RequestError: it is no WAV file of 8 or 16 bits, or too long or too short.
    """
    try:
        with wave.open(str(path)) as file:
            width, rate, num_channels, num = (
                file.getsampwidth(),
                file.getframerate(),
                file.getnchannels(),
                file.getnframes(),
            )
            seconds = num / rate if rate else 0.0
            if not LEAST_S <= seconds <= MOST_S:
                raise RequestError(
                    f"{path.name} is {seconds:.1f} s long.", f"From {LEAST_S} to {MOST_S:g} s can be heard.", ""
                )
            content = file.readframes(num)
    except (OSError, EOFError, wave.Error) as error:
        raise RequestError(
            f"{path.name} cannot be read: {error}.", "A WAV file is wanted (PCM).", "Convert it, as by sox or ffmpeg."
        ) from error
    if width not in (1, 2):
        raise RequestError(f"{path.name} has {8 * width} bits a sample.", "8 or 16 are read.", "Convert it.")
    values = np.frombuffer(content, np.int16 if width == 2 else np.uint8).astype(np.float64)
    if width == 1:
        values = (values - 128) * 256
    mono = values[: len(values) // num_channels * num_channels].reshape(-1, num_channels).mean(axis=1)
    return np.clip(np.round(_at_rate(mono, rate)), -_LOUDEST, _LOUDEST).astype(np.int16)


def _at_rate(values: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    """Resampled by its spectrum, so that nothing above half the rate is folded back."""
    if rate_hz == RATE_HZ:
        return values
    num = round(len(values) * RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(values)
    wanted = np.zeros(num // 2 + 1, dtype=complex)
    shared = min(len(spectrum), len(wanted))
    wanted[:shared] = spectrum[:shared]
    return np.asarray(np.fft.irfft(wanted, num) * (num / len(values)))


def _confidence(score: float, open_score: float, seconds: float) -> float:
    """From how much better a command fits than everyday English: a half at the limit."""
    if not math.isfinite(open_score):
        return 0.0
    better = (score - open_score) / seconds
    return 1 / (1 + math.exp(min((_LIMIT_PER_S - better) / _SLOPE_PER_S, 500.0)))
