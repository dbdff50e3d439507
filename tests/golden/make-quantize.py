#!/usr/bin/env python3
"""Writes quantize.txt: what the reference's quantizer makes of made-up rows and of whole models.

    make-quantize.py quantize.txt MODEL.gguf…

A line `error TYPE KIND SUM` is the squared error of ggml's encoder (no importance matrix) on the rows that values()
makes, as test-quantize.c makes them. A line `model ARCHITECTURE LAYERS EXPERTS` opens the tensors of a model, each
`tensor NAME DIMENSIONS COLUMNS` and the types that llama-quantize gives it for MIXTURES, in their order.

Needs libggml-base, llama-quantize and the Python packages gguf and numpy. The models that were used: SmolLM2-135M in
F32, the tiny qwen3moe and gpt-oss of random weights, and a tiny deepseek2 of llama.cpp's own test-llama-archs.
"""
import ctypes
import os
import subprocess
import sys
import tempfile

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, quants

MIXTURES = ['Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'Q4_0', 'MXFP4_MOE']
ENCODERS = ['Q4_0', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K', 'MXFP4']
KINDS = ['bell', 'outliers', 'offset', 'uniform']
N = 16384


def values(kind):
    """All steps are exact in F32, so that any language makes the same ones."""
    state, out = 12345, np.empty(N, np.float32)
    for i in range(N):
        total = 0
        for _ in range(1 if kind == 'uniform' else 4):
            state = (state * 1664525 + 1013904223) & 0xffffffff
            total += state >> 24
        x = (total - (127.5 if kind == 'uniform' else 510)) / 4096
        if kind == 'outliers' and i % 97 == 0:
            x *= 16
        out[i] = x + (0.0625 if kind == 'offset' else 0)
    return out


def errors(out):
    ggml = ctypes.CDLL('libggml-base.so')
    ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
    ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64,
                                         ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    for kind in KINDS:
        x = values(kind)
        for name in ENCODERS:
            number, blocks = GGMLQuantizationType[name], np.empty(N * 2, np.uint8)
            size = ggml.ggml_quantize_chunk(int(number), x.ctypes.data, blocks.ctypes.data, 0, N // 256, 256, None)
            back = quants.dequantize(blocks[:size].reshape(N // 256, -1), number).reshape(-1)
            error = ((back.astype(np.float64) - x.astype(np.float64)) ** 2).sum()
            print('error', name, kind, repr(float(error)), file=out)


def number_of(reader, key):
    field = reader.fields.get(key)
    return int(field.parts[field.data[0]][0]) if field else 0


def model(path, out):
    reader = GGUFReader(path)
    field = reader.fields['general.architecture']
    architecture = bytes(field.parts[field.data[0]]).decode()
    columns = []
    with tempfile.TemporaryDirectory() as folder:
        for name in MIXTURES:
            made = os.path.join(folder, name)
            subprocess.run(['llama-quantize', path, made, name], check=True, capture_output=True)
            columns.append({t.name: t.tensor_type.name for t in GGUFReader(made).tensors})
    print('model', architecture, number_of(reader, architecture + '.block_count'),
          number_of(reader, architecture + '.expert_count'), file=out)
    for t in reader.tensors:
        print('tensor', t.name, len(t.shape), t.shape[0], *[c[t.name] for c in columns], file=out)


def main(path, *models):
    with open(path, 'w') as out:
        errors(out)
        for name in models:
            model(name, out)


main(*sys.argv[1:])
