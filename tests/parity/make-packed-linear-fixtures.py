"""How compressed-tensors and AutoGPTQ lay packed linears out: what libs/quantization/src/exporters/hf is compared with.

Usage: python tests/parity/make-packed-linear-fixtures.py AUTO_GPTQ    (needs torch, transformers and compressed-tensors==0.20.0; AUTO_GPTQ: the folder
of an unpacked wheel of auto-gptq==0.7.1, of which one file is run)
Writes tests/parity/fixtures/quantization/packed-linears.json: for 3, 4 and 8 bits the levels of a matrix [32 out, 64 in] and the zero points of its two groups
of columns, and the words that both libraries make of them, in base64.
"""
import base64
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import torch
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32

ROWS, COLUMNS, GROUP = 32, 64, 32
OUT = Path(__file__).parent / "fixtures" / "quantization" / "packed-linears.json"


def auto_gptq_linear(folder):
    path = Path(folder) / "auto_gptq" / "nn_modules" / "qlinear" / "qlinear_cuda_old.py"
    spec = importlib.util.spec_from_file_location("qlinear_cuda_old", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.QuantLinear


def text(tensor):
    return base64.b64encode(np.ascontiguousarray(tensor).tobytes()).decode()


def main(folder):
    quant_linear = auto_gptq_linear(folder)
    random = np.random.default_rng(20261127)
    cases = []
    for bits in (3, 4, 8):
        levels = random.integers(0, 2**bits, (ROWS, COLUMNS))
        # No zero point of 0: version 1 of the format stores one less.
        zeros = random.integers(1, 2**bits, (ROWS, COLUMNS // GROUP))
        offset = 2 ** (bits - 1)
        signed = lambda values: torch.from_numpy((values - offset).astype(np.int8))
        packed = pack_to_int32(signed(levels), bits)
        packed_zeros = pack_to_int32(signed(zeros), bits, packed_dim=0)

        linear = torch.nn.Linear(COLUMNS, ROWS, bias=False, dtype=torch.float32)
        groups = np.arange(COLUMNS) // GROUP
        linear.weight.data = torch.from_numpy((levels - zeros[:, groups]).astype(np.float32))
        ones = torch.ones(ROWS, COLUMNS // GROUP)
        gptq = quant_linear(bits, GROUP, COLUMNS, ROWS, bias=False, weight_dtype=torch.float32)
        gptq.pack(linear, ones, torch.from_numpy(zeros.astype(np.float32)), None)
        cases.append(
            {
                "bits": bits,
                "levels": text(levels.astype(np.uint8)),
                "zeros": text(zeros.astype(np.uint8)),
                "weight_packed": text(packed.numpy()),
                "weight_zero_point": text(packed_zeros.numpy()),
                "qweight": text(gptq.qweight.numpy()),
                "qzeros": text(gptq.qzeros.numpy()),
            }
        )
    OUT.write_text(json.dumps({"rows": ROWS, "columns": COLUMNS, "group": GROUP, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
