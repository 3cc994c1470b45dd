#!/usr/bin/env python3
"""Recommendations from a kept memory: recommend_from_memory.py MODELS/NAME/VERSION MEMORIES.parquet KEY

The memory is a list of numbers, here of the file that `warmstart export --memories` wrote; from a store it comes the
same.  model.json says how to cut it into what NAME-score takes.  Needs onnxruntime, numpy and, for the file, pyarrow.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime
import pyarrow.parquet

folder, key = pathlib.Path(sys.argv[1]).resolve(), sys.argv[3]
model = json.loads((folder / "model.json").read_text())
task = model["schema"]["task"]
row = next(row for row in pyarrow.parquet.read_table(sys.argv[2]).to_pylist() if row[task] == key)
if (row["model"], row["version"]) != (model["name"], folder.name):
    sys.exit(f"{key}: its memory is {row['model']}'s version {row['version']}: make it anew")

inputs = {}
for tensor in model["memory"]["tensors"]:
    numbers = row["memory"][tensor["offset"]:][:int(np.prod(tensor["sizes"]))]
    inputs[tensor["name"]] = np.array(numbers, np.float32).reshape(1, *tensor["sizes"])

header, *lines = (folder / "entities.tsv").read_text().splitlines()
columns = header.split("\t")[1:]
entities = [line.split("\t") for line in lines]
for number, column in enumerate(columns, 1):
    name, cells = f"candidates.{column}", [entity[number] for entity in entities]
    kind = model["inputs"][name]["kind"]
    if kind == "dense":
        inputs[name] = np.array([[float(cell or "nan") for cell in cells]], np.float32)
    elif kind == "categorical":
        inputs[name] = np.array([[int(cell or 0) for cell in cells]], np.int64)
    else:
        lists = [[int(i) for i in cell.split(",") if i] for cell in cells]
        width = max(map(len, lists), default=0) or 1
        inputs[name] = np.array([[ids + [0] * (width - len(ids)) for ids in lists]], np.int64)

score = folder.parent.parent / f"{model['name']}-score" / folder.name / "model.onnx"
session = onnxruntime.InferenceSession(score, providers=["CPUExecutionProvider"])
wanted = {value.name for value in session.get_inputs()}
names = [value.name for value in session.get_outputs()]
answer = dict(zip(names, session.run(names, {name: value for name, value in inputs.items() if name in wanted})))
for i in np.argsort(-answer["outputs"][0], kind="stable")[:10]:
    print(f"{entities[i][0]}\t{answer['scores'][0, i]:.6f}")
