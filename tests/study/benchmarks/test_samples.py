"""What was measured is measured once, and never mixed with what was measured otherwise."""

import pytest

from zaphod.core.errors import ConfigError
from zaphod.study.benchmarks.noise import Noise
from zaphod.study.benchmarks.samples import Record, Sample

NOISE = Noise(load_average=1.0, cpu_share=0.5, foreign_share=None)
SAMPLE = Sample(file="m", case="decode", engine="zaphod", pair=3, value=1.5, noise=NOISE, details={"variant": "x"})


def test_a_record_opened_again_holds_its_samples(tmp_path):
    Record(tmp_path / "r", {"threads": 2}).add(SAMPLE)
    again = Record(tmp_path / "r", {"threads": 2})
    assert again.samples == [SAMPLE]
    assert again.has("m", "decode", "zaphod", 3)
    assert not again.has("m", "decode", "zaphod", 2)


def test_half_a_last_line_is_forgotten(tmp_path):
    Record(tmp_path / "r").add(SAMPLE)
    with (tmp_path / "r").open("a") as file:
        file.write('{"file": "m", "ca')
    again = Record(tmp_path / "r")
    again.add(SAMPLE)
    assert Record(tmp_path / "r").samples == [SAMPLE, SAMPLE]


def test_other_settings_are_refused(tmp_path):
    Record(tmp_path / "r", {"threads": 2})
    with pytest.raises(ConfigError, match="'threads': 2"):
        Record(tmp_path / "r", {"threads": 1})


@pytest.mark.parametrize("content", ["", "no JSON\n", "[]\n", '{"settings": {}}\n{"value": 1}\n'])
def test_a_file_that_is_no_record_is_refused_and_kept(tmp_path, content):
    (tmp_path / "r").write_text(content)
    with pytest.raises(ConfigError, match="no record"):
        Record(tmp_path / "r")
    assert (tmp_path / "r").read_text() == content


def test_without_a_file_samples_are_kept_in_memory():
    record = Record()
    record.add(SAMPLE)
    assert record.samples == [SAMPLE]
