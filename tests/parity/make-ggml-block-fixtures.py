"""What libs/quantization/src/schemes/*.spec.ts compare the block types of GGUF with.

Usage: python tests/parity/make-ggml-block-fixtures.py    (needs llama-cpp-python 0.3.36 and gguf==0.19.0)
Writes tests/parity/fixtures/quantization/ggml-blocks.json: rows of 512 float32 numbers, an importance for each column, and the bytes that ggml's own
quantizer (`ggml_quantize_chunk`) makes of the rows in each type, without and with the importance, all in base64. Where gguf-py can encode a type, it must
make the same bytes, or nothing is written.
"""
import base64
import ctypes
import json
from pathlib import Path

import llama_cpp
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

OUT = Path(__file__).parent / "fixtures" / "quantization" / "ggml-blocks.json"
ROW = 512
LEGACY = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]
SEARCHED = ["IQ4_NL", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]

library = ctypes.CDLL(str(next((Path(llama_cpp.__file__).parent / "lib").glob("libggml-base.so*"))))
library.ggml_quantize_chunk.restype = ctypes.c_size_t
library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]


def rows(random):
    """Weights as they occur; heavy tails; numbers on a grid, with ties; and a row of corners, 32 numbers each."""
    plain = random.standard_normal(ROW) * 0.02
    tails = random.standard_normal(ROW) ** 5
    grid = np.round(random.standard_normal(ROW) * 8) / 64
    fading = random.standard_normal(ROW) * np.exp(-np.arange(ROW) / 40)
    corners = [
        np.zeros(32), np.full(32, 0.25), np.full(32, -0.125), np.abs(random.standard_normal(32)), -np.abs(random.standard_normal(32)), np.tile([0.5, -0.5], 16),
        np.eye(32)[5] * -3.5, random.standard_normal(32) * 1e-6, random.standard_normal(32) * 300, np.linspace(-1, 1, 32), np.full(32, 1e-20), np.eye(32)[31] * 1e-3,
        random.standard_normal(32) * 0.01 + np.eye(32)[7] * 4, np.arange(32) - 15.5, np.where(np.arange(32) < 16, 0, random.standard_normal(32)), random.standard_normal(32),
    ]
    return np.stack([plain, tails, grid, fading, np.concatenate(corners), np.zeros(ROW)]).astype(np.float32)


def importances(random):
    """Of several magnitudes; a few columns, and a block of them, never see anything."""
    made = np.exp(2 * random.standard_normal(ROW))
    made[[3, 77]] = 0
    made[96:128] = 0
    return made.astype(np.float32)


def encode(name, values, importance=None):
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    out = np.zeros(values.size // elements * size, np.uint8)
    library.ggml_quantize_chunk(int(kind), values.ctypes.data, out.ctypes.data, 0, *values.shape, importance.ctypes.data if importance is not None else None)
    return out


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


random = np.random.default_rng(20261127)
values, importance = rows(random), importances(random)
plain = {name: encode(name, values) for name in LEGACY + SEARCHED}
for name in LEGACY:
    theirs = quants.quantize(values, GGMLQuantizationType[name]).reshape(-1)
    assert np.array_equal(theirs, plain[name]), f"gguf-py makes other bytes of {name}"
fixture = {
    "source": f"llama-cpp-python {llama_cpp.__version__}, ggml_quantize_chunk",
    "rows": len(values),
    "rowLength": ROW,
    "values": text(values),
    "importance": text(importance),
    "encoded": {name: text(data) for name, data in plain.items()},
    "weighted": {name: text(encode(name, values, importance)) for name in LEGACY + SEARCHED},
}
OUT.write_text(json.dumps(fixture, indent=1) + "\n")
