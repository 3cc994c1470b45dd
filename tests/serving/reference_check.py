#!/usr/bin/env python3
"""An exported model by the ONNX project's own checker and evaluator, which share no code with the runtime.

reference_check.py MODELS/NAME/VERSION [TOLERANCE]: every graph is well formed, and the sample request of model.json has
the sample's answer in one call and in two; an updated memory and a ranking are finite.  Prints the largest difference.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun


class Gather(OpRun):
    """In place of onnx 1.22's own, which fails on indices that do not lie one after the other in memory."""

    op_domain = ""

    def _run(self, data, indices, axis=None):
        return (np.take(data, indices, axis=axis or 0),)


class DequantizeLinear(OpRun):
    """Of opset 13, which onnx 1.22's evaluator leaves out."""

    op_domain = ""

    def _run(self, data, scale, axis=None, **_):
        shape = [1] * data.ndim
        shape[1 if axis is None else axis] = -1
        return (data.astype(np.float32) * scale.reshape(shape),)


def arrays(values, described):
    types = {value["name"]: np.int64 if value["type"] == "int64" else np.float32 for value in described}
    sizes = {value["name"]: len(value["sizes"]) for value in described}
    filled = {name: np.array(values[name], dtype=object) for name in types if name in values}
    made = {}
    for name, array in filled.items():
        array[array == None] = np.nan  # noqa: E711: element by element
        made[name] = array.astype(types[name]).reshape(array.shape if array.ndim == sizes[name] else (1, 0, 0)[: sizes[name]])
    return made


class Graphs:
    def __init__(self, version):
        self.model = json.loads((version / "model.json").read_text("utf-8"))
        self.name = self.model["name"]
        self.evaluators = {}
        for name in self.model["graphs"]:
            path = version.parent.parent / name / version.name / "model.onnx"
            onnx.checker.check_model(path, full_check=True)
            self.evaluators[name] = ReferenceEvaluator(str(path), new_ops=[Gather, DequantizeLinear])

    def run(self, kind, values):
        name = self.name + kind
        described = self.model["graphs"][name]
        answer = self.evaluators[name].run(None, {one["name"]: values[one["name"]] for one in described["inputs"]})
        return {one["name"]: value for one, value in zip(described["outputs"], answer)}


def difference(answer, expected, mask):
    worst = 0.0
    for name in ("scores", "outputs", "deviations"):
        if name in expected and name in answer:
            off = np.abs(answer[name] - expected[name]) / np.maximum(1.0, np.abs(expected[name]))
            worst = max(worst, float(np.max(off * mask, initial=0.0)))
    return worst


def main(version, tolerance):
    graphs = Graphs(version)
    sample, described = graphs.model["sample"], graphs.model["graphs"][graphs.name]
    request, expected = (arrays(sample["request"], described["inputs"]), arrays(sample["answer"], described["outputs"]))
    everywhere = np.ones_like(expected["scores"])
    memory = graphs.run("-adapt", request)
    worst = max(
        difference(graphs.run("", request), expected, everywhere),
        difference(graphs.run("-score", request | memory), expected, everywhere),
    )
    if graphs.name + "-update" in graphs.evaluators:
        row = {name: value[:, :1] for name, value in request.items() if name.startswith("support.")}
        for name, value in graphs.run("-update", memory | row).items():
            assert np.isfinite(value).all(), name
    if graphs.name + "-rank" in graphs.evaluators:
        ranked = graphs.run("-rank", memory | {"top": np.array([3], np.int64)})
        assert (np.diff(ranked["outputs"], axis=1) <= 1e-6).all(), ranked
    print(f"{version}: {len(graphs.evaluators)} graphs, at most {worst:.2g} off")
    assert worst < tolerance, worst


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1e-4)
