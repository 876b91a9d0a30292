"""Prints a NIR file as JSON, as Python's package nir reads it, types checked unless asked not to. Usage: read.py FILE [unchecked]"""

import json
import sys

import nir
import numpy as np


def plain(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value.decode() if isinstance(value, bytes) else value


graph = nir.read(sys.argv[1], type_check=sys.argv[2:] != ["unchecked"])
nodes = {name: plain(node.to_dict()) for name, node in graph.nodes.items()}
print(json.dumps({"nodes": nodes, "edges": plain(graph.edges), "metadata": plain(graph.metadata)}))
