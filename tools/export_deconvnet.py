"""DeconvNet's weights as a safetensors file, from a .caffemodel, or by the formula of tools/formula.py.

    python tools/export_deconvnet.py DeconvNet_trainval_inference.caffemodel deconvnet.safetensors
    python tools/export_deconvnet.py --formula deconvnet.safetensors

The .caffemodel is that of https://github.com/HyeonwooNoh/DeconvNet (model/get_model.sh). Neither caffe nor protobuf is
needed: the file is a protobuf message, of which the layers' names and blobs are read. LAYER.weight is a layer's first
blob and LAYER.bias its second: of a batch norm in its inference form the scale and the shift.

Needs numpy.
"""

import argparse
import math
import mmap
import pathlib
import sys

import numpy as np

import formula
import tensor_file

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Damaged(Exception):
    pass


def varint(data, at):
    result = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
    raise Damaged(f"a number at byte {at} has no end")


def fields(data):
    """(number, wire type, value) of a message's fields; a value is a number, or a memoryview of its bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = varint(data, at)
        else:
            if wire == BYTES:
                length, at = varint(data, at)
            elif wire in (FIXED32, FIXED64):
                length = 4 if wire == FIXED32 else 8
            else:
                raise Damaged(f"a field of wire type {wire}")
            if length > len(data) - at:
                raise Damaged(f"a field of {length} bytes, of which {len(data) - at} are there")
            value, at = data[at : at + length], at + length
        yield number, wire, value


def text(value):
    if not isinstance(value, memoryview):
        raise Damaged("a name that is a number")
    return bytes(value).decode("utf-8", "replace")


def integers(wire, value):
    """Those of a repeated field, which may be packed."""
    if wire == VARINT:
        return [value]
    result, at = [], 0
    while at < len(value):
        one, at = varint(value, at)
        result.append(one)
    return result


def read_blob(message):
    """A BlobProto: num, channels, height, width 1 to 4, data 5 (float), shape 7 (dim 1), double_data 8."""
    old, new, parts = {}, None, []
    for number, wire, value in fields(message):
        if number in (1, 2, 3, 4) and wire == VARINT:
            old[number] = value
        elif number == 7 and wire == BYTES:
            new = [size for n, w, v in fields(value) if n == 1 for size in integers(w, v)]
        elif number in (5, 8) and wire in (BYTES, FIXED32, FIXED64):
            dtype = np.dtype("<f4" if number == 5 else "<f8")
            if len(value) % dtype.itemsize:
                raise Damaged("numbers that are cut off")
            parts.append(np.frombuffer(value, dtype))
    data = np.concatenate(parts).astype(np.float32, copy=False) if parts else np.empty(0, np.float32)
    shape = new if new is not None else [old.get(i, 1) for i in (1, 2, 3, 4)]
    if math.prod(shape) != data.size:
        raise Damaged(f"a blob of the shape {shape} with {data.size} numbers")
    return data.reshape(shape)


def read_caffemodel(data):
    """layer's name -> its blobs. A NetParameter has old layers in field 2 (name 4, blobs 6), new ones in 100 (1, 7)."""
    result = {}
    for number, wire, layer in fields(data):
        if number not in (2, 100) or wire != BYTES:
            continue
        name_field, blobs_field = (4, 6) if number == 2 else (1, 7)
        found = list(fields(layer))
        names = [text(value) for n, w, value in found if n == name_field and w == BYTES]
        blobs = [read_blob(value) for n, w, value in found if n == blobs_field and w == BYTES]
        if blobs:
            if len(names) != 1:
                raise Damaged("a layer with blobs and without a name")
            if names[0] in result:
                raise Damaged(f"two layers of the name {names[0]}")
            result[names[0]] = blobs
    return result


def tensors_of(layers):
    """Vectors lose caffe's dimensions of size 1 before and behind them: (1, C, 1, 1) or (1, 1, 1, C) -> (C)."""
    result = {}
    for name, blobs in layers.items():
        if len(blobs) > 2:
            raise Damaged(f"layer {name} has {len(blobs)} blobs")
        for blob, role in zip(blobs, ("weight", "bias")):
            is_vector = role == "bias" or (max(blob.shape, default=1) == blob.size and "bn" in name)
            result[f"{name}.{role}"] = blob.reshape(-1) if is_vector else blob
    return result


def formula_tensors(width):
    sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "tests/golden/networks"))
    import deconvnet  # the layers, once more in PyTorch

    return {
        name: (shape, "float32", lambda name=name, s=(shape, bound, centre): formula.values(name, *s))
        for name, (shape, bound, centre) in deconvnet.described(width).items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("caffemodel", nargs="?", help="the trained network")
    parser.add_argument("out", help="the safetensors file to write")
    parser.add_argument("--formula", action="store_true", help="weights of the formula instead (needs torch)")
    parser.add_argument("--width", type=int, default=1, help="with --formula: divides the channels")
    arguments = parser.parse_args()
    if arguments.formula == (arguments.caffemodel is not None):
        parser.error("either a .caffemodel or --formula")
    if arguments.formula:
        tensors = formula_tensors(arguments.width)
    else:
        try:
            with open(arguments.caffemodel, "rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            tensors = tensors_of(read_caffemodel(memoryview(mapped)))
            if not tensors:
                raise Damaged("no layer has blobs")
        except (Damaged, ValueError, OSError) as e:
            sys.exit(f"{arguments.caffemodel}: not a .caffemodel that can be read: {e}")
    tensor_file.write(arguments.out, tensors, {"format": "pt", "origin": "HyeonwooNoh/DeconvNet"})
    print(f"{arguments.out}: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
