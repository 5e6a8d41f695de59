"""Writes safetensors files, one tensor after the other, without holding them all."""

import json
import math
import os
import struct

import numpy as np

NAMES = {
    "float32": "F32", "float64": "F64", "float16": "F16", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64",
    "uint8": "U8", "bool": "BOOL",
}


def write(path, tensors, metadata=None):
    """tensors: name -> (shape, dtype's name, a function that gives the array), or name -> array."""
    described = {
        name: t if isinstance(t, tuple) else (t.shape, t.dtype.name, lambda t=t: t) for name, t in tensors.items()
    }
    header = {"__metadata__": metadata} if metadata else {}
    # The largest elements first, so that each tensor begins at a multiple of its element's size.
    order = sorted(described, key=lambda name: (-np.dtype(described[name][1]).itemsize, name))
    end = 0
    for name in order:
        shape, dtype, _ = described[name]
        begin, end = end, end + math.prod(shape) * np.dtype(dtype).itemsize
        header[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            shape, dtype, make = described[name]
            array = np.ascontiguousarray(make())
            if array.shape != tuple(shape) or array.dtype.name != dtype:
                raise ValueError(f"{name}: {array.dtype} {array.shape}, where {dtype} {shape} was announced")
            file.write(array.tobytes())
    os.replace(part, path)
