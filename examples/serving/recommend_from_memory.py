#!/usr/bin/env python3
"""Recommendations from a kept memory: recommend_from_memory.py MODELS/NAME/VERSION MEMORIES.parquet KEY

The memory is a list of numbers, here of the file that `warmstart export --memories` wrote; from a store it comes the
same.  model.json says how to cut it into what NAME-score takes.  Needs onnxruntime, numpy and, for the file, pyarrow.
"""

import pathlib
import sys

import numpy as np
import pyarrow.parquet

from catalogue import Catalogue
from recommend import Graph


def cut(numbers, tensors):
    """The tensors of one task that a list of numbers is."""
    cut = {}
    for tensor in tensors:
        own = numbers[tensor["offset"] :][: int(np.prod(tensor["sizes"]))]
        cut[tensor["name"]] = np.array(own, np.float32).reshape(1, *tensor["sizes"])
    return cut


def main(folder, memories, key):
    catalogue = Catalogue(folder)
    model = catalogue.model
    rows = pyarrow.parquet.read_table(memories, filters=[(model["schema"]["task"], "=", key)]).to_pylist()
    if not rows:
        raise ValueError(f"{memories} has no {key}")
    if (rows[0]["model"], rows[0]["version"]) != (model["name"], folder.name):
        raise ValueError(f"{key}: its memory is {rows[0]['model']}'s version {rows[0]['version']}: make it anew")
    inputs = cut(rows[0]["memory"], model["memory"]["tensors"])
    keys = list(catalogue.entities)
    inputs |= catalogue.inputs("candidates", [catalogue.row(key) for key in keys])
    answer = Graph(folder.parent.parent / f"{model['name']}-score" / folder.name / "model.onnx")(inputs)
    for i in np.argsort(-answer["outputs"][0], kind="stable")[:10]:
        print(f"{keys[i]}\t{answer['scores'][0, i]:.6f}")


if __name__ == "__main__":
    try:
        main(pathlib.Path(sys.argv[1]).resolve(), *sys.argv[2:4])
    except (IndexError, TypeError, OSError, ValueError) as error:
        sys.exit(f"recommend_from_memory.py: {error}\n{__doc__.splitlines()[0]}")
