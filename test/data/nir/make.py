"""Makes huge.nir: a graph whose weight declares 2^60 numbers and holds none. Usage: make.py FOLDER"""

import pathlib
import sys

import h5py
import numpy as np

with h5py.File(pathlib.Path(sys.argv[1]) / "huge.nir", "w") as f:
    f["version"] = "1.0.8"
    graph = f.create_group("node")
    graph["type"] = "NIRGraph"
    graph["edges"] = np.array([["input", "w"], ["w", "output"]], dtype=h5py.string_dtype())
    nodes = graph.create_group("nodes")
    for name, kind, shape in [("input", "Input", 2**30), ("w", "Linear", None), ("output", "Output", 2**30)]:
        node = nodes.create_group(name)
        node["type"] = kind
        if shape is not None:
            node["shape"] = np.array([shape])
    nodes["w"].create_dataset("weight", (2**30, 2**30), dtype="f4", chunks=(64, 64))
