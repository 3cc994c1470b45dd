#!/usr/bin/env python3
"""A service over an exported model: recommendations with reasons as JSON, and a page to try them on.

    service.py MODELS/NAME --titles items.csv --title-column title

It keeps nothing of whom it answers.  Beside its own endpoints it has those of v2_endpoints.py.
"""

import argparse
import csv
import pathlib
import sys
from typing import Annotated, NamedTuple

import uvicorn
from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse

from checks import Question, add_refusals, body_as, refusing
from recommender import Recommender
from v2_endpoints import v2_endpoints

MOST_FOUND = 20  # items that a search gives
PAGE = pathlib.Path(__file__).with_name("page.html")
# The page is whole in itself, and no title can make a browser load or run anything else.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"
)


class Rated(NamedTuple):
    key: str
    label: float
    row: dict


class Answers:
    def __init__(self, recommender, titles):
        self.recommender, self.catalogue, self.titles = recommender, recommender.catalogue, titles
        self.searched = [(f"{key}\n{titles.get(key, '')}".lower(), key) for key in recommender.catalogue.entities]

    def health(self):
        model = self.catalogue.model
        known = {name: model[name] for name in ("method", "label", "most_support")}
        return self.version() | {"status": "ready", "items": len(self.catalogue.entities)} | known

    def search(self, text):
        found = [key for searched, key in self.searched if text.lower() in searched]
        return {"found": len(found), "items": [self.named(key) for key in found[:MOST_FOUND]]}

    def recommend(self, question):
        support = self.support(question.support)
        with refusing("task"):
            task = self.catalogue.task(question.task)
        inputs = self.catalogue.support([rated.row for rated in support], [rated.label for rated in support], task)
        asked = self.candidates(question.candidates or [])
        if question.candidates is None:
            rated = {rated.key for rated in support}
            best = self.recommender.best(inputs, self.recommender.all, question.top, left_out=rated)
        else:
            best = self.recommender.best(inputs, self.recommender.pieces(asked), question.top)
        reasons = self.recommender.reasons(inputs, [one.row for one in best])
        return self.version() | {
            "support": [
                self.named(row.key) | {"label": row.label, "known": self.catalogue.is_known(row.row)} for row in support
            ],
            "left_out": len(question.support) - len(support),
            "unknown": self.unknown(task, [row.row for row in support] + [row for _, row in asked]),
            "recommendations": [self.told(one, why, support) for one, why in zip(best, reasons)],
        }

    def support(self, rows):
        read = []
        for i, row in enumerate(rows):
            with refusing(f"support.{i}"):
                label = self.catalogue.label(row.label)
                read.append(Rated(row.item, label, self.catalogue.row(row.item, row.fields)))
        return self.catalogue.latest(read)

    def candidates(self, rows):
        read = []
        for i, row in enumerate(rows):
            with refusing(f"candidates.{i}"):
                read.append((row.item, self.catalogue.row(row.item, row.fields)))
        return read

    def told(self, one, why, support):
        reasons = [
            self.named(rated.key) | {"label": rated.label, "influence": influence}
            for rated, influence in zip(support, why.influences)
        ]
        reasons.sort(key=lambda reason: -abs(reason["influence"]))
        return self.named(one.key) | one.told | {"prior": why.prior, "reasons": reasons, "unexplained": why.unexplained}

    def unknown(self, task, rows):
        """How much of what was asked the model was not trained with."""
        cells = [cell for row in (task, *rows) for cell in row.values() if isinstance(cell, list)]
        return {
            "items": sum(not self.catalogue.is_known(row) for row in rows),
            "values": sum(cell.count(0) for cell in cells),
        }

    def named(self, key):
        return {"item": key, "title": self.titles.get(key, key)}

    def version(self):
        return {"model": self.recommender.name, "version": self.recommender.version}


def service(recommender, titles):
    answers = Answers(recommender, titles)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_refusals(app)
    app.include_router(v2_endpoints(recommender.graphs, recommender.version))

    @app.get("/", response_class=HTMLResponse)
    def page():
        return HTMLResponse(PAGE.read_text("utf-8"), headers={"Content-Security-Policy": PAGE_POLICY})

    @app.get("/health")
    def health():
        return answers.health()

    @app.get("/items")
    def items(search: Annotated[str, Query(max_length=200)] = ""):
        return answers.search(search)

    @app.post("/recommend")
    def recommend(question: Question = body_as(Question)):
        return answers.recommend(question)

    return app


def newest_version(path):
    """MODELS/NAME/V itself, or the newest one of MODELS/NAME."""
    if (path / "model.json").exists():
        return path.resolve()
    versions = [folder for folder in path.iterdir() if folder.name.isdecimal() and (folder / "model.json").exists()]
    if not versions:
        raise ValueError(f"{path} holds no version of an exported model")
    return max(versions, key=lambda folder: int(folder.name)).resolve()


def read_titles(path, column, catalogue):
    """By the items' keys, of a table as 'warmstart predict --titles' takes it: with tabs, or else commas."""
    with open(path, encoding="utf-8", newline="") as file:
        is_tabs = "\t" in file.readline()
        file.seek(0)
        table = csv.DictReader(
            file, delimiter="\t" if is_tabs else ",", quoting=csv.QUOTE_NONE if is_tabs else csv.QUOTE_MINIMAL
        )
        header = table.fieldnames or []
        keys = [name for name in catalogue.key_columns() if name in header]
        if not keys or column not in header:
            raise ValueError(f"{path} has no column of keys, or none {column!r}, but: {', '.join(header)}")
        return {row[keys[0]]: row[column] for row in table if row[column]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "model", type=pathlib.Path, help="MODELS/NAME, whose newest version is served, or MODELS/NAME/VERSION"
    )
    parser.add_argument("--titles", help="a table of the items, with a header")
    parser.add_argument("--title-column", default="title", help="its column of titles (default: title)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: this machine's own alone)"
    )
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free (default: 8000)")
    settings = parser.parse_args()
    try:
        recommender = Recommender(newest_version(settings.model))
        titles = read_titles(settings.titles, settings.title_column, recommender.catalogue) if settings.titles else {}
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"service.py: {error}")
    uvicorn.run(service(recommender, titles), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
