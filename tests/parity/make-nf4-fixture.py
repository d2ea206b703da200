"""What bitsandbytes makes of a matrix in NF4 with double quantization.

    python tests/parity/make-nf4-fixture.py

Needs torch and bitsandbytes (its CPU library); works offline. Writes tests/parity/fixtures/training/nf4.json: the shape, the numbers' formula in words,
the codes, the codes of the scales and every 97th number of the matrix written out again.
"""
import base64
import json
from pathlib import Path

import torch
from bitsandbytes import functional

ROWS, COLUMNS = 150, 130  # 19,500 numbers: the last block is not full, and there are more than 256 scales
count = ROWS * COLUMNS
place = torch.arange(count, dtype=torch.float64)
weight = (((place * 7919 + 13) % 1009 - 504) / 504 * ((place // 64) % 17 + 1) / 17).to(torch.float32).reshape(ROWS, COLUMNS)
codes, state = functional.quantize_4bit(weight, blocksize=64, compress_statistics=True, quant_type="nf4")
restored = functional.dequantize_4bit(codes, state).flatten()

encoded = lambda tensor: base64.b64encode(bytes(tensor.flatten().tolist())).decode()
Path(__file__).parent.joinpath("fixtures", "training", "nf4.json").write_text(json.dumps({
    "shape": [ROWS, COLUMNS],
    "formula": "((i * 7919 + 13) % 1009 - 504) / 504 * (floor(i / 64) % 17 + 1) / 17 in float64, then float32",
    "codes": encoded(codes),
    "scaleCodes": encoded(state.absmax),
    "scaleScales": state.state2.absmax.tolist(),
    "scaleOffset": state.offset.item(),
    "restored": [round(value, 7) for value in restored[::97].tolist()],
}) + "\n")
