"""Data sets of MovieLens-1M in the split of the MeLU paper, and the program run on them, for benchmarks/quality.

A data set is named FAMILY/STATE.  Families: stars (users' ratings from 1 to 5), ordered (the same, its training rows in a
drawn order, for what reads rows one after the other: the split has no times, and its rows stand by film), clicks (1 where
a rating is 4 or more, else 0) and items (tasks are films, stars).  States: tune (validation users are left out of training
and judge), held-users, held-films and held-both (films are left out, too: those users judge by the other films, other
users by these films, those users by these films), a set of episodes such as user_cold_seed0, and of items cold alone
(films of item_cold judge).
"""

import csv
import hashlib
import json
import lzma
import os
import random
import resource
import shutil
import signal
import subprocess

# Buckets of years end behind these.
YEARS = [1930, 1940, 1950, 1960, 1965, 1970, 1975, 1980, 1984, 1987, 1990, 1992, 1993, 1994, 1995, 1996]
RELEVANT = 4  # stars from which on a rating counts as a click
MINUTES = 10  # of the processor, that a training may take
HELD_FILMS, JUDGES_OF_FILMS = 0.18, 0.25  # shares of the films that are held out, and of the users who judge them
ROWS_OF_COLD_ITEM = 30  # that a film must have: 10 judge, and 20 and more adapt
INI = """[data]
dataset = {dataset}
task = {task}
label-min = {label_min}
label-max = {label_max}
min-counts = directors:2, actors:2
validation = 0.002
test = {folder}/test.txt
[interactions]
files = {folder}/rows.tsv
separator = tab
user = user
item = item
label = rating
time = time
[users]
files = {folder}/users.csv
key = user
categorical = gender, age, occupation, region
[items]
files = {items}
key = item
categorical = years, certificate
multi = genres, directors, actors
[train]
keep-best = false
validate-every = 1000000
"""


class TooLong(Exception):
    """A process that took more of the processor than a row may."""


def table(path, delimiter):
    opened = lzma.open(path, "rt", newline="") if path.suffix == ".xz" else open(path, newline="")
    with opened as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def write_table(path, rows, columns, delimiter):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter=delimiter, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def episode_rows(path):
    """Each task's support in its order, and then its query: the last rows by time judge."""
    rows = table(path, "\t")
    rows.sort(key=lambda row: row["set"] != "support")
    return [{**row, "user": f"test {row['task']}", "of": row["user"], "time": place} for place, row in enumerate(rows, 1)]


def counted(rows, column):
    counts = {}
    for row in rows:
        counts[row[column]] = counts.get(row[column], 0) + 1
    return counts


