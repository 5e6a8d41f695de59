"""Samples of the networks of examples/, computed by PyTorch.

    pip install -r ../requirements.txt numpy pillow
    python generate.py                 # the narrow ones, which the tests read
    python generate.py --full          # and whole DeconvNet, which `deconvnet --check` reads

`samples.py` says what is in a file. The weights are those of tools/formula.py, the picture is the middle of
examples/segment/data/coins.png.
"""

import argparse
import pathlib
import sys

import torch

import conv_deconv
import deconvnet
import fcn
import samples
import vgg16_deconv

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import export_torch  # noqa: E402
import formula  # noqa: E402
import tensor_file  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def write_deconvnet(width, name):
    weights = deconvnet.weights(width)
    x = deconvnet.pixels(samples.middle_of_coins(deconvnet.SIDE))

    def run(dtype, pool):
        return deconvnet.run({key: w.to(dtype) for key, w in weights.items()}, x.to(dtype), width, pool)

    samples.write(HERE / name, run, 300, {"width": str(width)})


def write_vgg16(last, rule, name):
    """The projection of the strongest map of a layer."""
    weights = vgg16_deconv.weights(8)
    x = vgg16_deconv.pixels(samples.middle_of_coins(224))
    maps = vgg16_deconv.features({key: w.double() for key, w in weights.items()}, x.double(), last, samples.pool)[0][0]
    number = maps.amax((1, 2)).argmax().item()

    def run(dtype, pool):
        w = {key: value.to(dtype) for key, value in weights.items()}
        maps, switches = vgg16_deconv.features(w, x.to(dtype), last, pool)
        return vgg16_deconv.project(w, maps[:, number : number + 1], number, last, switches, rule)

    settings = {"width": "8", "layer": str(last), "map": str(number), "rule": rule}
    samples.write(HERE / name, run, 300, settings)


def write_fcn(width, name):
    """Its scores, and for the narrow one the graph that export_torch.py makes of it."""
    module = fcn.load_formula(fcn.FCN(width))
    x = fcn.pixels(samples.middle_of_coins(224))
    modules = {torch.float32: module, torch.float64: fcn.load_formula(fcn.FCN(width)).double()}
    samples.write(HERE / f"{name}.safetensors", lambda dtype, pool: modules[dtype](x.to(dtype)), 300, {"width": str(width)})
    if width > 1:
        export_torch.export(module, [[1, 3, 224, 224]], HERE / name, output_names=["scores"], weights=False)


def write_formula():
    """Tensors of the formula: NAME|BOUND|CENTRE -> its numbers."""
    cases = [("a", (7,), 1, 0), ("conv1_1.weight", (4, 3, 3, 3), formula.he_bound(27), 0), ("é", (2, 3), 1 / 4, 1)]
    tensors = {f"{name}|{bound!r}|{centre}": formula.values(name, shape, bound, centre) for name, shape, bound, centre in cases}
    tensor_file.write(HERE / "formula.safetensors", tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="whole DeconvNet too")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    with torch.no_grad():
        write_formula()
        export_torch.export(conv_deconv.conv_deconv(), [[1, 3, -1, -1]], HERE.parents[2] / "examples/fcn/conv_deconv", output_names=["y"], weights=False)
        write_deconvnet(8, "deconvnet_8.safetensors")
        write_vgg16(29, "repository", "vgg16_29.safetensors")
        write_vgg16(14, "zeiler", "vgg16_14.safetensors")
        write_fcn(8, "fcn_8")
        if arguments.full:
            write_fcn(1, "fcn")
            write_deconvnet(1, "deconvnet.safetensors")


if __name__ == "__main__":
    main()
