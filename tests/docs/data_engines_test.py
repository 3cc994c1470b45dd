"""The recipes of docs/data_engines.md, line by line as they stand there, on a shop's log with all that is wrong with logs."""

import csv
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest
from collections import Counter, defaultdict

import duckdb

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/data_engines.md"
PROGRAM = os.environ["WARMSTART_PROGRAM"]


def code_of(section, language):
    """All such code of a section of the page."""
    text = PAGE.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"{PAGE} has no {language} under {section}"
    return found


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


class Shop:
    """Its raw tables, in a folder, and what is to come of them by an account of its own."""

    def __init__(self, folder):
        draw = random.Random(7)
        (folder / "raw").mkdir()
        (folder / "prepared").mkdir()
        products = [(f"p{i}", i % 3, f"c{i % 4}", 1.5 * i) for i in range(30)]
        write(folder / "raw/products.csv", ["product", "brand_id", "category", "price"], products)
        write(folder / "raw/brands.csv", ["brand_id", "brand"], [(0, "Ö, and sons"), (1, "b1")])
        write(folder / "raw/holidays.csv", ["day", "holiday"], [("2024-03-05", "spring")])
        customers = [(f" u{i} ", f"l{i % 3}", 1950 + i, f"2024-01-0{version}") for i in range(35) for version in (1, 2)]
        write(folder / "raw/customers.csv", ["customer", "country", "born", "updated"], customers)
        lines = [self.line(draw, number) for number in range(1500)]
        lines += [self.line(draw, 1500 + number, user="robot") for number in range(1001)]
        spoilt = [("", "p1", "1"), ("u1", " ", "1"), ("u1", "p1", "-2"), ("u1", "p1", "many")]
        lines += [(f"s{number}", *cells, "2024-03-01 10:00:00", "web") for number, cells in enumerate(spoilt)]
        lines.append(("s9", "u1", "p1", "1", "yesterday", "web"))
        lines.append(("s10", "u1", "nothing", "1", "2024-03-01 10:00:00", "web"))
        twice = lines[:100]
        header = ["order_line", "customer", "product", "quantity", "ordered_at", "channel"]
        write(folder / "raw/orders-1.csv", header, lines[:1000])
        write(folder / "raw/orders-2.csv", header, lines[1000:] + twice)
        self.orders = lines[:1500] + lines[-1:]

    @staticmethod
    def line(draw, number, user=None):
        """Some are of one customer, product and time."""
        at = f"2024-03-{draw.randint(1, 20):02} {draw.randint(0, 23):02}:00:00"
        return (f"o{number}", user or f"u{draw.randrange(40)} ", f"p{draw.randrange(30)}", f"{draw.randint(1, 5)}", at,
                draw.choice(["Web", " app", ""]))

    def ordered_before(self):
        """By user, the sum of the feature."""
        times = defaultdict(list)
        for _, user, _, _, at, _ in self.orders:
            times[user.strip()].append(at)
        return {user: sum(sum(other < at for other in of_user) for at in of_user) for user, of_user in times.items()}


class DataEngines(unittest.TestCase):
    def setUp(self):
        self.folders = []

    def tearDown(self):
        for folder in self.folders:
            folder.cleanup()

    def shop(self):
        self.folders.append(tempfile.TemporaryDirectory())
        folder = pathlib.Path(self.folders[-1].name)
        return folder, Shop(folder)

    def run_in(self, folder, *command, env=None):
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def with_duckdb(self, folder, *scripts):
        for script in scripts:
            self.run_in(folder, sys.executable, "-c", "import duckdb, sys; duckdb.execute(sys.argv[1])", script)

    def with_polars(self, folder):
        self.run_in(folder, sys.executable, "-c", *code_of("Polars", "python"))

    def with_slurm(self, folder, tasks=3):
        orders, tables = code_of("DuckDB", "sql")
        (folder / "orders.sql").write_text(orders)
        (folder / "prepare.sh").write_text(*code_of("Slurm", "bash"))
        self.with_duckdb(folder, tables)
        python = {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
        for task in range(tasks):
            array = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": str(tasks)}
            self.run_in(folder, "bash", "prepare.sh", env=os.environ | array | python)
        self.assertEqual(len(list(folder.glob("prepared/interactions-*.parquet"))), tasks)

    def prepared(self, way):
        """A shop's folder where the page's code has run."""
        folder, shop = self.shop()
        {"DuckDB": lambda: self.with_duckdb(folder, *code_of("DuckDB", "sql")),
         "Polars": lambda: self.with_polars(folder),
         "Slurm": lambda: self.with_slurm(folder)}[way]()
        return folder, shop

    def ingested(self, folder, dataset="shop", *arguments):
        (folder / "shop.ini").write_text(*code_of("DuckDB", "ini"))
        options = ["--config", "shop.ini", "--dataset", dataset, *arguments]
        told = json.loads(self.run_in(folder, PROGRAM, "ingest", "--json", *options))
        return told, json.loads((folder / dataset / "dataset.json").read_text())

    def expect_prepared(self, folder, shop):
        rows = duckdb.sql("SELECT \"user\", sum(ordered_before), sum(quantity) "
                          f"FROM '{folder}/prepared/interactions*.parquet' GROUP BY 1")
        found = {user: (before, quantity) for user, before, quantity in rows.fetchall()}
        quantities = Counter()
        for _, user, _, quantity, _, _ in shop.orders:
            quantities[user.strip()] += int(quantity)
        self.assertEqual(found, {user: (before, quantities[user]) for user, before in shop.ordered_before().items()})

    def expect_ingested(self, told, shop):
        pairs = {(user.strip(), item) for _, user, item, *_ in shop.orders if item != "nothing"}
        self.assertEqual(told["rows_read"], len(shop.orders))
        self.assertEqual(told["tasks"], len({user for user, _ in pairs}))
        self.assertEqual(told["rows"], len(pairs))
        left_out = {reason: count["rows"] for reason, count in told["left_out"].items()}
        self.assertEqual(left_out.pop("item that the item table lacks"), 1)
        self.assertEqual(sum(left_out.values()), len(shop.orders) - 1 - len(pairs))
        self.assertEqual(told["without_table_row"]["user"]["keys"], 5)

    def of_whole_tasks(self, folder):
        """The digests of what the parts of a prepared folder's rows make."""
        self.with_duckdb(folder, *code_of("Files of whole tasks", "sql"))
        files = "interactions.files=prepared/parts/*/*.parquet"
        self.assertEqual(len(list(folder.glob("prepared/parts/*/*.parquet"))), 3)
        _, manifest = self.ingested(folder, "parts", "--grouped", "--set", files)
        return manifest["files"], manifest["shards"]

    def test_each_way_prepares_the_same_data_set(self):
        digests = {}
        for way in ("DuckDB", "Polars", "Slurm"):
            with self.subTest(way):
                folder, shop = self.prepared(way)
                self.expect_prepared(folder, shop)
                told, manifest = self.ingested(folder)
                self.expect_ingested(told, shop)
                digests[way] = manifest["files"], manifest["shards"]
                if way == "DuckDB":
                    digests["whole tasks"] = self.of_whole_tasks(folder)
        for way, digest in digests.items():
            self.assertEqual(digest, digests.get("DuckDB"), way)


if __name__ == "__main__":
    unittest.main()
