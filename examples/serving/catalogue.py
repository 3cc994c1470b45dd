"""What turns raw keys into requests to an exported model, out of the files beside it.  Needs numpy alone."""

import json
import math
import re
import sys

import numpy as np

MOST_VALUES = 100  # of one field of a row: all rows are padded to the longest


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: {"t": "\t", "n": "\n", "r": "\r"}.get(found[1], found[1]), text)


def read_table(path):
    """The cells of each line, the header's first."""
    lines = path.read_text("utf-8").split("\n")[:-1]
    return [[unescaped(cell) for cell in line.split("\t")] for line in lines]


def without_part(name):
    """support.item.genres and candidates.item.genres hold the field item.genres; a task's field has one input."""
    return name if name.startswith("task.") else name.partition(".")[2]


def tensor(kind, cells):
    if kind == "dense":
        with np.errstate(over="ignore"):  # the graph cuts off what is infinite
            return np.array([math.nan if cell is None else cell for cell in cells], np.float32)
    if kind == "categorical":
        return np.array([cell[0] if cell else 0 for cell in cells], np.int64)
    width = max((len(cell) for cell in cells if cell), default=0) or 1
    padded = [(cell or []) + [0] * (width - len(cell or [])) for cell in cells]
    return np.array(padded, np.int64).reshape(len(cells), width)


class Catalogue:
    """A row says by field what it holds: a list of ids, of which 0 is unknown, or a number."""

    def __init__(self, folder):
        self.model = json.loads((folder / "model.json").read_text("utf-8"))
        self.fields = {without_part(name): field for name, field in self.model["inputs"].items()}
        self.of_tasks = [name for name in self.fields if name.startswith("task.")]
        self.of_rows = [name for name in self.fields if name not in self.of_tasks]
        self.vocabularies = {
            name: {key: int(number) for key, number in read_table(folder / field["vocabulary"])[1:]}
            for name, field in self.fields.items()
            if field["kind"] != "dense"
        }
        (_, *self.columns), *lines = read_table(folder / "entities.tsv")
        self.entities = {key: dict(zip(self.columns, map(self.stored, self.columns, cells))) for key, *cells in lines}

    def stored(self, name, text):
        if self.fields[name]["kind"] == "dense":
            return float(text) if text else None
        return [int(number) for number in text.split(",") if number]

    def row(self, key, values=None):
        """The fields of an entity, and those of the row itself, or other values, by raw keys and numbers."""
        return self.entities.get(key, {}) | self.cells(values or {}, self.of_rows)

    def task(self, values):
        return self.cells(values, self.of_tasks)

    def key_columns(self):
        """The names that a table's column of keys may have."""
        return [self.fields[self.columns[0]]["field"], self.model["schema"]["entity"]]

    def is_known(self, row):
        return bool(row.get(self.columns[0]))

    def cells(self, values, names):
        for name in values:
            if name not in names:
                raise ValueError(f"there is no field {name!r} here, but: {', '.join(names) or 'none'}")
        return {name: self.cell(name, value) for name, value in values.items()}

    def cell(self, name, value):
        kind = self.fields[name]["kind"]
        if kind == "dense":
            return None if value is None else number(value, name)
        keys = value if kind == "multi" else [value]
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError(f"{name} takes a {'list of texts' if kind == 'multi' else 'text'}")
        if len(keys) > MOST_VALUES:
            raise ValueError(f"{name} has {len(keys)} values; {MOST_VALUES} at most")
        return [self.vocabularies[name].get(key, 0) for key in keys]

    def label(self, value):
        label, limits = number(value, "label"), self.model["label"]
        if not limits["min"] <= label <= limits["max"]:
            raise ValueError(f"label {label:g} is outside [{limits['min']:g}, {limits['max']:g}], the model's range")
        return label

    def latest(self, support):
        """Of rows that begin with a key: the last of each key, oldest first, as many as the model takes."""
        newest = {}
        for row in reversed(support):
            newest.setdefault(row[0], row)
        return list(newest.values())[: self.model["most_support"]][::-1]

    def inputs(self, part, rows):
        """The inputs that rows of one task are: [1, rows], or [1, rows, values]; of a task without the rows."""
        inputs = {}
        for name, field in self.model["inputs"].items():
            if name.startswith(part + "."):
                values = tensor(field["kind"], [row.get(without_part(name)) for row in rows])
                inputs[name] = values if part == "task" else values[np.newaxis]
        return inputs

    def support(self, rows, labels, task=None):
        labels = np.array([labels], np.float32).reshape(1, -1)
        known = {"support.label": labels, "support.mask": np.ones_like(labels)}
        return self.inputs("support", rows) | known | self.inputs("task", [task or {}])

    def request(self, arguments):
        """The inputs that ITEM=LABEL of a command line are, and the candidates: whatever is not among them."""
        rows = [argument.rpartition("=") for argument in arguments]
        rated = dict(self.latest([(key, self.label(float(label))) for key, _, label in rows]))
        keys = [key for key in self.entities if key not in rated]
        support = self.support([self.row(key) for key in rated], list(rated.values()))
        return support | self.inputs("candidates", [self.row(key) for key in keys]), keys


def number(value, name):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not abs(value) <= sys.float_info.max:
        raise ValueError(f"{name} {str(value)[:40]!r} is no finite number")
    return float(value)
