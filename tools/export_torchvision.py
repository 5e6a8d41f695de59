"""torchvision's VGG16 as a safetensors file for examples/vgg16_deconv.

    python tools/export_torchvision.py vgg16.safetensors                     # downloads the ImageNet weights
    python tools/export_torchvision.py vgg16.safetensors --checkpoint F.pth  # a file that is there, such as vgg16-397923af.pth

Writes features.0.weight ... features.28.bias. Needs numpy, torch, and for the download torchvision.
"""

import argparse
import re
import sys

import torch

import tensor_file

# Channels before and behind each convolution, by its number.
CONVOLUTIONS = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256),
    17: (256, 512), 19: (512, 512), 21: (512, 512), 24: (512, 512), 26: (512, 512), 28: (512, 512),
}  # fmt: skip


def state_dict_of(checkpoint):
    if checkpoint:
        return torch.load(checkpoint, map_location="cpu", weights_only=True)
    import torchvision

    return torchvision.models.vgg16(weights=torchvision.models.VGG16_Weights.IMAGENET1K_V1).state_dict()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", help="the safetensors file to write")
    parser.add_argument("--checkpoint", help="a file of vgg16's state_dict, instead of a download")
    arguments = parser.parse_args()
    state = state_dict_of(arguments.checkpoint)
    tensors = {
        name: tensor.to(torch.float32).numpy() for name, tensor in state.items() if re.match(r"features\.\d+\.", name)
    }
    for number, (before, behind) in CONVOLUTIONS.items():
        for role, shape in (("weight", (behind, before, 3, 3)), ("bias", (behind,))):
            found = tensors.get(f"features.{number}.{role}")
            if found is None or found.shape != shape:
                sys.exit(f"features.{number}.{role} is {found if found is None else found.shape}, not VGG16's {shape}")
    tensor_file.write(arguments.out, tensors, {"format": "pt", "origin": "torchvision vgg16"})
    print(f"{arguments.out}: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
