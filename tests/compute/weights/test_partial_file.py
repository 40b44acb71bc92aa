import json

import ml_dtypes
import numpy as np
import pytest

from zaphod.compute.quant import BFLOAT16, FLOAT32
from zaphod.compute.quant.tensor import EncodedTensor
from zaphod.compute.weights.partial_file import PartialFile, Place, write_whole
from zaphod.compute.weights.plan import PlannedTensor
from zaphod.core.errors import WeightsError

HEADER = b"HEAD"
EXPERTS = PlannedTensor("experts", (3, 2), FLOAT32)
NORM = PlannedTensor("norm", (4,), FLOAT32)
VALUES = {"experts": np.arange(6, dtype=np.float32).reshape(3, 2), "norm": np.full(4, 9, np.float32)}
WHOLE = HEADER + VALUES["experts"].tobytes() + VALUES["norm"].tobytes()


def partial(folder, header=HEADER, source=""):
    places = {
        "experts": {"values": Place(4, FLOAT32.part_specs((3, 2))["values"])},
        "norm": {"values": Place(28, FLOAT32.part_specs((4,))["values"])},
    }
    return PartialFile(
        folder / "out", header=header, tensors=[EXPERTS, NORM], places=places, total_bytes=44, source=source
    )


def encoded(values):
    return EncodedTensor(values.shape, FLOAT32, {"values": values})


def entries(values):
    return (encoded(entry) for entry in values)


def test_tensors_written_in_any_order_and_in_pieces_give_the_planned_bytes(tmp_path):
    file = partial(tmp_path)
    file.write("norm", [encoded(VALUES["norm"])])
    file.write("experts", entries(VALUES["experts"]))
    assert file.publish().read_bytes() == WHOLE
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_nothing_has_the_final_name_before_publication(tmp_path):
    file = partial(tmp_path)
    file.write("norm", [encoded(VALUES["norm"])])
    assert not (tmp_path / "out").exists()
    with pytest.raises(WeightsError, match="experts"):
        file.publish()
    assert not (tmp_path / "out").exists()


def test_an_interrupted_file_goes_on_where_it_stopped(tmp_path):
    first = partial(tmp_path)
    first.write("norm", [encoded(VALUES["norm"])])
    with pytest.raises(KeyboardInterrupt):
        first.write("experts", interrupted(VALUES["experts"]))
    second = partial(tmp_path)
    assert second.is_written("norm")
    assert not second.is_written("experts")
    second.write("experts", entries(VALUES["experts"]))
    assert second.publish().read_bytes() == WHOLE


def interrupted(values):
    yield encoded(values[0])
    raise KeyboardInterrupt


@pytest.mark.parametrize("changed", [{"header": b"HEAL"}, {"source": "another model"}])
def test_another_plan_or_source_begins_anew(tmp_path, changed):
    partial(tmp_path).write("norm", [encoded(VALUES["norm"])])
    assert not partial(tmp_path, **changed).is_written("norm")


def test_a_journal_line_that_was_cut_off_does_not_count(tmp_path):
    partial(tmp_path).write("norm", [encoded(VALUES["norm"])])
    journal = tmp_path / "out.partial.json"
    journal.write_text(journal.read_text() + '"exper')
    file = partial(tmp_path)
    assert file.missing() == ["experts"]
    file.write("experts", entries(VALUES["experts"]))
    assert partial(tmp_path).missing() == []


def test_a_journal_without_its_data_is_ignored(tmp_path):
    partial(tmp_path).write("norm", [encoded(VALUES["norm"])])
    (tmp_path / "out.partial").unlink()
    assert not partial(tmp_path).is_written("norm")


@pytest.mark.parametrize("content", ["", "not json\n", "[]\n[]\n"])
def test_an_unreadable_journal_is_ignored(tmp_path, content):
    partial(tmp_path).write("norm", [encoded(VALUES["norm"])])
    (tmp_path / "out.partial.json").write_text(content)
    assert not partial(tmp_path).is_written("norm")


def test_an_unreadable_name_in_the_journal_is_ignored(tmp_path):
    partial(tmp_path).write("norm", [encoded(VALUES["norm"])])
    journal = tmp_path / "out.partial.json"
    journal.write_text(json.dumps(json.loads(journal.read_text().splitlines()[0])) + "\n{{\n")
    assert not partial(tmp_path).is_written("norm")


def test_a_file_renamed_before_the_interruption_counts_as_written(tmp_path):
    file = partial(tmp_path)
    file.write("norm", [encoded(VALUES["norm"])])
    file.write("experts", entries(VALUES["experts"]))
    file.rename()
    again = partial(tmp_path)
    assert again.missing() == []
    assert again.publish().read_bytes() == WHOLE
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("number", [2, 4])
def test_the_wrong_number_of_pieces_is_refused(tmp_path, number):
    file = partial(tmp_path)
    with pytest.raises(WeightsError, match="experts"):
        file.write("experts", entries(np.zeros((number, 2), np.float32)))
    assert not file.is_written("experts")


@pytest.mark.parametrize("values", [np.zeros((3, 3), np.float32), np.zeros((3, 2), np.float64)])
def test_a_piece_of_the_wrong_shape_or_dtype_is_refused(tmp_path, values):
    with pytest.raises(WeightsError, match="experts"):
        partial(tmp_path).write("experts", [encoded(values)])


def test_strided_and_bfloat16_arrays_are_written_in_order(tmp_path):
    values = np.arange(6).astype(ml_dtypes.bfloat16).reshape(2, 3).T
    tensor = PlannedTensor("w", (3, 2), BFLOAT16)
    places = {"w": {"values": Place(0, BFLOAT16.part_specs((3, 2))["values"])}}
    file = PartialFile(tmp_path / "out", header=b"", tensors=[tensor], places=places, total_bytes=12)
    file.write("w", [EncodedTensor((3, 2), BFLOAT16, {"values": values})])
    assert file.publish().read_bytes() == np.ascontiguousarray(values).tobytes()


def test_a_scalar_is_one_piece(tmp_path):
    tensor = PlannedTensor("w", (), FLOAT32)
    places = {"w": {"values": Place(0, FLOAT32.part_specs(())["values"])}}
    file = PartialFile(tmp_path / "out", header=b"", tensors=[tensor], places=places, total_bytes=4)
    file.write("w", [encoded(np.array(2, np.float32))])
    assert file.publish().read_bytes() == np.float32(2).tobytes()


def test_a_small_file_replaces_an_older_one_whole(tmp_path):
    write_whole(tmp_path / "config.json", b"old and long")
    write_whole(tmp_path / "config.json", b"new")
    assert (tmp_path / "config.json").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]
