"""GGUF files for tests: some from the official library, some byte by byte, so that every field can be wrong."""

import struct

import gguf
import numpy as np

from zaphod.compute.quant import EncodedTensor

STRING, ARRAY, UINT32 = 8, 9, 4
_PLAIN = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


def library_type(number_format):
    """The official library's member for one of our formats."""
    return gguf.GGMLQuantizationType[_PLAIN.get(number_format.name, number_format.name.upper())]


def write_with_library(path, tensors, add_pairs=lambda writer: None, **options):
    """A file of the official writer. `tensors`: name to an EncodedTensor of any format."""
    writer = gguf.GGUFWriter(path, "grok", **options)
    add_pairs(writer)
    for name, tensor in tensors.items():
        [stored] = tensor.parts.values()
        if tensor.format.name == "bfloat16":
            stored = stored.view("u2").view("u1")
        writer.add_tensor(name, stored, raw_dtype=library_type(tensor.format))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def random_tensor(number_format, shape):
    """A tensor of any format. Bytes of blocks are below 64, which makes every scale finite."""
    rng = np.random.default_rng(0)
    [(part, spec)] = number_format.part_specs(shape).items()
    if part == "blocks":
        return EncodedTensor(shape, number_format, {part: rng.integers(0, 64, spec.shape, np.uint8)})
    return EncodedTensor(shape, number_format, {part: rng.normal(size=spec.shape).astype(spec.dtype)})


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key, type_number, value: bytes):
    return string(key) + struct.pack("<I", type_number) + value


def tensor_info(name, file_dims, type_number=0, offset=0):
    dims = struct.pack(f"<I{len(file_dims)}Q", len(file_dims), *file_dims)
    return string(name) + dims + struct.pack("<IQ", type_number, offset)


def gguf_bytes(pairs=(), infos=(), data=b"", *, version=3, num_tensors=None, num_pairs=None, magic=b"GGUF"):
    counts = (len(infos) if num_tensors is None else num_tensors, len(pairs) if num_pairs is None else num_pairs)
    header = magic + struct.pack("<IQQ", version, *counts) + b"".join([*pairs, *infos])
    return header + bytes(-len(header) % 32) + data
