"""Blocks of weights and what gguf-py 0.19 makes of them: the oracle of our encoders.

Usage: python tests/parity/make-quantization-fixtures.py    (needs numpy and gguf==0.19.0)
Writes tests/parity/fixtures/quantization/gguf-blocks.json: rows of 64 float32 numbers and their bytes in each type, in base64.
"""
import base64
import json
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import quants

ROW = 64
random = np.random.default_rng(20240917)


def rows():
    """Plain rows of several magnitudes, and the corners: zeros, one element, ties, halves, equal magnitudes of both signs, tiny numbers."""
    made = [random.standard_normal(ROW) * scale for scale in (1, 0.02, 1e-4, 300, 1e-6)]
    made.append(np.zeros(ROW))
    single = np.zeros(ROW)
    single[5], single[40] = -3.5, 0.25
    made.append(single)
    made.append(np.linspace(-1, 1, ROW))
    made.append(np.tile([0.5, -0.5], ROW // 2))
    # With a largest magnitude of 127 the scale is 1, so these are exact halves: they round away from zero.
    halves = np.arange(ROW) - 31.5
    halves[0], halves[33] = 127, -127
    made.append(halves)
    # Steps of 1/8 of the largest, and halves of a step, for four bits.
    eighths = (np.arange(ROW) % 17 - 8) / 2
    eighths[3], eighths[35] = -8, 8
    made.append(eighths)
    made.append(random.standard_normal(ROW) ** 5)
    return np.stack(made).astype(np.float32)


values = rows()
text = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
types = {"f32": Type.F32, "f16": Type.F16, "bf16": Type.BF16, "q8_0": Type.Q8_0, "q4_0": Type.Q4_0}
encoded = {name: quants.quantize(values, kind) for name, kind in types.items()}
fixture = {
    "source": "gguf-py 0.19.0, quants.quantize and quants.dequantize",
    "rows": len(values),
    "rowLength": ROW,
    "values": text(values),
    "encoded": {name: text(data) for name, data in encoded.items()},
    "decoded": {name: text(quants.dequantize(data, types[name])) for name, data in encoded.items()},
}
target = Path(__file__).parent / "fixtures" / "quantization" / "gguf-blocks.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(fixture, indent=1) + "\n")
print(target, target.stat().st_size, "bytes")
