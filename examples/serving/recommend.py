#!/usr/bin/env python3
"""Recommendations of an exported model in ONNX Runtime: recommend.py MODELS/NAME/VERSION ITEM=LABEL...

Needs onnxruntime and numpy alone.  Task fields stay unknown here; a service sets them like the others.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime

folder = pathlib.Path(sys.argv[1])
support = [argument.rsplit("=", 1) for argument in sys.argv[2:]]
model = json.loads((folder / "model.json").read_text())
header, *lines = (folder / "entities.tsv").read_text().splitlines()
columns = header.split("\t")[1:]
entities = {line.split("\t")[0]: dict(zip(columns, line.split("\t")[1:])) for line in lines}


def values(part, keys):
    """The fields of entities as one task's inputs: ids, padded with 0 where there are several, or numbers."""
    inputs = {}
    for column in columns:
        name, cells = f"{part}.{column}", [entities.get(key, {}).get(column, "") for key in keys]
        kind = model["inputs"][name]["kind"]
        if kind == "dense":
            inputs[name] = np.array([[float(cell or "nan") for cell in cells]], np.float32)
        elif kind == "categorical":
            inputs[name] = np.array([[int(cell or 0) for cell in cells]], np.int64)
        else:
            lists = [[int(i) for i in cell.split(",") if i] for cell in cells]
            width = max(map(len, lists), default=0) or 1
            inputs[name] = np.array([[ids + [0] * (width - len(ids)) for ids in lists]], np.int64).reshape(1, len(keys), width)
    return inputs


candidates = [key for key in entities if key not in dict(support)]
inputs = values("support", [key for key, _ in support]) | values("candidates", candidates)
inputs["support.label"] = np.array([[float(label) for _, label in support]], np.float32).reshape(1, -1)
inputs["support.mask"] = np.ones_like(inputs["support.label"])
for name, field in model["inputs"].items():
    if name.startswith("task."):
        shape = (1, 1) if field["kind"] == "multi" else (1,)
        inputs[name] = np.full(shape, np.nan, np.float32) if field["kind"] == "dense" else np.zeros(shape, np.int64)

session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
wanted = {value.name for value in session.get_inputs()}
names = [value.name for value in session.get_outputs()]
answer = dict(zip(names, session.run(names, {name: value for name, value in inputs.items() if name in wanted})))
for i in np.argsort(-answer["outputs"][0], kind="stable")[:10]:
    print(f"{candidates[i]}\t{answer['scores'][0, i]:.6f}")
