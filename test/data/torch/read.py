"""Reads a safetensors file by the safetensors package and says as JSON what it holds; writes it again by torch.save where a second path is given.

    python3 test/data/torch/read.py FILE.safetensors [FILE.pth]
"""

import json
import sys

from safetensors import safe_open
from safetensors.torch import load_file
import torch

path, *more = sys.argv[1:]
with safe_open(path, framework="pt") as file:
    metadata = file.metadata()
state = load_file(path)
for name in more:
    torch.save(state, name)
held = {
    key: {"type": str(value.dtype)[6:], "shape": list(value.shape), "values": value.flatten().double().tolist()}
    for key, value in state.items()
}
print(json.dumps({"metadata": metadata, "tensors": held}))
