"""The default recipe of `warmstart train` on MovieLens-1M, written with PyTorch: the peer of benchmarks/training.

training_peer.py DATA RUN STEPS [SEED [TASKS]]: DATA holds rows.tsv, items.csv, users.csv and validation.txt, whose users are not
trained on; RUN/metrics.jsonl gets what `warmstart train` writes of the same name: loss and tasks_per_second.
"""

import csv
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

TASKS, LOG_EVERY = int(sys.argv[5]) if len(sys.argv) > 5 else 64, 20
SUPPORT_MAX, QUERY_MAX, QUERY_MIN, ROWS_AN_EPISODE = 90, 64, 3, 50
COMMON, COMMON_SHARE = [0, 1, 3, 5, 10, 20], 0.3
EMBEDDING, TOWER, FEATURES, PRIOR, INNER_STEPS = 64, 64, 48, 32, 3
DROPOUT, KEY_DROPOUT, ALL_KEYS_DROPOUT, SLOPE = 0.3, 0.05, 0.1, 0.1
RATE, WARMUP, CLIP_NORM, INNER_RATE_FACTOR, EMBEDDING_L2, NETWORK_L2 = 3e-3, 100, 5.0, 10.0, 5e-4, 1e-5


class Bags:
    """Each owner's values of all its fields as one bag of ids; id 0 of each field is for unknown values."""

    def __init__(self, owners):
        """`owners`: for each, a list with each field's values."""
        fields = range(len(owners[0]))
        values = [sorted({value for owner in owners for value in owner[f]}) for f in fields]
        first = np.cumsum([0] + [len(v) + 1 for v in values])
        number = [{value: first[f] + 1 + i for i, value in enumerate(values[f])} for f in fields]
        bags = [[number[f][value] for f in fields for value in owner[f]] for owner in owners]
        self.count = int(first[-1])
        self.ids = np.concatenate([np.array(bag, np.int64) for bag in bags])
        self.weights = np.array([len(part) ** -0.5 for owner in owners for part in owner for _ in part], np.float32)
        self.lengths = np.array([len(bag) for bag in bags])
        self.begins = np.cumsum(self.lengths) - self.lengths

    def of(self, owners):
        """Ids, weights and offsets of some of the owners, for embedding_bag."""
        lengths = self.lengths[owners]
        offsets = np.cumsum(lengths) - lengths
        at = np.arange(lengths.sum()) + np.repeat(self.begins[owners] - offsets, lengths)
        return self.ids[at], self.weights[at], offsets


def read_table(path, delimiter=","):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


class Data:
    """Rows of the users to train on, user by user."""

    def __init__(self, folder):
        held_out = set((folder / "validation.txt").read_text().split())
        ratings = {(row["user"], row["item"]): float(row["rating"])
                   for row in read_table(folder / "rows.tsv", "\t") if row["user"] not in held_out}
        of_user = {}
        for (user, item), rating in ratings.items():
            of_user.setdefault(user, []).append((item, rating))
        of_user = {user: rows for user, rows in of_user.items() if len(rows) > QUERY_MIN}
        rated = {item for rows in of_user.values() for item, _ in rows}
        items = [row for row in read_table(folder / "items.csv") if row["item"] in rated]
        users = {row["user"]: row for row in read_table(folder / "users.csv")}

        def values(text):
            return text.split("|") if text else []

        # The key comes first, one a bag.
        self.items = Bags([[[row["item"]], values(row["year"]), values(row["certificate"]), values(row["genres"]),
                            values(row["directors"]), values(row["actors"])] for row in items])
        self.users = Bags([[values(users[user][name]) for name in ("gender", "age", "occupation", "zip")]
                           for user in of_user])
        number = {row["item"]: i for i, row in enumerate(items)}
        self.item = np.array([number[item] for rows in of_user.values() for item, _ in rows])
        self.rating = np.array([rating for rows in of_user.values() for _, rating in rows], np.float32)
        self.rows = np.array([len(rows) for rows in of_user.values()])
        self.begins = np.cumsum(self.rows) - self.rows

    def biases(self):
        """The mean rating, and each item's shrunken bias beside the users'."""
        user = np.repeat(np.arange(len(self.rows)), self.rows)
        mean = self.rating.mean(dtype=np.float64)
        of_users = np.zeros(len(self.rows))

        def means(owner, rest, owners):
            return np.bincount(owner, rest, owners) / (np.bincount(owner, minlength=owners) + 5.0)

        for _ in range(5):
            of_items = means(self.item, self.rating - mean - of_users[user], len(self.items.begins))
            of_users = means(user, self.rating - mean - of_items[self.item], len(self.rows))
        return mean, of_items


