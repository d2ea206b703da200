"""llama.cpp's own quantizer, for tests/parity/gguf-quantize.peers.spec.ts and tools/bench/quantize-gguf.mjs.

Usage: python quantize-with-llama-cpp.py JOBS.json
JOBS.json is a list of {"source": F32_OR_BF16.gguf, "target": OUT.gguf, "fileType": NUMBER OF llama_ftype, "threads": N, "importance": {TENSOR: [numbers]} or absent}.
"""
import ctypes
import json
import sys
from pathlib import Path

import llama_cpp


class ImportanceData(ctypes.Structure):
    """llama_model_imatrix_data of llama.h"""

    _fields_ = [("name", ctypes.c_char_p), ("data", ctypes.POINTER(ctypes.c_float)), ("size", ctypes.c_size_t)]


llama_cpp.llama_log_set(silent := llama_cpp.llama_log_callback(lambda *_: None), None)
for job in json.loads(Path(sys.argv[1]).read_text()):
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = job["fileType"]
    parameters.nthread = job.get("threads", 1)
    importance = job.get("importance")
    if importance:
        entries = (ImportanceData * (len(importance) + 1))()
        for entry, (name, numbers) in zip(entries, importance.items()):
            entry.name, entry.size = name.encode(), len(numbers)
            entry.data = ctypes.cast((ctypes.c_float * len(numbers))(*numbers), ctypes.POINTER(ctypes.c_float))
        parameters.imatrix = ctypes.cast(entries, type(parameters.imatrix))
    if llama_cpp.llama_model_quantize(job["source"].encode(), job["target"].encode(), ctypes.byref(parameters)) != 0:
        sys.exit(f"llama.cpp could not quantize {job['source']} to {job['target']}")
