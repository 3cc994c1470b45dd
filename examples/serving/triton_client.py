#!/usr/bin/env python3
"""Recommendations of an exported model that Triton serves: triton_client.py URL MODELS/NAME/VERSION ITEM=LABEL...

Needs tritonclient[http] and numpy.  What raw keys are in a request, the folder tells; the server needs to hold the same
version.
"""

import pathlib
import sys

import numpy as np
import tritonclient.http as triton

from catalogue import Catalogue

TYPES = {"INT64": np.int64, "FP32": np.float32}


def infer(server, name, version, values):
    """A graph's outputs by name; of the values it gets those that it takes."""
    inputs = []
    for told in server.get_model_metadata(name, version)["inputs"]:
        value = values[told["name"]].astype(TYPES[told["datatype"]])
        inputs.append(triton.InferInput(told["name"], value.shape, told["datatype"]))
        inputs[-1].set_data_from_numpy(value, binary_data=False)
    told = server.infer(name, inputs, version)
    return {output["name"]: told.as_numpy(output["name"]) for output in told.get_response()["outputs"]}


def main(url, folder, *rows):
    folder = pathlib.Path(folder)
    name, version = folder.parent.name, folder.name
    inputs, keys = Catalogue(folder).request(rows)
    server = triton.InferenceServerClient(url)
    # The memory may be kept: it is all that scoring needs of the support, as long as the version is the same.
    memory = infer(server, f"{name}-adapt", version, inputs)
    answer = infer(server, f"{name}-score", version, inputs | memory)
    for i in np.argsort(-answer["outputs"][0], kind="stable")[:10]:
        print(f"{keys[i]}\t{answer['scores'][0, i]:.6f}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (TypeError, OSError, ValueError, triton.InferenceServerException) as error:
        sys.exit(f"triton_client.py: {error}\n{__doc__.splitlines()[0]}")
