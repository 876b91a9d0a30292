"""Writes the checkpoints and safetensors files of this folder, and truth.json, by PyTorch and safetensors: not by stllr.

    python3 -m venv venv && venv/bin/pip install torch numpy safetensors && venv/bin/python test/data/torch/make.py

The networks have the names and shapes of the official code's layers (github.com/mapolinario94/S-TLLR); what they answer is computed here in
float64 from the order of operations that its paper tells.
"""

import json
import os

import safetensors.torch
import torch
from torch import nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(6)
truth = {}


def note(name, state):
    """What a file holds: the type, shape and elements of each tensor."""
    truth[name] = {
        key: {"type": str(value.dtype)[6:], "shape": " ".join(map(str, value.shape)), "values": " ".join(map(text, value.flatten()))}
        for key, value in state.items()
    }


def text(number):
    """A number in as few digits as give it back in its type; others than float32 as float64."""
    return str(number.detach().numpy()) if number.dtype == torch.float32 else repr(float(number))


def neurons(layer, count, leak, factors, shape):
    """What the official code adds to a layer, in its order: leak (before the sigmoid), threshold, gain, factors."""
    layer.leak = nn.Parameter(torch.tensor(float(leak)), requires_grad=False)
    layer.threshold = nn.Parameter(torch.tensor(0.6), requires_grad=False)
    layer.gain = nn.Parameter(1 + 0.25 * torch.randn(count, *shape))
    layer.register_buffer("factors", torch.tensor(factors))
    nn.init.normal_(layer.bias, std=0.05)
    return layer


class Dense(nn.Module):
    """Two spiking layers and a readout that gathers."""

    def __init__(self):
        super().__init__()
        self.linear1 = neurons(nn.Linear(24, 16), 16, 2.0, [0.2, 0.75, -1.0, 1.0], (1,))
        self.linear2 = neurons(nn.Linear(16, 12), 12, 1.0, [0.2, 0.75, -1.0, 1.0], (1,))
        self.last_layer = neurons(nn.Linear(12, 4), 4, 5, [0.0, 0.99, 0.0, 1.0], (1,))


class Recurrent(nn.Module):
    """A recurrent layer, with a hook's random matrix as for DFA, and a readout that gathers."""

    def __init__(self):
        super().__init__()
        self.linear1 = neurons(nn.Linear(20, 10), 10, 5, [0.5, 1.0, 1.0, 1.0], (1,))
        self.linear1.gain_rec = nn.Parameter(1 + 0.25 * torch.randn(10, 1))
        self.linear1.weight_rec = nn.Parameter(0.3 * torch.randn(10, 10))
        self.linear1_hook = nn.Module()
        self.linear1_hook.fixed_fb_weights = nn.Parameter(torch.randn(5, 10), requires_grad=False)
        self.last_layer = neurons(nn.Linear(10, 5), 5, 5, [0.0, 0.99, 0.0, 1.0], (1,))


class Conv(nn.Module):
    """Two convolutions, then (what the file does not say) pooling by 2 behind each, and a linear layer without memory."""

    def __init__(self):
        super().__init__()
        self.conv1 = neurons(nn.Conv2d(2, 4, 3, 1, 1), 4, 0.0, [0.2, 0.75, -1.0, 1.0], (1, 1, 1))
        self.conv2 = neurons(nn.Conv2d(4, 6, 3, 1, 1), 6, 0.0, [0.2, 0.75, -1.0, 1.0], (1, 1, 1))
        self.linear16 = nn.Linear(6 * 2 * 2, 3)


def checkpoint(name, model):
    """As the official code saves it, with the optimiser after a step."""
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.01)
    optimizer.step()
    state = model.state_dict()
    torch.save(
        {
            "epoch": 3,
            "arch": "stllr_net",
            "state_dict": state,
            "best_acc1": torch.tensor(71.5),
            "optimizer": optimizer.state_dict(),
        },
        name,
    )
    note(name, state)


for name, model in (("dense", Dense()), ("recurrent", Recurrent()), ("conv", Conv())):
    checkpoint(f"{name}.pth.tar", model)

# A plain Sequential: as it is, of the old layout, of DataParallel, and as safetensors.
plain = nn.Sequential(nn.Linear(18, 14), nn.ReLU(), nn.Linear(14, 3, bias=False))
torch.save(plain.state_dict(), "sequential.pth")
torch.save(plain.state_dict(), "legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"net": nn.DataParallel(plain).state_dict(), "epoch": 1}, "parallel.pth")
safetensors.torch.save_file(plain.state_dict(), "sequential.safetensors", metadata={"format": "pt", "by": "make.py"})
note("sequential.pth", plain.state_dict())

# Every type; views of one storage; strides of every kind; nothing, and a single number.
base = torch.arange(24, dtype=torch.float32) / 8 - 1
views = {
    "transposed": base.reshape(4, 6).t(),
    "permuted": base.reshape(2, 3, 4).permute(2, 0, 1),
    "every second": base[1::2],
    "a column": base.reshape(4, 6)[:, 5],
    "a window": base.reshape(4, 6)[1:3, 2:5],
    "whole": base,
    "one": base[7],
    "none": torch.empty(0, 3),
}
numbers = torch.tensor([0.0, -0.5, 1.0, 3.140625, -2.0**-10, 250.0])
floats = {str(t)[6:]: numbers.to(t) for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
floats["float16 small"] = torch.tensor([2.0**-24, -(2.0**-15), 65504.0], dtype=torch.float16)
floats["float64 fine"] = torch.tensor([1 / 3, -1e-300], dtype=torch.float64)
whole = {}
for t in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8):
    least = torch.iinfo(t).min if t not in (torch.int64,) else -(2**53)
    most = min(torch.iinfo(t).max, 2**53)
    whole[str(t)[6:]] = torch.tensor([least, 0, 1, most], dtype=t)
whole["bool"] = torch.tensor([True, False, True])
torch.save({**floats, **whole, **views}, "types.pth")
note("types.pth", {**floats, **whole, **views})
flat = {key: value.clone().contiguous() for key, value in {**floats, **whole, **views}.items()}
safetensors.torch.save_file(flat, "types.safetensors")
torch.save({"weight": nn.Parameter(base.reshape(4, 6)), "float": base.clone()}, "parameter.pth")
note("parameter.pth", {"weight": base.reshape(4, 6), "float": base})

# What is refused.
torch.save({"0.weight": torch.ones(3, 1).expand(3, 4)}, "overlap.pth")
torch.save(plain, "module.pth")
torch.save({"0.weight": torch.eye(3).to_sparse()}, "sparse.pth")
torch.save({"a": {"x": torch.ones(2)}, "b": {"y": torch.ones(2)}}, "two.pth")
holes = plain.state_dict()
holes = {key: value.clone() for key, value in holes.items()}
holes["0.weight"][2, 5] = float("nan")
torch.save(holes, "nan.pth")
holes["0.weight"][2, 5] = float("-inf")
safetensors.torch.save_file(holes, "infinite.safetensors")
for name in ("sequential", "types", "infinite"):
    # Nobody else may read what it writes.
    os.chmod(f"{name}.safetensors", 0o644)

with open("truth.json", "w") as file:
    json.dump(truth, file, indent="\t")
    file.write("\n")
