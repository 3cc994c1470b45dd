"""Three data sets of positives alone, and the program run on them, for benchmarks/quality --suite implicit.

A data set is named SET/STATE.  Sets: ml-100k (films that a user rated 4 or more), online-retail (stock codes that a customer
bought) and complete-journey (products that a household bought).  A pair counts once, at its latest row; users with under
LEAST of them are left out.  One user in five judges (state cold), one in ten chooses settings (state tune); in both
the others alone are trained on.  Times are positions in the order of the rows: rows of one time stay in the file's order.
"""

import hashlib
import shutil

from quality_data import counted, run, table, write_table

LEAST = 12  # rows of a user: 10 judge
COLD, TUNE = 0.2, 0.1  # shares of users that judge, and that choose settings
RELEVANT = 4  # stars from which on a film counts as taken
INI = """[data]
dataset = {folder}/dataset
task = user
min-rows = {least}
validation = 0.002
test = {folder}/test.txt
[interactions]
files = {folder}/rows.csv
user = user
item = item
label =
time = time
[evaluate]
candidates = all
[train]
keep-best = false
validate-every = 1000000
"""
ML_100K = """[users]
files = {source}/ml-100k.user
separator = tab
key = user_id:token
categorical = gender:token, occupation:token
dense = age:token
[items]
files = {source}/ml-100k.item
separator = tab
key = item_id:token
categorical = release_year:token
multi = class:token_seq
multi-separator = space
"""
ONLINE_RETAIL = """[users]
files = {folder}/users.csv
key = user
categorical = Country
[items]
files = {folder}/items.csv
key = item
multi = words
"""
COMPLETE_JOURNEY = """[users]
files = {folder}/users.csv
key = household_id
null-values = NA
join = left
categorical = age, income, home_ownership, marital_status, household_size, household_comp, kids_count
[items]
files = {folder}/items.csv
key = product_id
null-values = NA
join = left
categorical = manufacturer_id, department, brand, product_category, product_type, package_size
"""


def place_of(user):
    """Where a user stands between 0 and 1, always the same."""
    return int(hashlib.sha256(user.encode()).hexdigest()[:8], 16) / 2**32


def in_state(user, state):
    return place_of(user) < COLD if state == "cold" else COLD <= place_of(user) < COLD + TUNE


def latest(rows):
    """Each pair's last row by time, in order of time, of the users that have LEAST of them."""
    rows = {(row["user"], row["item"]): row for row in sorted(rows, key=lambda row: row["time"])}.values()
    rows = sorted(rows, key=lambda row: row["time"])
    counts = counted(rows, "user")
    return [{**row, "time": place} for place, row in enumerate(rows, 1) if counts[row["user"]] >= LEAST]


def ml_100k(source, _):
    rows = table(source / "ml-100k.inter", "\t")
    return [{"user": row["user_id:token"], "item": row["item_id:token"], "time": float(row["timestamp:float"])}
            for row in rows if float(row["rating:float"]) >= RELEVANT]


def online_retail(source, folder):
    lines = table(source / "online_retail.csv.xz", ",")
    rows = [{"user": line["CustomerID"], "item": line["StockCode"], "time": line["InvoiceDate"], **line}
            for line in lines if line["CustomerID"] and float(line["Quantity"]) > 0]
    write_table(folder / "users.csv", {row["user"]: row for row in rows}.values(), ["user", "Country"], ",")
    items = {row["item"]: {"item": row["item"], "words": "|".join(row["Description"].split())} for row in rows}
    write_table(folder / "items.csv", items.values(), ["item", "words"], ",")
    return rows


def complete_journey(source, folder):
    rows = table(source / "transactions_sample.csv.xz", ",")
    sold = {row["product_id"] for row in rows}
    people = table(source / "demographics.csv.xz", ",")
    write_table(folder / "users.csv", people, list(people[0]), ",")
    products = [product for product in table(source / "products.csv.xz", ",") if product["product_id"] in sold]
    write_table(folder / "items.csv", products, list(products[0]), ",")
    return [{"user": row["household_id"], "item": row["product_id"], "time": row["transaction_timestamp"]} for row in rows]


SETS = {
    "ml-100k": (ml_100k, ML_100K),
    "online-retail": (online_retail, ONLINE_RETAIL),
    "complete-journey": (complete_journey, COMPLETE_JOURNEY),
}


class Positives:
    """Data sets of the training users and those that judge or choose, made when they are first asked for."""

    def __init__(self, source, program, cache):
        self.source, self.program, self.cache = source.resolve(), program.resolve(), cache.resolve()
        self.cache.mkdir(parents=True, exist_ok=True)

    def config(self, name):
        folder = self.cache / name
        if not (folder / "config.ini").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self.write(folder, *name.split("/"))
            run([self.program, "ingest", "--config", folder / "ingest.ini"])
            (folder / "ingest.ini").rename(folder / "config.ini")
        return folder / "config.ini"

    def rows(self, name):
        """The rows in order of time, and the users that judge."""
        folder = self.config(name).parent
        return table(folder / "rows.csv", ","), set((folder / "test.txt").read_text().split())

    def write(self, folder, family, state):
        make, tables = SETS[family]
        rows = latest(make(self.source / family, folder))
        test = {row["user"] for row in rows if in_state(row["user"], state)}
        rows = [row for row in rows if row["user"] in test or place_of(row["user"]) >= COLD + TUNE]
        write_table(folder / "rows.csv", rows, ["user", "item", "time"], ",")
        (folder / "test.txt").write_text("\n".join(sorted(test)) + "\n")
        text = (INI + tables).format(folder=folder, source=self.source / family, least=LEAST)
        (folder / "ingest.ini").write_text(text)
