"""Rows a second that PyTorch's EmbeddingBag(sparse=True) sums and an optimizer updates, of the ids that
build/release/benchmarks/table_steps has written: table_peer.py FILE.  One thread; medians of processor time."""

import json
import statistics
import sys
import time

import numpy
import torch

ROWS, WIDTH, BAGS, IDS_OF_BAG, SKIPPED = 1_000_000, 32, 2048, 20, 5


def measure(name, make_optimizer, steps):
    table = torch.nn.EmbeddingBag(ROWS + 1, WIDTH, mode="sum", sparse=True)
    optimizer = make_optimizer(table.parameters())
    offsets, to = torch.arange(BAGS) * IDS_OF_BAG, torch.ones(BAGS, WIDTH)
    rates = []
    for ids in steps:
        distinct = len(numpy.unique(ids.numpy()))
        start = time.process_time()
        optimizer.zero_grad()
        (table(ids, offsets) * to).sum().backward()
        optimizer.step()
        rates.append(distinct / (time.process_time() - start))
    print(json.dumps({"of": "torch " + torch.__version__, "optimizer": name,
                      "rows_per_second": statistics.median(rates[SKIPPED:])}), flush=True)


def main():
    torch.set_num_threads(1)
    ids = torch.from_numpy(numpy.fromfile(sys.argv[1], dtype=numpy.int64))
    steps = ids.view(-1, BAGS * IDS_OF_BAG)
    measure("SparseAdam", lambda parameters: torch.optim.SparseAdam(list(parameters), lr=1e-3), steps)
    measure("Adagrad", lambda parameters: torch.optim.Adagrad(parameters, lr=1e-3), steps)


main()
