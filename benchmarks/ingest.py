#!/usr/bin/env python3
"""Rows a second and peak memory of `warmstart ingest`, of DuckDB and of Polars, on synthetic interactions as CSV and as Parquet.

The peers do what an ingest is at its core: write each row to the part of its task's hash, then sort each part by task and
time (ingest_peers.py).  Warmstart also checks every cell, splits the tasks, makes vocabularies and scales, and digests and
syncs what it has written.  All contestants of so many ranks or threads share that many cores.  They take turns, format by
format, each in processes of its own; the tables are read once before, so that all find them in the page cache.

Peak memory is the resident high-water mark, added over ranks; pages of mapped files count.  CPU seconds are those of all
threads.  Rows a second change with whatever else the machine does, CPU seconds much less.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import ingest_rows

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = pathlib.Path(__file__).resolve().parent
INI = """[data]
dataset = dataset
task = user
shards = {shards}
min-rows = 2
[interactions]
files = rows-*.{format}
user = user
item = item
label = label
time = time
categorical = category
dense = amount
duplicates = all
"""
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
}
ENGINES = ("duckdb", "polars")


def read_arguments():
    parser = argparse.ArgumentParser(prog="benchmarks/ingest", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = lambda text: [int(part) for part in text.split(",")]
    names = lambda text: text.split(",")
    parser.add_argument("rows", nargs="?", default=10_000_000, type=int, help="of the tables [10000000]")
    parser.add_argument("--ranks", default=[1, 2], type=numbers, metavar="N,N", help="ranks, and the peers' threads [1,2]")
    parser.add_argument("--formats", default=["csv", "parquet"], type=names, metavar="NAME,NAME", help="[csv,parquet]")
    parser.add_argument("--engines", default=list(ENGINES), type=names, metavar="NAME,NAME",
                        help=f"peers [{','.join(ENGINES)}]; none: no peer")
    parser.add_argument("--shards", type=int, metavar="N", help="parts that rows go to [one for 2 million rows, at least 8]")
    parser.add_argument("--files", default=8, type=int, metavar="N", help="files of a table [8]")
    parser.add_argument("--seed", default=0, type=int, metavar="N", help="of the rows [0]")
    parser.add_argument("--program", default=ROOT / "build/release/warmstart", type=pathlib.Path)
    parser.add_argument("--within", type=pathlib.Path, metavar="FOLDER",
                        help="where a folder for all tables is made, and removed: about 150 bytes a row [the system's]")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="file for all figures")
    arguments = parser.parse_args()
    if arguments.engines == ["none"]:
        arguments.engines = []
    if unknown := set(arguments.engines) - set(ENGINES) or set(arguments.formats) - {"csv", "parquet"}:
        parser.error(f"nobody knows {', '.join(sorted(unknown))}")
    if not 0 < arguments.files <= arguments.rows:
        parser.error("each file has a row at least: lower --files, or take more rows")
    if max(arguments.ranks) > len(os.sched_getaffinity(0)):
        parser.error(f"this machine has {len(os.sched_getaffinity(0))} cores: lower --ranks")
    if not arguments.program.exists():
        parser.error(f"{arguments.program} does not exist: cmake --preset release && cmake --build --preset release")
    arguments.shards = arguments.shards or max(8, arguments.rows // 2_000_000)
    return arguments


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def contestants(arguments, format):
    """By name and number of ranks: the command, and whether ranks or threads share the work."""
    for ranks in arguments.ranks:
        program = [arguments.program.resolve(), "ingest", "--config", f"{format}.ini", "--json"]
        yield "warmstart", ranks, (["mpirun", "-n", ranks, "--bind-to", "none"] if ranks > 1 else []), program
        for engine in arguments.engines:
            job = [HERE / "ingest_peers.py", engine, format, arguments.shards, ranks, "result"]
            yield engine, ranks, [], [sys.executable, *job]


def run(launcher, command, cores, folder):
    """Its seconds, and of all ranks together CPU seconds and peak memory."""
    for name in ("result", "dataset", "usage"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "usage").mkdir()
    pinned = ["taskset", "-c", ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:cores])]
    whole = [str(part) for part in [*pinned, *launcher, sys.executable, HERE / "usage_of.py", folder / "usage", *command]]
    start = time.monotonic()
    done = subprocess.run(whole, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"ingest: {' '.join(whole)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    usages = [json.loads(file.read_text()) for file in (folder / "usage").iterdir()]
    found = {"seconds": seconds, "cpu_seconds": sum(each["cpu_seconds"] for each in usages),
             "peak_mib": sum(each["peak_mib"] for each in usages)}
    return found, json.loads(done.stdout.strip().splitlines()[-1])


def measure(arguments, folder, format):
    (folder / f"{format}.ini").write_text(INI.format(shards=arguments.shards, format=format))
    read_once(folder, format)
    for name, ranks, launcher, command in contestants(arguments, format):
        figures, told = run(launcher, command, ranks, folder)
        rows = told["rows_read"] if name == "warmstart" else told["rows"]
        if rows != arguments.rows:
            sys.exit(f"ingest: {name} has found {rows} of {arguments.rows} rows")
        yield {"format": format, "program": name, "ranks": ranks, **figures, "rows_per_second": rows / figures["seconds"],
               "told": told}


def read_once(folder, format):
    for file in folder.glob(f"rows-*.{format}"):
        with open(file, "rb") as table:
            while table.read(1 << 24):
                pass


def markdown(figures):
    yield "| table | program | ranks or threads | rows/s | rows per CPU second | peak MiB |"
    yield "|---|---|---:|---:|---:|---:|"
    for each in figures:
        of_cpu = each["rows_per_second"] * each["seconds"] / each["cpu_seconds"]
        yield (f"| {each['format']} | {each['program']} | {each['ranks']} | {each['rows_per_second']:,.0f} | {of_cpu:,.0f} | "
               f"{each['peak_mib']:,.0f} |")


def benchmark(arguments, folder):
    for format in arguments.formats:
        print(f"ingest: making {arguments.rows:,} rows of {format}", file=sys.stderr)
        ingest_rows.write(folder, format, arguments.rows, arguments.files, arguments.seed)
    load = os.getloadavg()[0]
    figures = []
    for format in arguments.formats:
        for each in measure(arguments, folder, format):
            print(f"ingest: {format}, {each['program']} x {each['ranks']}: {each['seconds']:.1f} s", file=sys.stderr)
            figures.append(each)
    print(f"{arguments.rows:,} rows, {arguments.shards} shards, {processor()}, {len(os.sched_getaffinity(0))} cores, "
          f"load {load:.1f} before\n")
    print("\n".join(markdown(figures)))
    if arguments.json:
        facts = {"rows": arguments.rows, "shards": arguments.shards, "files": arguments.files, "seed": arguments.seed,
                 "processor": processor(), "cores": len(os.sched_getaffinity(0)), "load_before": load}
        arguments.json.write_text(json.dumps({**facts, "figures": figures}, indent=2) + "\n")


def main():
    arguments = read_arguments()
    with tempfile.TemporaryDirectory(dir=arguments.within) as folder:
        benchmark(arguments, pathlib.Path(folder))


if __name__ == "__main__":
    main()
