#!/usr/bin/env python3
"""What other libraries make of the clicks of benchmarks/quality: RecBole's FM and DeepFM, implicit's ALS and BPR.

They have no users that they were not fitted to.  FM and DeepFM are trained with the support rows of the test users among
their training rows, and so once for each set of test users.  ALS and BPR are fitted to the warm users; a test user's
vector is then fitted to its support rows, the films' vectors held: ALS by its own equation (recalculate_user), BPR, which
has none, by gradient steps of its own loss.  Of each, the defaults and what PEERS has beside them are judged on validation
users, 10 rows of each; so is the number of epochs of RecBole's.  Prints a line a peer.

Needs recbole==1.2.1 and implicit==0.7.3, with torch==2.11.0, numpy==1.26.4, pandas 2 and scipy; RecBole's own pins are
older: install it with --no-deps, and then what its imports ask for.
"""

import argparse
import hashlib
import json
import logging
import os
import pathlib
import random
import sys
import tempfile
import time

import numpy
import torch

sys.dont_write_bytecode = True
from quality_data import RELEVANT, Data, counted, episode_rows, table  # noqa: E402
from quality_folding import bpr_user, matrix_of  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUERY = 10
EPOCHS = 5  # at most, of RecBole's; training ends when one is worse than the one before
LEAST = 2.0**-23  # of a probability, as warmstart's log-loss takes it
PEERS = {
    "FM": [{}],
    "DeepFM": [{}],
    "ALS": [{}, {"factors": 16}, {"factors": 32, "regularization": 10.0}],
    "BPR": [{}, {"factors": 16}, {"factors": 32, "regularization": 0.1}],
}


# ---- the rows


class Clicks:
    """Rows of users that are trained on, and of those that judge: support and query."""

    def __init__(self, data, tune):
        rows = data.rows("warm")
        if tune:
            rows, self.support, self.query = self.of_validation(rows, data.validation_users())
        else:
            episodes = episode_rows(data.source / "episodes_user_cold_seed0.tsv.xz")
            self.support = [row for row in episodes if row["set"] == "support"]
            self.query = [row for row in episodes if row["set"] == "query"]
        self.warm = rows
        for row in [*self.warm, *self.support, *self.query]:
            row["label"] = int(int(row["rating"]) >= RELEVANT)

    @staticmethod
    def of_validation(rows, validation):
        counts = counted(rows, "user")
        drawn, support, query = random.Random(0), [], []
        for user in sorted(user for user in validation if 13 <= counts[user] <= 100):
            own = [row for row in rows if row["user"] == user]
            drawn.shuffle(own)
            support += own[:-QUERY]
            query += own[-QUERY:]
        return [row for row in rows if row["user"] not in validation], support, query


# ---- measures, as docs/measures.md has them


def auc_of(labels, scores):
    _, places, counts = numpy.unique(scores, return_inverse=True, return_counts=True)
    ranks = (numpy.cumsum(counts) - (counts - 1) / 2)[places]  # ties share the mean of their places
    relevant = labels.sum()
    others = len(labels) - relevant
    if relevant == 0 or others == 0:
        return None
    return (ranks[labels == 1].sum() - relevant * (relevant + 1) / 2) / (relevant * others)


def measures_of(users, labels, scores, probabilities):
    users, labels, scores = numpy.asarray(users), numpy.asarray(labels), numpy.asarray(scores, dtype=float)
    of_users = [auc_of(labels[users == user], scores[users == user]) for user in numpy.unique(users)]
    found = {"auc": auc_of(labels, scores), "grouped-auc": numpy.mean([auc for auc in of_users if auc is not None])}
    if probabilities:
        held = numpy.clip(scores, LEAST, 1 - LEAST)
        found["log-loss"] = -numpy.mean(labels * numpy.log(held) + (1 - labels) * numpy.log(1 - held))
        bins = numpy.minimum((scores * 10).astype(int), 9)
        found["calibration-error"] = sum(abs(scores[bins == b].mean() - labels[bins == b].mean()) * (bins == b).mean()
                                         for b in numpy.unique(bins))
    return {name: float(value) for name, value in found.items()}


