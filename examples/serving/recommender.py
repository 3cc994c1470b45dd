"""Ranks candidates by an exported model in ONNX Runtime, and tells why."""

from typing import NamedTuple

import numpy as np

from catalogue import Catalogue
from recommend import Graph

PIECE = 4096  # candidates scored at once


class Recommendation(NamedTuple):
    key: str
    row: dict
    told: dict  # score, output and, where the model knows it, deviation


class Explained(NamedTuple):
    """The output is the sum of the three."""

    prior: float
    influences: list  # of the support rows
    unexplained: float


class Recommender:
    def __init__(self, folder):
        self.catalogue = Catalogue(folder)
        self.name, self.version = self.catalogue.model["name"], folder.name
        models = folder.parent.parent
        self.graphs = {
            name: Graph(models / name / self.version / "model.onnx") for name in self.catalogue.model["graphs"]
        }
        self.all = self.pieces(list(self.catalogue.entities.items()))

    def pieces(self, candidates):
        """(key, row)s, and the inputs that they are, by so many as are scored at once."""
        cut = [candidates[i : i + PIECE] for i in range(0, len(candidates), PIECE)]
        return [(piece, self.catalogue.inputs("candidates", [row for _, row in piece])) for piece in cut]

    def best(self, support, pieces, top, left_out=()):
        """The highest outputs first; of equal ones, the first candidate."""
        memory = self.graphs[f"{self.name}-adapt"](support)
        found = []
        for candidates, inputs in pieces:
            answer = self.graphs[f"{self.name}-score"](support | memory | inputs)
            order = np.argsort(-answer["outputs"][0], kind="stable")[: top + len(left_out)]
            found += [
                Recommendation(
                    *candidates[i], {name.rstrip("s"): float(values[0, i]) for name, values in answer.items()}
                )
                for i in order
            ]
        found = [one for one in found if one.key not in left_out]
        return sorted(found, key=lambda one: -one.told["output"])[:top]

    def reasons(self, support, rows):
        """Why these rows, as candidates, have their outputs."""
        if not rows:
            return []
        answer = self.graphs[self.name](support | self.catalogue.inputs("candidates", rows))
        outputs, priors, influences = (answer[name][0].astype(float) for name in ("outputs", "prior", "influences"))
        unexplained = outputs - priors - influences.sum(-1)
        return [Explained(*values) for values in zip(priors.tolist(), influences.tolist(), unexplained.tolist())]
