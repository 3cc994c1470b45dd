"""Synthetic interactions as a log has them: users and items Zipf-like, rows in the order of time; a function of the seed.

Columns: user, item, label (1 to 5), time (seconds), category (one of 20), amount.  Memory is that of a chunk of rows,
however many there are.
"""

import numpy
import pyarrow
import pyarrow.compute as compute
import pyarrow.csv
import pyarrow.parquet

CHUNK = 1_000_000
ROWS_A_USER, ROWS_AN_ITEM = 100, 1000  # in the mean
SKEW = 0.8  # the n-th most active user has about n^-SKEW as many rows as the first
START, SPAN = 1_700_000_000, 365 * 86400  # seconds
SCHEMA = pyarrow.schema([("user", pyarrow.string()), ("item", pyarrow.string()), ("label", pyarrow.int32()),
                         ("time", pyarrow.int64()), ("category", pyarrow.string()), ("amount", pyarrow.float64())])


def ranks(random, count, most):
    """Numbers from 0 to most - 1, by the inverse of the distribution function."""
    power = 1 - SKEW
    return ((random.random(count) * (most**power - 1) + 1) ** (1 / power) - 1).astype(numpy.int64).clip(0, most - 1)


def keys(prefix, numbers):
    return compute.binary_join_element_wise(prefix, pyarrow.array(numbers).cast(pyarrow.string()), "")


def chunk(first, count, rows, seed):
    """Rows first to first + count - 1 of the table."""
    random = numpy.random.Generator(numpy.random.Philox([seed, first]))
    users, items = max(10, rows // ROWS_A_USER), max(10, rows // ROWS_AN_ITEM)
    times = START + (numpy.arange(first, first + count) * SPAN) // rows
    return pyarrow.table([keys("u", ranks(random, count, users)), keys("i", ranks(random, count, items)),
                          random.integers(1, 6, count, dtype=numpy.int32), times,
                          keys("c", random.integers(0, 20, count)), random.gamma(2.0, 10.0, count).round(2)], SCHEMA)


def chunks(begin, end, rows, seed):
    """Whole chunks stand at multiples of CHUNK, whichever files they are in, so that files do not change the rows."""
    for first in range(begin // CHUNK * CHUNK, end, CHUNK):
        made = chunk(first, min(CHUNK, rows - first), rows, seed)
        yield made.slice(max(begin - first, 0), min(end, first + CHUNK) - max(begin, first))


def writer(path, format):
    if format == "parquet":
        return pyarrow.parquet.ParquetWriter(path, SCHEMA)
    return pyarrow.csv.CSVWriter(path, SCHEMA, write_options=pyarrow.csv.WriteOptions(quoting_style="needed"))


def write(folder, format, rows, files, seed):
    for file in range(files):
        with writer(folder / f"rows-{file:03}.{format}", format) as table:
            for part in chunks(rows * file // files, rows * (file + 1) // files, rows, seed):
                table.write_table(part)
