"""Number formats: how the values of a tensor are stored, with pack, unpack and bytes per weight."""

from zaphod.compute.quant.error import FormatError, measure
from zaphod.compute.quant.formats import format_named
from zaphod.compute.quant.ggml import GGML_FORMATS, GGML_TYPES, GGMLFormat
from zaphod.compute.quant.int4 import Int4
from zaphod.compute.quant.int8 import Int8
from zaphod.compute.quant.nf4 import NF4
from zaphod.compute.quant.plain import BFLOAT16, FLOAT16, FLOAT32
from zaphod.compute.quant.tensor import EncodedTensor, PartSpec, QuantFormat

__all__ = [
    "BFLOAT16",
    "FLOAT16",
    "FLOAT32",
    "GGML_FORMATS",
    "GGML_TYPES",
    "NF4",
    "EncodedTensor",
    "FormatError",
    "GGMLFormat",
    "Int4",
    "Int8",
    "PartSpec",
    "QuantFormat",
    "format_named",
    "measure",
]
