"""Row 7: weight files made to be read wrongly. Served, each ends with one error and exit code 3, in little memory.

Fields one by one, and at random: `tests/compute/weights`.
"""

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.server.security.conftest import Here
from tests.support.gguf_files import ARRAY, STRING, UINT32, gguf_bytes, pair, string, tensor_info

from zaphod.model.fetching.references import BUILTIN_FOLDER

HUGE = (1 << 63) + 1
ARCHITECTURE = pair("general.architecture", STRING, string("grok"))


def nested_arrays(depth: int) -> bytes:
    return pair("a", ARRAY, struct.pack("<IQ", ARRAY, 1) * depth + struct.pack("<IQ", UINT32, 0))


def safetensors(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(begin: int, end: int, shape: object = (1,), dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


GGUF: dict[str, Callable[[], bytes]] = {
    "sizes that overflow": lambda: gguf_bytes([ARCHITECTURE], [tensor_info("token_embd.weight", [1 << 32, 1 << 32])]),
    "an offset behind the file": lambda: gguf_bytes(
        [ARCHITECTURE], [tensor_info("token_embd.weight", [4], 0, 1 << 62)]
    ),
    "more pairs than bytes": lambda: gguf_bytes([ARCHITECTURE], num_pairs=HUGE),
    "more tensors than bytes": lambda: gguf_bytes([ARCHITECTURE], num_tensors=1 << 61),
    "a text longer than the file": lambda: gguf_bytes([string("a") + struct.pack("<IQ", STRING, HUGE)]),
    "an array longer than the memory": lambda: gguf_bytes([pair("a", ARRAY, struct.pack("<IQ", UINT32, 1 << 60))]),
    "arrays in arrays": lambda: gguf_bytes([nested_arrays(100_000)]),
    "a name twice": lambda: gguf_bytes([ARCHITECTURE, ARCHITECTURE]),
    "another byte order": lambda: gguf_bytes([ARCHITECTURE], version=3 << 24),
    "a million dimensions": lambda: gguf_bytes([ARCHITECTURE], [tensor_info("a", [1] * 1_000_000)]),
}
SAFETENSORS: dict[str, Callable[[], bytes]] = {
    "a header longer than the file": lambda: struct.pack("<Q", HUGE) + b"{}",
    "a hundred megabytes announced": lambda: struct.pack("<Q", 99_000_000) + b"{" * 1000,
    "an offset behind the file": lambda: safetensors({"a": tensor(0, 1 << 62, (1 << 60,))}),
    "a negative offset": lambda: safetensors({"a": tensor(-4, 0)}, bytes(8)),
    "tensors over one another": lambda: safetensors({"a": tensor(0, 8, (2,)), "b": tensor(4, 12, (2,))}, bytes(12)),
    "a shape that overflows": lambda: safetensors({"a": tensor(0, 4, (1 << 32, 1 << 32, 4))}, bytes(4)),
    "a name twice": lambda: safetensors(b'{"a":' + json.dumps(tensor(0, 4)).encode() + b',"a":{}}', bytes(4)),
    "braces without end": lambda: safetensors(b'{"a":' * 100_000),
    "a length of another type": lambda: safetensors({"a": tensor(0, 4, ["1"])}, bytes(4)),
}
FILES = {f"{name}.gguf": make for name, make in GGUF.items()}
FILES |= {f"{name}.safetensors": make for name, make in SAFETENSORS.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_by_its_name(zaphod_here: Here, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name]())
    ended = zaphod_here("serve", name, "--port", "0")
    assert ended.returncode == 3, ended
    assert name in ended.stderr
    assert ended.stderr.count("zaphod:") == 1


def test_they_are_refused_in_little_memory(tmp_path: Path) -> None:
    """Half a gigabyte of addresses holds the program and no more: none of them makes it allocate what they announce."""
    for name, make in FILES.items():
        (tmp_path / name).write_bytes(make())
    ended = subprocess.run(
        ["sh", "-c", f'ulimit -v 900000 && exec "{sys.executable}" -P -c "$1" "$@"', "sh", READ_ALL, *FILES],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.stdout.split() == ["refused"] * len(FILES), ended.stderr


READ_ALL = """
import sys
from pathlib import Path
from zaphod.compute.weights.open import open_checkpoint
from zaphod.core.errors import WeightsError
for name in sys.argv[2:]:
    try:
        open_checkpoint(Path(name)).close()
    except WeightsError:
        print("refused")
"""


@pytest.mark.parametrize("content", ["a", "[" * 200_000, '{"model": {"type": "BPE", "vocab": ' + "[" * 100_000])
def test_a_hostile_vocabulary_is_refused(zaphod_here: Here, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "packed.safetensors").symlink_to(BUILTIN_FOLDER / "packed.safetensors")
    (folder / "tokenizer.json").write_text(content)
    assert zaphod_here("serve", "model", "--port", "0").returncode == 4
