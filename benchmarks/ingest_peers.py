#!/usr/bin/env python3
"""ingest_peers.py ENGINE FORMAT SHARDS THREADS FOLDER: the tables rows-*.FORMAT in SHARDS sorted parts below FOLDER.

Rows go to a Parquet file (or several) for each part, by the hash of their user; then each part is sorted by user and time.
Nothing is compressed, as in what `warmstart ingest` writes.  Prints the number of rows that are there at the end, as JSON.
"""

import json
import os
import pathlib
import sys

import pyarrow.parquet


def with_duckdb(format, shards, threads, folder):
    import duckdb

    database = duckdb.connect(str(folder / "database"), config={"threads": threads, "preserve_insertion_order": False})
    database.execute(f"COPY (SELECT *, hash(\"user\") % {shards} AS bucket FROM read_{format}('rows-*.{format}')) "
                     f"TO '{folder}/parts' (FORMAT parquet, PARTITION_BY bucket, COMPRESSION uncompressed)")
    for part in (folder / "parts").iterdir():
        database.execute(f"COPY (SELECT * FROM read_parquet('{part}/*', hive_partitioning = false) ORDER BY \"user\", time) "
                         f"TO '{folder}/sorted/{part.name}.parquet' (FORMAT parquet, COMPRESSION uncompressed)")


def with_polars(format, shards, threads, folder):
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    import polars

    scan = polars.scan_csv if format == "csv" else polars.scan_parquet
    bucket = (polars.col("user").hash() % shards).alias("bucket")
    scan(f"rows-*.{format}").sink_parquet(polars.PartitionBy(folder / "parts", key=bucket, include_key=False),
                                          compression="uncompressed", maintain_order=False, mkdir=True)
    for part in (folder / "parts").iterdir():
        polars.scan_parquet(part / "**/*.parquet").sort("user", "time").sink_parquet(
            folder / "sorted" / f"{part.name}.parquet", compression="uncompressed")


def main():
    engine, format, shards, threads, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    (folder / "sorted").mkdir(parents=True)
    {"duckdb": with_duckdb, "polars": with_polars}[engine](format, int(shards), int(threads), folder)
    files = list((folder / "sorted").iterdir())
    print(json.dumps({"files": len(files), "rows": sum(pyarrow.parquet.read_metadata(file).num_rows for file in files)}))


if __name__ == "__main__":
    main()
