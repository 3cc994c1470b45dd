"""The part of the KServe v2 protocol that triton_client.py speaks, with tensors as flat JSON lists.

A stand-in to develop clients against where there is no Triton: nothing is batched, nothing comes in binary.
"""

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from checks import body_as

MOST_NUMBERS = 1 << 17  # of a request
TYPES = {"tensor(int64)": "INT64", "tensor(float)": "FP32"}


class Ids(BaseModel):
    name: str
    shape: list[Annotated[int, Field(ge=0, le=4096)]]
    datatype: Literal["INT64"]
    data: Annotated[list[Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]], Field(max_length=MOST_NUMBERS)]


class Numbers(Ids):
    datatype: Literal["FP32"]
    data: Annotated[list[Annotated[float, Field(strict=True)]], Field(max_length=MOST_NUMBERS)]


class Inference(BaseModel):
    inputs: list[Annotated[Ids | Numbers, Field(discriminator="datatype")]]


def infer(graph, tensors):
    if sum(len(tensor.data) for tensor in tensors) > MOST_NUMBERS:
        raise HTTPException(413, f"a request has {MOST_NUMBERS} numbers at most")
    try:
        with np.errstate(over="ignore"):
            inputs = {
                tensor.name: np.array(tensor.data, np.float32 if tensor.datatype == "FP32" else np.int64).reshape(
                    tensor.shape
                )
                for tensor in tensors
            }
        outputs = graph.session.run(graph.outputs, inputs)
    except Exception as error:  # the runtime's own have no common base
        raise HTTPException(400, f"the graph does not take these inputs: {error}") from error
    if not all(np.isfinite(values).all() for values in outputs):
        raise HTTPException(422, "what the graph gives for these inputs is not finite")
    return [
        {**told, "shape": values.shape, "data": values.ravel().tolist()}
        for told, values in zip(described(graph.session.get_outputs()), outputs)
    ]


def described(values):
    return [
        {
            "name": value.name,
            "datatype": TYPES[value.type],
            "shape": [size if isinstance(size, int) else -1 for size in value.shape],
        }
        for value in values
    ]


def v2_endpoints(graphs, version):
    router = APIRouter(prefix="/v2")

    def graph_of(name, asked_version):
        if name not in graphs or asked_version != version:
            raise HTTPException(404, f"there is no model {name!r} of version {asked_version}")
        return graphs[name]

    @router.get("/health/ready")
    def ready():
        return {"ready": True}

    @router.get("/models/{name}")
    @router.get("/models/{name}/versions/{asked_version}")
    def model(name, asked_version=version):
        session = graph_of(name, asked_version).session
        return {
            "name": name,
            "versions": [version],
            "platform": "onnxruntime_onnx",
            "inputs": described(session.get_inputs()),
            "outputs": described(session.get_outputs()),
        }

    @router.post("/models/{name}/infer")
    @router.post("/models/{name}/versions/{asked_version}/infer")
    def inference(name, asked_version=version, request: Inference = body_as(Inference)):
        outputs = infer(graph_of(name, asked_version), request.inputs)
        return {"model_name": name, "model_version": version, "outputs": outputs}

    return router