def run(command, limit_seconds=resource.RLIM_INFINITY):
    """The processor's seconds, user's and system's, that the command took on one thread; a failure ends the benchmark."""
    command = [str(part) for part in command]
    limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit_seconds, resource.RLIM_INFINITY))
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
                          preexec_fn=limit)
    if done.returncode == -signal.SIGXCPU:
        raise TooLong(f"{limit_seconds} s")
    if done.returncode != 0:
        raise SystemExit(f"quality: {' '.join(command)} failed:\n{done.stderr[-4000:]}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def share_of(kind, key):
    """Of a key, a number from 0 to 1 that looks drawn."""
    return int(hashlib.md5(f"{kind}{key}".encode()).hexdigest(), 16) % 1000 / 1000


class Data:
    """Data sets of the warm rows and one set of test tasks each, made when they are first asked for."""

    def __init__(self, source, program, cache):
        self.source, self.program, self.cache = source, program.resolve(), cache.resolve()
        self.cache.mkdir(parents=True, exist_ok=True)
        self.items = self.cache / "items.csv"
        if not self.items.exists():
            items = table(self.source / "items.csv.xz", ",")
            for item in items:
                item["years"] = sum(int(item["year"]) > year for year in YEARS)
            write_table(self.items, items, ["item", "years", "certificate", "genres", "directors", "actors"], ",")

    def users(self):
        return [{**user, "region": user["zip"][0]} for user in table(self.source / "users.csv", ",")]

    def rows(self, state):
        return [{**row, "time": 0} for row in table(self.source / f"{state}.tsv.xz", "\t")]

    def validation_users(self):
        return set((self.source / "validation_users.txt").read_text().split())

    def config(self, name):
        folder = self.cache / name
        if not (folder / "config.ini").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            family, state = name.split("/")
            self.write(folder, family, state)
            clicks = family == "clicks"
            text = INI.format(dataset=folder / "dataset", folder=folder, items=self.items, label_min=0 if clicks else 1,
                              label_max=1 if clicks else 5, task="item" if family == "items" else "user")
            (folder / "ingest.ini").write_text(text)
            run([self.program, "ingest", "--config", folder / "ingest.ini"])
            (folder / "rows.tsv").unlink()
            (folder / "ingest.ini").rename(folder / "config.ini")
        return folder / "config.ini"

    def write(self, folder, family, state):
        makers = {"tune": self.of_validation, "held": self.of_held_films}
        make = self.of_items if family == "items" else makers.get(state.split("-")[0], self.of_episodes)
        rows, users, test = make(state)
        if family == "clicks":
            rows = [{**row, "rating": int(int(row["rating"]) >= RELEVANT)} for row in rows]
        if family == "ordered":
            drawn = random.Random(0)
            # Rows of episodes, whose times are positions, keep them.
            rows = [{**row, "time": row["time"] or drawn.randrange(1, 1 << 30)} for row in rows]
        write_table(folder / "rows.tsv", rows, ["user", "item", "rating", "time"], "\t")
        write_table(folder / "users.csv", users, ["user", "gender", "age", "occupation", "region"], ",")
        (folder / "test.txt").write_text("\n".join(test) + "\n")

    def of_validation(self, _):
        rows, validation = self.rows("warm"), self.validation_users()
        counts = counted(rows, "user")
        test = sorted(user for user in validation if 13 <= counts[user] <= 100)
        kept = set(test) | (set(counts) - validation)
        return [row for row in rows if row["user"] in kept], self.users(), test

    def of_held_films(self, state):
        kinds = {"held-users": (True, False), "held-films": (False, True), "held-both": (True, True)}
        validation, training, judging = self.validation_users(), [], []
        for row in self.rows("warm"):
            is_new, is_held = row["user"] in validation, share_of("i", row["item"]) < HELD_FILMS
            if not is_new and not is_held:
                training.append(row)
            judges = is_new or share_of("u", row["user"]) < JUDGES_OF_FILMS
            if judges and (is_new, is_held) == kinds[state]:
                judging.append(row)
        counts = counted(judging, "user")
        judging = [{**row, "user": f"t{row['user']}"} for row in judging if 13 <= counts[row["user"]] <= 100]
        test = sorted({row["user"] for row in judging})
        of = {user["user"]: user for user in self.users()}
        return training + judging, [*of.values(), *({**of[task[1:]], "user": task} for task in test)], test

    def of_episodes(self, state):
        users, episodes = self.users(), episode_rows(self.source / f"episodes_{state}.tsv.xz")
        of = {user["user"]: user for user in users}
        task_of = {row["user"]: row["of"] for row in episodes}
        users += [{**of[user], "user": task} for task, user in task_of.items()]
        return self.rows("warm") + episodes, users, list(task_of)

    def of_items(self, _):
        cold = self.rows("item_cold")
        test = sorted(item for item, count in counted(cold, "item").items() if count >= ROWS_OF_COLD_ITEM)
        kept = set(test)
        return self.rows("warm") + [row for row in cold if row["item"] in kept], self.users(), test


def evaluate(data, name, options):
    """Rows of results, a model and support size each."""
    file = data.cache / f"evaluation-{os.getpid()}.json"
    run([data.program, "evaluate", "--config", data.config(name), "--evaluate.output", file, *options])
    results = json.loads(file.read_text())["results"]
    file.unlink()
    return results
