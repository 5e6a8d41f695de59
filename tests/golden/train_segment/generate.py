"""Ten steps of examples/train_segment's network in PyTorch, with SGD and with Adam.

    pip install -r ../requirements.txt
    python generate.py                  # writes ten_steps.safetensors beside it

    pictures           F32 (10, 2, 1, 32, 32)   a batch for each step; the network sees the grey three times
    targets            I8  (10, 2, 3, 32, 32)   0 and 1
    begin.conv1.weight ...                      the weights before the first step
    image_gradient     F32 (2, 3, 32, 32)       of the first batch's loss by its three channels, with these weights
    sgd.losses, adam.losses   F64 (10)          binary cross-entropy, the mean, before each step's update
    sgd.conv1.weight ... adam.conv1.weight ...  the weights after the last step

Computed in float64 from float32 numbers, and stored as float32 but for the losses. The metadata has the settings. In
float32 PyTorch itself has to stay ten times as close as the test asks for, or the golden would ask for luck: where a
maximum or a relu is all but undecided, any two orders of a sum part ways.
"""

import json
import pathlib
import struct

import torch
import torch.nn.functional as F

STEPS, BATCH, SIZE, SEED = 10, 2, 32, 1
SETTINGS = {
    "sgd": {"learning_rate": 0.2, "momentum": 0.9, "weight_decay": 0.01},
    "adam": {"learning_rate": 0.003, "momentum": 0.9, "weight_decay": 0.01},
}
LAYERS = {
    "conv1": torch.nn.Conv2d(3, 16, 4),
    "conv2": torch.nn.Conv2d(16, 32, 5),
    "conv3": torch.nn.Conv2d(32, 64, 3),
    "deconv1": torch.nn.ConvTranspose2d(64, 32, 3),
    "deconv2": torch.nn.ConvTranspose2d(32, 16, 5),
    "deconv3": torch.nn.ConvTranspose2d(16, 3, 4),
}


def logits(w, x):
    def conv(name, x):
        return F.conv2d(x, w[name + ".weight"], w[name + ".bias"])

    def deconv(name, x):
        return F.conv_transpose2d(x, w[name + ".weight"], w[name + ".bias"])

    x1 = F.relu(conv("conv1", x))
    x, indices1 = F.max_pool2d(x1, 2, return_indices=True)
    x2 = F.relu(conv("conv2", x))
    x, indices2 = F.max_pool2d(x2, 2, return_indices=True)
    x = F.relu(deconv("deconv1", F.relu(conv("conv3", x))))
    x = F.max_unpool2d(x, indices2, 2, output_size=x2.shape[-2:])
    x = F.relu(deconv("deconv2", x))
    return deconv("deconv3", F.max_unpool2d(x, indices1, 2, output_size=x1.shape[-2:]))


def draw_data():
    """Blobs with a little noise; a pixel is coin, rim or background by how bright the blob is."""
    blobs = F.interpolate(torch.rand(STEPS * BATCH, 1, 6, 6), size=SIZE, mode="bicubic", align_corners=False)
    pictures = (blobs + 0.05 * torch.rand(blobs.shape)).clamp(0, 1)
    targets = torch.cat([blobs > 0.55, (blobs > 0.45) & (blobs < 0.65), blobs <= 0.55], dim=1)
    return pictures.view(STEPS, BATCH, 1, SIZE, SIZE), targets.to(torch.int8).view(STEPS, BATCH, 3, SIZE, SIZE)


def train(method, begin, pictures, targets, dtype):
    weights = {name: w.clone().to(dtype).requires_grad_() for name, w in begin.items()}
    s = SETTINGS[method]
    if method == "sgd":  # decoupled: torch.optim.SGD's own decay is another one
        optimizer = torch.optim.SGD(weights.values(), s["learning_rate"], momentum=s["momentum"])
    else:
        betas = s["momentum"], 0.999
        optimizer = torch.optim.AdamW(weights.values(), s["learning_rate"], betas, weight_decay=s["weight_decay"])
    losses = []
    for picture, target in zip(pictures.to(dtype), targets.to(dtype)):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(logits(weights, picture.expand(-1, 3, -1, -1)), target)
        loss.backward()
        if method == "sgd":
            with torch.no_grad():
                for w in weights.values():
                    w.mul_(1 - s["learning_rate"] * s["weight_decay"])
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64), {name: w.detach() for name, w in weights.items()}


def image_gradient(begin, picture, target):
    weights = {name: w.double() for name, w in begin.items()}
    image = picture.double().expand(-1, 3, -1, -1).contiguous().requires_grad_()
    F.binary_cross_entropy_with_logits(logits(weights, image), target.double()).backward()
    return image.grad.float()


def worst(a, b):
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a)


def save(path, tensors, metadata):
    codes = {torch.float32: "F32", torch.float64: "F64", torch.int8: "I8"}
    header, data = {"__metadata__": metadata}, b""
    for key, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):  # aligned
        content = tensor.contiguous().numpy().tobytes()
        span = [len(data), len(data) + len(content)]
        header[key] = {"dtype": codes[tensor.dtype], "shape": list(tensor.shape), "data_offsets": span}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False
    pictures, targets = draw_data()
    begin = {}
    for name, layer in LAYERS.items():
        fan_in = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
        begin[name + ".weight"] = (torch.rand(layer.weight.shape) * 2 - 1) * (6 / fan_in) ** 0.5
        begin[name + ".bias"] = 0.1 * (torch.rand(layer.bias.shape) * 2 - 1)

    tensors = {"pictures": pictures, "targets": targets} | {"begin." + name: w for name, w in begin.items()}
    tensors["image_gradient"] = image_gradient(begin, pictures[0], targets[0])
    for method in SETTINGS:
        losses, weights = train(method, begin, pictures, targets, torch.float64)
        losses32, weights32 = train(method, begin, pictures, targets, torch.float32)
        apart = float((losses - losses32).abs().max()), worst(weights, weights32)
        print(method, [round(x, 4) for x in losses.tolist()], "float32 is apart by", *apart)
        assert apart[0] <= 1e-6 and apart[1] <= 1e-5
        tensors[method + ".losses"] = losses
        tensors |= {f"{method}.{name}": w.float() for name, w in weights.items()}
    metadata = {
        "torch": torch.__version__.split("+")[0],
        "recipe": "python generate.py",
        "settings": json.dumps(SETTINGS),
    }
    save(pathlib.Path(__file__).with_name("ten_steps.safetensors"), tensors, metadata)


if __name__ == "__main__":
    main()
