import contextlib
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.gguf_files import ARRAY, STRING, UINT32, gguf_bytes, pair, string, tensor_info

from zaphod.compute.weights.gguf_header import GGUFFile
from zaphod.core.errors import CorruptFileError, WeightsError, ZaphodError

PAIRS = [
    pair("general.architecture", STRING, string("grok")),
    pair("general.alignment", UINT32, struct.pack("<I", 32)),
    pair("texts", ARRAY, struct.pack("<IQ", STRING, 2) + string("a") + string("b")),
    pair("numbers", ARRAY, struct.pack("<IQ3f", 6, 3, 1, 2, 3)),
    pair("nested", ARRAY, struct.pack("<IQIQ2b", ARRAY, 1, 1, 2, -1, 1)),
]
INFOS = [tensor_info("a", [4, 2], 0, 0), tensor_info("b", [32], 8, 32), tensor_info("c", [3], 99, 96)]
SOUND = gguf_bytes(PAIRS, INFOS, bytes(128))
EXTREMES = (0, 1, 2**31, 2**32 - 1, 2**60, 2**63, 2**64 - 1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.gguf"


def refused(path, content, complaint, kind=CorruptFileError):
    path.write_bytes(content)
    with pytest.raises(kind, match=complaint) as caught:
        GGUFFile(path)
    assert "x.gguf" in caught.value.found
    assert caught.value.wanted


def test_every_part_of_a_sound_header_is_read(path):
    path.write_bytes(SOUND)
    file = GGUFFile(path)
    assert file.metadata == {
        "general.architecture": "grok",
        "general.alignment": 32,
        "texts": ["a", "b"],
        "numbers": [1.0, 2.0, 3.0],
        "nested": [[-1, 1]],
    }
    assert [(t.shape, t.type_number, t.offset - (len(SOUND) - 128)) for t in file.tensors.values()] == [
        ((2, 4), 0, 0),
        ((32,), 8, 32),
        ((3,), 99, 96),
    ]


def test_version_2_is_read_as_version_3(path):
    path.write_bytes(gguf_bytes(PAIRS, INFOS, bytes(128), version=2))
    assert len(GGUFFile(path).tensors) == 3


@pytest.mark.parametrize("version", [0, 1, 4])
def test_another_version_is_refused_by_its_number(path, version):
    refused(path, gguf_bytes(version=version), f"version {version}", WeightsError)


def test_a_big_endian_file_is_refused_by_name(path):
    refused(path, b"GGUF" + struct.pack(">IQQ", 3, 1, 1) + bytes(64), "big-endian", WeightsError)


@pytest.mark.parametrize("count", [5, 2**31, 2**60, 2**64 - 1])
def test_counts_that_the_file_has_no_room_for_are_refused(path, count):
    refused(path, gguf_bytes(num_tensors=count, data=bytes(64)), f"declares {count} tensors")
    refused(path, gguf_bytes(num_pairs=count, data=bytes(8)), f"declares {count} key-value pairs")


def test_more_entries_than_any_model_has_are_refused_before_they_are_read(path):
    room = bytes(1 << 23)
    refused(path, gguf_bytes(num_tensors=2**18 + 1, data=room), "262145 tensors, more than 262144")
    refused(path, gguf_bytes(num_pairs=2**16 + 1, data=room), "65537 key-value pairs, more than 65536")


def test_a_header_beyond_any_vocabulary_is_refused_before_it_is_read(path):
    with path.open("wb") as file:
        file.write(gguf_bytes([pair("k", ARRAY, struct.pack("<IQ", 0, 2**29))]))
        file.truncate(2**30)
    with pytest.raises(CorruptFileError, match="declares 536870912 numbers"):
        GGUFFile(path)


@pytest.mark.parametrize(
    ("pairs", "infos", "complaint"),
    [
        ([PAIRS[0], PAIRS[0]], [], "'general.architecture' twice"),
        ([], [tensor_info("a", [1]), tensor_info("a", [1], 0, 32)], "'a' twice"),
        ([], [tensor_info("a", [1, 1, 1, 1, 1])], "5 dimensions"),
        ([], [tensor_info("a", [2**40, 2**40])], "more elements"),
        ([], [tensor_info("a", [0, 2**64 - 1])], "more elements"),
        ([], [tensor_info("a", [33], 8)], "cannot be"),
        ([], [tensor_info("a", [], 8)], "cannot be"),
        ([], [tensor_info("a", [1], 0, 16)], "no multiple of 32"),
        ([], [tensor_info("a", [1], 0, 2**63)], "ends at"),
        ([], [tensor_info("a", [17], 0, 64)], "'a' ends at"),
        ([], [tensor_info("a", [1], 99, 2**20)], "'a' ends at"),
        ([], [tensor_info("a", [9]), tensor_info("b", [1], 0, 32)], "overlap at tensor 'b'"),
        ([], [tensor_info("a", [1]), tensor_info("b", [1], 99, 0)], "overlap"),
        ([], [tensor_info("", [1])], "name of tensor 0"),
        ([], [tensor_info("a\n", [1])], "name of tensor 0"),
        ([pair("\0", UINT32, bytes(4))], [], "key 0"),
        ([pair("general.alignment", UINT32, bytes(4))], [], "power of two"),
        ([pair("general.alignment", UINT32, struct.pack("<I", 24))], [], "power of two"),
        ([pair("general.alignment", STRING, string("32"))], [], "power of two"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(path, pairs, infos, complaint):
    refused(path, gguf_bytes(pairs, infos, bytes(128)), complaint)


@pytest.mark.parametrize("length", range(0, len(SOUND) - 32, 5))
def test_a_truncated_file_is_refused_by_name(path, length):
    refused(path, SOUND[:length], r"x\.gguf")


def test_a_file_without_tensors_may_end_with_its_header(path):
    path.write_bytes(gguf_bytes([pair("k", UINT32, bytes(4))])[:41])
    assert GGUFFile(path).tensors == {}


def opens_or_is_refused(path, content):
    path.write_bytes(content)
    with contextlib.suppress(ZaphodError):
        GGUFFile(path)


QUICK = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_flipped_bytes_give_no_other_error(path, changes):
    content = bytearray(SOUND)
    for position, byte in changes:
        content[position] = byte
    opens_or_is_refused(path, bytes(content))


@QUICK
@given(st.integers(0, len(SOUND) - 8), st.sampled_from(EXTREMES), st.sampled_from(["<Q", "<I"]))
def test_extreme_numbers_in_any_place_give_no_other_error(path, position, value, width):
    number = struct.pack(width, value & (2**64 - 1 if width == "<Q" else 2**32 - 1))
    opens_or_is_refused(path, SOUND[:position] + number + SOUND[position + len(number) :])


@QUICK
@given(st.integers(0, len(SOUND)), st.integers(0, len(SOUND)), st.binary(max_size=16))
def test_pieces_cut_out_and_put_in_give_no_other_error(path, start, end, inserted):
    opens_or_is_refused(path, SOUND[:start] + inserted + SOUND[end:])


@QUICK
@given(st.binary(max_size=200))
def test_noise_after_the_mark_gives_no_other_error(path, noise):
    opens_or_is_refused(path, b"GGUF\x03\0\0\0" + noise)
