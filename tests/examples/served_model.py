"""A small model with a field of every kind, trained and exported by the real program, and the service over it."""

import http.client
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples/serving"
GENRES = ["calm", "dark, odd", "loud"]
TITLES = {
    "i0": 'Film <b>zero</b> & "more"',
    "i1": "Ein schöner Tag",
    "back\\slash": "Backslash",
    "två": "Two",
    "a\tb\u2028c": "Tab and\u2028line",
}

CONFIG = """
[data]
dataset = dataset
task = user
label-min = 1
label-max = 5
[interactions]
files = interactions.csv
user = user
item = item
label = rating
categorical = device
dense = hour
[users]
files = users.csv
key = user
categorical = group
dense = age
[items]
files = items.csv
key = item
multi = genres
multi-separator = |
dense = year
[train]
run = run
steps = 30
tasks = 16
[model]
embedding = 8
tower = 8
features = 4
[episode]
support-max = 12
"""


def quoted(cells):
    return ",".join('"' + str(cell).replace('"', '""') + '"' for cell in cells) + "\n"


def write_tables(folder):
    draw = random.Random(1)
    keys = list(TITLES) + [f"i{i}" for i in range(2, 40)]
    items = "item,genres,year,title\n" + "".join(
        quoted(
            [
                key,
                "|".join(draw.sample(GENRES, draw.randint(0, 3))),
                draw.choice(["", 1950 + i]),
                TITLES.get(key, f"Film {i}"),
            ]
        )
        for i, key in enumerate(keys)
    )
    users = "user,group,age\n" + "".join(f"u{i},g{i % 3},{draw.choice(['', 20 + i])}\n" for i in range(80))
    rows = "user,item,rating,device,hour\n" + "".join(
        quoted([f"u{user}", key, draw.randint(1, 5), draw.choice(["phone", "desk"]), draw.randint(0, 23)])
        for user in range(80)
        for key in draw.sample(keys, 20)
    )
    for name, text in (("items", items), ("users", users), ("interactions", rows)):
        (folder / f"{name}.csv").write_text(text, "utf-8")
    (folder / "config.ini").write_text(CONFIG)


class ServedModel:
    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        write_tables(self.folder)
        self.warmstart("ingest", "--config", "config.ini", "--shards", "2")
        self.warmstart("train", "--config", "config.ini")
        self.warmstart("export", "--run", "run", "--to", "models", "--name", "shop")
        self.version = self.folder / "models/shop/1"
        self.start()

    def run(self, *command):
        return subprocess.run([str(word) for word in command], cwd=self.folder, capture_output=True, text=True)

    def warmstart(self, *arguments):
        result = self.run(os.environ["WARMSTART_PROGRAM"], *arguments)
        if result.returncode != 0:
            raise RuntimeError(f"{arguments}: {result.stdout}{result.stderr}")
        return result.stdout

    def example(self, name, *arguments):
        return self.run(sys.executable, EXAMPLES / name, *arguments)

    def start(self):
        self.log = self.folder / "service.log"
        command = [
            "setpriv",
            "--pdeathsig",
            "TERM",
            sys.executable,
            EXAMPLES / "service.py",
            "models/shop",
            "--titles",
            "items.csv",
            "--port",
            "0",
        ]
        with open(self.log, "w") as log:
            self.service = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        while not (started := re.search(r"running on http://127\.0\.0\.1:(\d+)", self.log.read_text())):
            if self.service.poll() is not None:
                raise RuntimeError(self.log.read_text())
            time.sleep(0.05)
        self.port = int(started[1])
        self.url = f"127.0.0.1:{self.port}"

    def ask(self, method, path, body=None):
        """The status and what the body says; a body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, json.loads(content) if "json" in response.headers.get(
            "Content-Type", ""
        ) else content.decode()

    def stop(self):
        self.service.terminate()
        self.service.wait()
        self.temporary.cleanup()
