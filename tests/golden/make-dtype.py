#!/usr/bin/env python3
"""Writes dtype.txt: random blocks of every quantized weight type, and what the reference makes of them.

A line is a type's name, the bytes of some blocks, and the bits of the dequantized F32 values: the first block's in
full, then the SHA-256 of all. Every bit is random but for the 16-bit scales, which are finite.

Needs libggml-base (any llama.cpp since MXFP4) and the Python packages gguf and numpy; where the two differ, it stops.
"""
import ctypes
import hashlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

HALVES = {
    'Q4_0': [0], 'Q4_1': [0, 2], 'Q5_0': [0], 'Q5_1': [0, 2], 'Q8_0': [0], 'IQ4_NL': [0], 'MXFP4': [],
    'Q2_K': [80, 82], 'Q3_K': [108], 'Q4_K': [0, 2], 'Q5_K': [0, 2], 'Q6_K': [208], 'IQ4_XS': [0],
}


class Traits(ctypes.Structure):
    _fields_ = [('name', ctypes.c_char_p), ('block', ctypes.c_int64), ('interleave', ctypes.c_int64),
                ('size', ctypes.c_size_t), ('quantized', ctypes.c_bool),
                ('to_float', ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64))]


def blocks(random, name, n):
    _, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    data = random.integers(0, 256, (n, size), dtype=np.uint8)
    for at in HALVES[name]:
        half = data[:, at:at + 2].copy().view(np.uint16)
        half[(half & 0x7c00) == 0x7c00] ^= 0x4000
        data[:, at:at + 2] = half.view(np.uint8)
    return data


def main(path):
    ggml = ctypes.CDLL('libggml-base.so')
    ggml.ggml_get_type_traits.restype = ctypes.POINTER(Traits)
    random = np.random.default_rng(20260731)
    with open(path, 'w') as out:
        for name in HALVES:
            number = GGMLQuantizationType[name]
            elements, _ = GGML_QUANT_SIZES[number]
            data = blocks(random, name, 2048 // elements)
            values = np.empty(data.shape[0] * elements, np.float32)
            traits = ggml.ggml_get_type_traits(int(number)).contents
            assert traits.block == elements and traits.size == data.shape[1]
            traits.to_float(data.ctypes.data, values.ctypes.data, values.size)
            other = quants.dequantize(data, number).reshape(-1)
            assert values.tobytes() == other.astype(np.float32).tobytes(), name
            print(name, data.tobytes().hex(), values[:elements].tobytes().hex(),
                  hashlib.sha256(values.tobytes()).hexdigest(), file=out)


main(sys.argv[1])
