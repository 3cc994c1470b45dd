"""The part of the KServe v2 protocol that examples/serving/triton_client.py speaks, with tensors as flat JSON lists.

A stand-in to develop clients against where there is no Triton: nothing is batched, nothing comes in binary.
"""
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from checks import body_as

MOST_NUMBERS = 1 << 17  # of a request
TYPES = {"tensor(int64)": "INT64", "tensor(float)": "FP32"}


class Shaped(BaseModel):
    name: str
    shape: list[Annotated[int, Field(ge=0, le=4096)]]


class Ids(Shaped):
    datatype: Literal["INT64"]
    data: list[Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]]


class Numbers(Shaped):
    datatype: Literal["FP32"]
    data: list[Annotated[float, Field(strict=True)]]


class Named(BaseModel):
    name: str


class Inference(BaseModel):
    inputs: list[Annotated[Ids | Numbers, Field(discriminator="datatype")]]
    outputs: list[Named] = []


def array(tensor):
    with np.errstate(over="ignore"):
        values = np.array(tensor.data, np.int64 if tensor.datatype == "INT64" else np.float32)
    return values.reshape(tensor.shape)


def infer(graph, request):
    if sum(len(tensor.data) for tensor in request.inputs) > MOST_NUMBERS:
        raise HTTPException(413, f"a request has {MOST_NUMBERS} numbers at most")
    wanted = [output.name for output in request.outputs] or graph.outputs
    try:
        inputs = {tensor.name: array(tensor) for tensor in request.inputs}
        return dict(zip(wanted, graph.session.run(wanted, inputs)))
    except Exception as error:  # the runtime's own have no common base
        raise HTTPException(400, f"the graph does not take these inputs: {error}") from error


def described(values):
    return [{"name": value.name, "datatype": TYPES[value.type],
             "shape": [size if isinstance(size, int) else -1 for size in value.shape]} for value in values]


def told(name, values):
    if not np.isfinite(values).all():
        raise HTTPException(422, f"{name} is not finite for these inputs")
    return {"name": name, "datatype": "INT64" if values.dtype == np.int64 else "FP32", "shape": values.shape,
            "data": values.ravel().tolist()}


def v2_endpoints(graphs, version):
    router = APIRouter(prefix="/v2")

    def graph_of(name, asked_version=version):
        if name not in graphs or asked_version != version:
            raise HTTPException(404, f"there is no model {name!r} of version {asked_version}")
        return graphs[name]

    @router.get("/health/ready")
    @router.get("/health/live")
    def ready():
        return {"ready": True}

    @router.get("/models/{name}")
    @router.get("/models/{name}/versions/{asked_version}")
    def model(name, asked_version=version):
        session = graph_of(name, asked_version).session
        return {"name": name, "versions": [version], "platform": "onnxruntime_onnx",
                "inputs": described(session.get_inputs()), "outputs": described(session.get_outputs())}

    @router.post("/models/{name}/infer")
    @router.post("/models/{name}/versions/{asked_version}/infer")
    def inference(name, asked_version=version, request: Inference = body_as(Inference)):
        outputs = infer(graph_of(name, asked_version), request)
        return {"model_name": name, "model_version": version, "outputs": [told(*output) for output in outputs.items()]}

    return router
