"""export_deconvnet.py reads a .caffemodel: python tools/export_deconvnet_test.py (needs numpy).

The file is written here by another way, field by field, in caffe's old and new form."""

import struct

import numpy as np

import export_deconvnet as exporter


def number(n):
    return bytes([n & 0x7F | 0x80]) + number(n >> 7) if n > 0x7F else bytes([n])


def field(n, content):
    if isinstance(content, int):
        return number(n << 3) + number(content)
    return number(n << 3 | 2) + number(len(content)) + content


def blob(array, new):
    data = field(5, array.astype("<f4").tobytes())
    if new:
        return field(7, field(1, b"".join(map(number, array.shape)))) + data
    shape = (1,) * (4 - array.ndim) + array.shape
    return b"".join(field(i + 1, size) for i, size in enumerate(shape)) + data


def test_reads_both_forms():
    rng = np.random.default_rng(1)
    filters = rng.standard_normal((130, 3, 2, 2)).astype(np.float32)
    bias = rng.standard_normal(130).astype(np.float32)
    scale = rng.standard_normal((1, 130, 1, 1)).astype(np.float32)
    for new, layer, name, blobs in [(False, 2, 4, 6), (True, 100, 1, 7)]:
        conv = field(name, b"conv1_1") + field(5, 4) + field(blobs, blob(filters, new)) + field(blobs, blob(bias, new))
        norm = field(name, b"bn1_1") + field(blobs, blob(scale, new)) + field(blobs, blob(-scale, new))
        net = field(1, b"net") + field(layer, conv) + field(layer, norm) + field(layer, field(name, b"relu1_1"))
        tensors = exporter.tensors_of(exporter.read_caffemodel(memoryview(net)))
        assert sorted(tensors) == ["bn1_1.bias", "bn1_1.weight", "conv1_1.bias", "conv1_1.weight"]
        assert (tensors["conv1_1.weight"] == filters).all() and tensors["conv1_1.weight"].shape == filters.shape
        assert (tensors["conv1_1.bias"] == bias).all() and tensors["conv1_1.bias"].shape == (130,)
        assert (tensors["bn1_1.weight"] == scale.reshape(-1)).all() and tensors["bn1_1.weight"].shape == (130,)
        for cut in range(1, len(net)):  # a part of a file is an error, or a smaller file
            try:
                exporter.tensors_of(exporter.read_caffemodel(memoryview(net[:cut])))
            except exporter.Damaged:
                pass


def test_unpacked_floats():
    message = field(1, 1) + field(2, 1) + field(3, 1) + field(4, 2)
    message += b"".join(number(5 << 3 | 5) + struct.pack("<f", value) for value in (1.5, -2))
    assert exporter.read_blob(memoryview(message)).tolist() == [[[[1.5, -2]]]]


if __name__ == "__main__":
    test_reads_both_forms()
    test_unpacked_floats()
    print("ok")