class Batches:
    """Meta-steps of TASKS users each, as tensors."""

    def __init__(self, data, random):
        self.data, self.random = data, random
        self.pool = np.repeat(np.arange(len(data.rows)), -(-data.rows // ROWS_AN_EPISODE))
        self.order = np.empty(0, np.int64)

    def next_users(self):
        if len(self.order) < TASKS:
            self.order = np.concatenate([self.order, self.random.permutation(self.pool)])
        users, self.order = self.order[:TASKS], self.order[TASKS:]
        return users

    def sizes(self, rows):
        support = self.random.integers(0, np.minimum(rows - 1, SUPPORT_MAX) + 1)
        if self.random.random() < COMMON_SHARE:
            support[:] = self.random.choice(COMMON)
        support = np.minimum(support, rows - np.minimum(rows - 1, QUERY_MIN))
        return support, np.minimum(rows - support, QUERY_MAX)

    def mask(self, *sizes):
        """For dropout: torch's own draws take four times as long."""
        return (self.random.random(sizes, np.float32) >= DROPOUT) * np.float32(1 / (1 - DROPOUT))

    def next(self):
        """What a meta-step is computed of, by name, and the padded length of its supports."""
        data, random = self.data, self.random
        users = self.next_users()
        support, query = self.sizes(data.rows[users])
        middle = support.max()
        rows = np.full((TASKS, middle + query.max()), -1)
        for t, user in enumerate(users):
            drawn = data.begins[user] + random.permutation(data.rows[user])[:support[t] + query[t]]
            rows[t, :support[t]] = drawn[:support[t]]
            rows[t, middle:middle + query[t]] = drawn[support[t]:]
        padded = rows < 0
        item = data.item[rows]

        # Each distinct item is encoded once; padding is the place behind them.
        place_of = np.zeros(len(data.items.begins), np.int64)
        place_of[item[~padded]] = 1
        distinct = np.flatnonzero(place_of)
        place_of[distinct] = np.arange(len(distinct))
        place = np.where(padded, len(distinct), place_of[item])

        ids, weights, offsets = data.items.of(distinct)
        kept = random.random(len(distinct)) >= (1 if random.random() < ALL_KEYS_DROPOUT else KEY_DROPOUT)
        weights[offsets] = kept
        arrays = {
            "ids": ids,
            "weights": weights,
            "offsets": offsets,
            "item": distinct,
            "kept": kept.astype(np.float32),
            "user_ids": data.users.of(users)[0].reshape(TASKS, -1),  # a user has one value of each field
            "place": place,
            "label": np.where(padded, np.float32(0), data.rating[rows]),
            "support": support.astype(np.float32),
            "in_query": (~padded[:, middle:]).astype(np.float32),
            "input_mask": self.mask(len(distinct), EMBEDDING),
            "hidden_mask": self.mask(len(distinct), TOWER),
            "user_mask": self.mask(TASKS, PRIOR),
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items()}, int(middle)


def before_softplus(value):
    return math.log(math.expm1(value))


def uniform(*sizes, inputs, factor=1.0):
    return nn.Parameter((torch.rand(sizes) * 2 - 1) * factor / inputs**0.5)


class Recommender(nn.Module):
    def __init__(self, data):
        super().__init__()
        mean, item_bias = data.biases()
        outputs = FEATURES + 1
        self.embedding = nn.Parameter(torch.randn(data.items.count, EMBEDDING) * 0.05)
        self.input_bias = nn.Parameter(torch.zeros(EMBEDDING))
        self.key_bias = nn.Parameter(torch.tensor(item_bias, dtype=torch.float32))
        self.tower = nn.Linear(EMBEDDING, TOWER)
        self.output = nn.Linear(TOWER, outputs)
        self.skip = nn.Linear(EMBEDDING, outputs, bias=False)
        for layer in (self.tower, self.output, self.skip):
            layer.weight = uniform(*layer.weight.shape, inputs=layer.in_features)
        with torch.no_grad():
            self.output.bias.zero_()
            self.output.bias[-1] = mean
            for layer in (self.output, self.skip):
                layer.weight[-1] *= 0.1
        self.user_embedding = nn.Parameter(torch.randn(data.users.count, PRIOR) * 0.1)
        self.user_bias = uniform(PRIOR, inputs=PRIOR)
        self.prior = nn.Linear(PRIOR, outputs)
        self.prior.weight = uniform(outputs, PRIOR, inputs=PRIOR, factor=0.1)
        self.inner_rate = nn.Parameter(torch.full((INNER_STEPS, outputs), before_softplus(0.3)))
        self.inner_pull = nn.Parameter(torch.full((2,), before_softplus(1.3)))
        self.inner_kappa = nn.Parameter(torch.full((INNER_STEPS,), before_softplus(2.0)))

    def encode(self, batch):
        """Features and 1 [N + 1, FEATURES + 1] and base scores [N + 1] of the distinct items; behind them, zeros for padding."""
        x = F.embedding_bag(batch["ids"], self.embedding, batch["offsets"], mode="sum", per_sample_weights=batch["weights"])
        x = (x + self.input_bias) * batch["input_mask"]
        hidden = F.leaky_relu(self.tower(x), SLOPE) * batch["hidden_mask"]
        output = self.output(hidden) + self.skip(x)
        features, base = output.split([FEATURES, 1], 1)
        base = base.squeeze(1) + self.key_bias[batch["item"]] * batch["kept"]
        return F.pad(F.pad(features, (0, 1), value=1.0), (0, 0, 0, 1)), F.pad(base, (0, 1))

    def start(self, batch):
        """Each task's head before its steps: [TASKS, FEATURES + 1]."""
        x = F.embedding(batch["user_ids"], self.user_embedding).sum(1) + self.user_bias
        return self.prior(F.leaky_relu(x, SLOPE) * batch["user_mask"])

    def losses(self, batch, middle):
        place = batch["place"]
        features, base = [of.index_select(0, place.view(-1)).view(*place.shape, *of.shape[1:]) for of in self.encode(batch)]
        sizes = [middle, place.shape[1] - middle]
        support, query = features.split(sizes, 1)
        support_rest, query_rest = (base - batch["label"]).split(sizes, 1)
        start = head = self.start(batch)
        if middle > 0:
            rates = F.softplus(self.inner_rate)
            pull = F.softplus(self.inner_pull).repeat_interleave(torch.tensor([FEATURES, 1]))
            scales = 1 / (batch["support"] + F.softplus(self.inner_kappa).unsqueeze(1))
            for rate, scale in zip(rates, scales):
                errors = scores(support, head) + support_rest
                gradient = (support * errors.unsqueeze(2)).sum(1) + pull * (head - start)
                head = head - scale.unsqueeze(1) * rate * gradient
        squared = (scores(query, head) + query_rest).square()
        in_query = batch["in_query"]
        return ((squared + 2 * torch.sqrt(squared + 0.01)) * in_query).sum(1) / in_query.sum(1)


def scores(features, head):
    """Of features [T, R, F] and heads [T, F]: in reverse, torch's batched products of one column take three times as long."""
    return (features * head.unsqueeze(1)).sum(2)


def make_optimizer(model):
    groups = {"embedding": [], "network": [], "inner": []}
    for name, parameter in model.named_parameters():
        group = "embedding" if name == "embedding" else "inner" if name.startswith("inner") else "network"
        groups[group].append(parameter)
    settings = [{"params": groups["embedding"], "weight_decay": EMBEDDING_L2, "factor": 1.0},
                {"params": groups["network"], "weight_decay": NETWORK_L2, "factor": 1.0},
                {"params": groups["inner"], "weight_decay": 0.0, "factor": INNER_RATE_FACTOR}]
    return torch.optim.Adam(settings, lr=RATE, betas=(0.9, 0.99), fused=True)


def main():
    folder, run, steps = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    data = Data(folder)
    batches = Batches(data, np.random.Generator(np.random.SFC64(seed)))
    model = Recommender(data)
    optimizer = make_optimizer(model)
    run.mkdir(parents=True)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(data.rows)} users", flush=True)
    with open(run / "metrics.jsonl", "w") as metrics:
        total, begin = 0.0, time.perf_counter()
        for step in range(steps):
            rate = RATE * min(1.0, (step + 1) / WARMUP) * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.01)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["factor"]
            loss = model.losses(*batches.next()).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
            optimizer.step()
            total += loss.item()
            if (step + 1) % LOG_EVERY == 0:
                now = time.perf_counter()
                line = {"step": step + 1, "loss": total / LOG_EVERY, "tasks_per_second": LOG_EVERY * TASKS / (now - begin)}
                print(json.dumps(line), file=metrics, flush=True)
                total, begin = 0.0, now


if __name__ == "__main__":
    main()
