"""Writes libs/checkpoints/src/fixtures/gguf-blocks.json: random blocks of every type that we decode, and their values after gguf-py.

    python tests/parity/make-gguf-fixtures.py        (needs gguf 0.19.0 and numpy)
"""

import base64
import json
from pathlib import Path

import numpy
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Where the float16 numbers lie in a block: these must stay finite, everything else may be any bits.
HALVES = {
    "F16": [0], "BF16": [], "F32": [], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}
EDGES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3C00, 0xBC01, 0x7BFF, 0xFBFF]

random = numpy.random.default_rng(20251)
fixtures = []
for name, halves in HALVES.items():
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    blocks = 64 if elements == 1 else 12 if elements == 32 else 10
    data = random.integers(0, 256, (blocks, size), dtype=numpy.uint8)
    for at in halves:
        values = random.normal(0, 0.05, blocks).astype(numpy.float16).view(numpy.uint16)
        values[: len(EDGES)] = random.permutation(EDGES)[:blocks]
        data[:, at : at + 2] = values.view(numpy.uint8).reshape(blocks, 2)
    if name in ("F32", "BF16"):
        data[:, size - 1] &= 0xBF  # keeps the exponent below that of infinity
    values = dequantize(data.reshape(-1), kind).astype(numpy.float32).reshape(-1)
    assert numpy.isfinite(values).all(), name
    fixtures.append({"type": name, "blocks": base64.b64encode(data.tobytes()).decode(), "values": base64.b64encode(values.tobytes()).decode()})

target = Path(__file__).parents[2] / "libs/checkpoints/src/fixtures/gguf-blocks.json"
target.parent.mkdir(exist_ok=True)
target.write_text(json.dumps(fixtures, indent=1) + "\n")
print(f"{target}: {target.stat().st_size} bytes")
