#!/usr/bin/env python3
"""Recommendations of an exported model in ONNX Runtime: recommend.py MODELS/NAME/VERSION ITEM=LABEL...

Needs onnxruntime and numpy alone.  Task fields stay unknown here; a service sets them like the others.
"""

import pathlib
import sys

import numpy as np
import onnxruntime

from catalogue import Catalogue


class Graph:
    """One of a model's graphs: takes inputs by name, of which there may be more than its own, and gives outputs."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's own have no common base
            raise ValueError(f"{path} cannot be used: {error}") from error
        self.inputs = [value.name for value in self.session.get_inputs()]
        self.outputs = [value.name for value in self.session.get_outputs()]

    def __call__(self, inputs):
        answer = self.session.run(self.outputs, {name: inputs[name] for name in self.inputs})
        return dict(zip(self.outputs, answer))


def main(folder, *rows):
    inputs, keys = Catalogue(folder).request(rows)
    answer = Graph(folder / "model.onnx")(inputs)
    for i in np.argsort(-answer["outputs"][0], kind="stable")[:10]:
        print(f"{keys[i]}\t{answer['scores'][0, i]:.6f}")


if __name__ == "__main__":
    try:
        main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
    except (IndexError, OSError, ValueError) as error:
        sys.exit(f"recommend.py: {error}\n{__doc__.splitlines()[0]}")