# ---- RecBole


def codes_of(rows, columns):
    """Names of several words as numbers; a director or actor of one film is unknown, as the other methods have it."""
    for column in columns:
        names = [row[column].split("|") for row in rows]
        counts = {}
        for name in (name for row in names for name in row):
            counts[name] = counts.get(name, 0) + 1
        number = {name: str(place) for place, name in enumerate(counts) if counts[name] > 1}
        for row, of_row in zip(rows, names):
            row[column] = " ".join(number[name] for name in of_row if name in number) or "unknown"
    return rows


def write_atomic(path, rows, columns):
    names = [column.split(":")[0] for column in columns]
    lines = ["\t".join(columns), *("\t".join(str(row[name]) for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def write_recbole(folder, data, clicks):
    rename = lambda rows: [{"user_id": row["user"], "item_id": row["item"], "label": row["label"]} for row in rows]
    columns = ["user_id:token", "item_id:token", "label:float"]
    write_atomic(folder / "clicks.train.inter", rename(clicks.warm + clicks.support), columns)
    for part in ("valid", "test"):
        write_atomic(folder / f"clicks.{part}.inter", rename(clicks.query), columns)
    users = data.users()
    of = {user["user"]: user for user in users}
    known_as = {row["user"]: row["of"] for row in clicks.query if "of" in row}
    users += [{**of[user], "user": name} for name, user in known_as.items()]
    write_atomic(folder / "clicks.user", [{**user, "user_id": user["user"]} for user in users],
                 ["user_id:token", "gender:token", "age:token", "occupation:token", "region:token"])
    items = codes_of(table(data.items, ","), ["genres", "directors", "actors"])
    for item in items:
        item.update(item_id=item["item"], certificate=item["certificate"] or "none")
    write_atomic(folder / "clicks.item", items, ["item_id:token", "years:token", "certificate:token", "genres:token_seq",
                                                 "directors:token_seq", "actors:token_seq"])


def config_of(kind, folder, options, seed):
    from recbole.config import Config

    sys.argv = sys.argv[:1]  # which Config reads as well
    return Config(model=kind, dataset="clicks", config_dict={
        "data_path": folder, "checkpoint_dir": folder, "benchmark_filename": ["train", "valid", "test"], "load_col": None,
        "LABEL_FIELD": "label", "train_neg_sample_args": None, "use_gpu": False, "seed": seed, "show_progress": False,
        "eval_args": {"split": {"RS": [0.8, 0.1, 0.1]}, "order": "RO", "group_by": "none", "mode": "labeled"},
        "metrics": ["LogLoss"], "valid_metric": "LogLoss", **options})


class RecBole:
    """A model that is trained epoch by epoch and judged by the query rows."""

    def __init__(self, kind, data, clicks, options, seed):
        from recbole.data import create_dataset, data_preparation
        from recbole.utils import get_model, get_trainer, init_seed

        logging.disable(logging.CRITICAL)
        torch.set_num_threads(1)
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name) / "clicks"
        path.mkdir()
        write_recbole(path, data, clicks)
        os.chdir(path)  # where RecBole leaves its logs
        config = config_of(kind, self.folder.name, options, seed)
        init_seed(seed, True)
        self.train, _, test = data_preparation(config, create_dataset(config))
        self.query = test.dataset.join(test.dataset.inter_feat)
        self.users, self.labels = self.query["user_id"].numpy(), self.query["label"].numpy().astype(int)
        self.model = get_model(kind)(config, self.train.dataset)
        self.trainer = get_trainer(config["MODEL_TYPE"], kind)(config, self.model)
        self.epochs = 0

    def epoch(self):
        self.model.train()
        self.trainer._train_epoch(self.train, self.epochs, show_progress=False)
        self.epochs += 1

    def judge(self):
        self.model.eval()
        with torch.no_grad():
            scores = self.model.predict(self.query).numpy()
        return measures_of(self.users, self.labels, scores, True)


def tuned_recbole(kind, data, options):
    """The log-loss on validation users of the best epoch, and which one that is."""
    peer = RecBole(kind, data, Clicks(data, True), options, 0)
    best = (float("inf"), 0)
    while peer.epochs == best[1] and peer.epochs < EPOCHS:
        peer.epoch()
        found = peer.judge()
        best = min(best, (found["log-loss"], peer.epochs))
        print(f"  {kind} {options}, epoch {peer.epochs}: {found}", file=sys.stderr, flush=True)
    return best


def judged_recbole(kind, data, options, epochs):
    peer = RecBole(kind, data, Clicks(data, False), options, 0)
    for _ in range(epochs):
        peer.epoch()
    return peer.judge()


# ---- implicit


def numbers_of(rows, column):
    return {key: place for place, key in enumerate(dict.fromkeys(row[column] for row in rows))}


def judged_implicit(kind, clicks, options):
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    users, items = numbers_of(clicks.warm, "user"), numbers_of(clicks.warm, "item")
    liked = [row for row in clicks.warm if row["label"]]
    matrix = matrix_of([users[row["user"]] for row in liked], [items[row["item"]] for row in liked],
                       (len(users), len(items)))
    kinds = {"ALS": AlternatingLeastSquares, "BPR": BayesianPersonalizedRanking}
    model = kinds[kind](num_threads=1, random_state=0, **options)
    model.fit(matrix, show_progress=False)
    of_user, drawn = {}, numpy.random.default_rng(0)
    for row in clicks.support:
        of_user.setdefault(row["user"], [])
        if row["label"] and row["item"] in items:
            of_user[row["user"]].append(items[row["item"]])
    factors = numpy.asarray(model.item_factors)
    vectors = {}
    for user, own in of_user.items():
        row = matrix_of([0] * len(own), own, (1, len(items)))
        vectors[user] = model.recalculate_user(0, row) if kind == "ALS" else bpr_user(own, factors, options, drawn)
    nothing = numpy.zeros(factors.shape[1])  # known of a film that no warm user rated
    factors_of = lambda item: factors[items[item]] if item in items else nothing
    scores = [float(vectors[row["user"]] @ factors_of(row["item"])) for row in clicks.query]
    return measures_of([row["user"] for row in clicks.query], [row["label"] for row in clicks.query], scores, False)


# ---- all of them


def judged(kind, data):
    tries = PEERS[kind]
    if kind in ("FM", "DeepFM"):
        best = min(((*tuned_recbole(kind, data, options), place) for place, options in enumerate(tries)))
        options, begin = {**tries[best[2]], "epochs": best[1]}, time.process_time()
        found = judged_recbole(kind, data, tries[best[2]], best[1])
    else:
        clicks = Clicks(data, True)
        found = [judged_implicit(kind, clicks, options)["grouped-auc"] for options in tries]
        print(f"  {kind}: grouped AUC on validation users {found}", file=sys.stderr, flush=True)
        options, begin = tries[found.index(max(found))], time.process_time()
        found = judged_implicit(kind, Clicks(data, False), options)
    return {"options": options, "seconds": time.process_time() - begin, **found}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=pathlib.Path, metavar="PATH")
    parser.add_argument("--cache", default=ROOT / "build/quality", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS), metavar="NAME")
    arguments = parser.parse_args()
    data = Data(arguments.data.resolve(), ROOT / "build/release/warmstart", arguments.cache)
    for kind in arguments.peers:
        key = [pathlib.Path(__file__).read_text(), str(arguments.data.resolve()), kind]
        file = data.cache / f"peer-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:24]}.json"
        if not file.exists():
            file.write_text(json.dumps(judged(kind, data)))
        print(kind, file.read_text(), flush=True)


if __name__ == "__main__":
    main()
