"""What is surely heard is acted on; what is not is asked for again. Recordings: Flite's voices slt and rms."""

from __future__ import annotations

import random
import wave
from pathlib import Path

import numpy as np
import pytest

from zaphod.agents.robotics.speech.grammar import is_sentence, jsgf, sentence
from zaphod.agents.robotics.speech.speech import RATE_HZ, Heard, Samples, Whisper, read_wav, transcribe
from zaphod.core.errors import ConfigError, RequestError

RECORDINGS = Path(__file__).parent / "recordings"


class Unsure:
    """An engine that guesses."""

    def hear(self, samples: Samples) -> Heard:
        return Heard(text="pick up the glass", confidence=0.4)


def written(path: Path, values: np.ndarray, rate_hz: int = RATE_HZ, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(values.astype(np.int16 if width == 2 else np.uint8).tobytes())
    return path


def test_the_instruction_of_the_first_page_is_heard_to_the_word() -> None:
    pytest.importorskip("pocketsphinx", reason="the extra speech is not installed")
    heard = transcribe(RECORDINGS / "command.wav")
    assert heard.text == "pick up the fragile glass and place it carefully on the shelf"
    assert heard.confidence > 0.9


def test_a_thing_that_the_robot_cannot_carry_is_heard_as_what_it_is() -> None:
    pytest.importorskip("pocketsphinx", reason="the extra speech is not installed")
    assert transcribe(RECORDINGS / "bottle.wav").text == "pick up the bottle"


def test_other_speech_does_not_become_a_command() -> None:
    pytest.importorskip("pocketsphinx", reason="the extra speech is not installed")
    with pytest.raises(RequestError, match="not surely understood"):
        transcribe(RECORDINGS / "other.wav")


def test_noise_does_not_become_a_command(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="the extra speech is not installed")
    noise = np.random.default_rng(0).normal(0, 3000, RATE_HZ)
    with pytest.raises(RequestError, match="not surely understood"):
        transcribe(written(tmp_path / "noise.wav", noise))


def test_a_guess_is_told_and_refused() -> None:
    with pytest.raises(RequestError, match=r"confidence 0.40.*pick up the glass.*\n.*\nSay it again"):
        transcribe(RECORDINGS / "command.wav", Unsure())


@pytest.mark.parametrize(
    ("seconds", "level", "told"), [(1.0, 0, "Nobody speaks"), (0.1, 3000, "0.1 s long"), (40.0, 3000, "40.0 s long")]
)
def test_what_nobody_said_is_refused(tmp_path: Path, seconds: float, level: float, told: str) -> None:
    path = written(tmp_path / "said.wav", np.full(round(seconds * RATE_HZ), level))
    with pytest.raises(RequestError, match=told):
        transcribe(path, Unsure())


def test_a_file_that_is_no_recording_says_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"RIFF and nothing else")
    with pytest.raises(RequestError, match="WAV file is wanted"):
        read_wav(tmp_path / "no.wav")
    with pytest.raises(RequestError, match="cannot be read"):
        read_wav(tmp_path / "absent.wav")


@pytest.mark.parametrize(("rate_hz", "channels", "width"), [(44_100, 2, 2), (8_000, 1, 2), (22_050, 1, 1)])
def test_a_tone_keeps_its_pitch_and_its_strength(tmp_path: Path, rate_hz: int, channels: int, width: int) -> None:
    times = np.arange(rate_hz) / rate_hz
    tone = np.sin(2 * np.pi * 440 * times) * (8000 if width == 2 else 60)
    values = np.repeat(tone if width == 2 else tone + 128, channels)
    samples = read_wav(written(tmp_path / "tone.wav", values, rate_hz, channels, width)).astype(float)
    assert len(samples) == RATE_HZ
    assert np.argmax(np.abs(np.fft.rfft(samples))) == 440
    assert np.abs(samples).max() == pytest.approx(8000 if width == 2 else 60 * 256, rel=0.1)


def test_whisper_without_weights_fetches_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none are fetched"):
        Whisper(tmp_path / "base.pt")


def test_sentences_of_the_grammar_are_sentences_and_their_beginnings_are_none() -> None:
    rng = random.Random(0)
    for _ in range(200):
        said = sentence(rng)
        assert is_sentence(said)
        assert not is_sentence(said + " and")
    assert not is_sentence("pick up the")
    assert "public <command>" in jsgf()
