#!/usr/bin/env python3
"""What implicit's ALS takes to fold a user in and to rank 100,000 items, on one thread, beside serving_times.

serving_peer.py [REPEATS] prints medians and 99th percentiles in milliseconds.  The factors are random: their values change
no time.  Needs implicit, numpy and scipy; benchmarks/serving installs them.
"""

import sys
import time

import numpy as np
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares

ITEMS, USERS, SUPPORT = 100_000, 100, 10
FACTORS = 48  # as many as the features of serving_times' first model


def milliseconds(work, repeats):
    seconds = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        work()
        seconds.append(1e3 * (time.perf_counter() - start))
    seconds = sorted(seconds[3:])
    return f"{seconds[len(seconds) // 2]:9.3f} {seconds[len(seconds) * 99 // 100]:9.3f}"


def rows(random, users):
    columns = np.concatenate([random.choice(ITEMS, SUPPORT, replace=False) for _ in range(users)])
    values = random.integers(1, 6, users * SUPPORT).astype(np.float32)
    return scipy.sparse.csr_matrix((values, columns, np.arange(users + 1) * SUPPORT), shape=(users, ITEMS))


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    random = np.random.default_rng(1)
    model = AlternatingLeastSquares(factors=FACTORS, num_threads=1)
    model.user_factors = random.standard_normal((USERS, FACTORS), np.float32)
    model.item_factors = random.standard_normal((ITEMS, FACTORS), np.float32)
    one, many, ids = rows(random, 1), rows(random, 32), np.arange(32)
    print(f"implicit, ALS of {FACTORS} factors")
    for what, work in {
        "fold in and rank all 100000, the best 10": lambda: model.recommend(0, one, N=10, recalculate_user=True),
        "rank all 100000, the best 10": lambda: model.recommend(0, one, N=10),
        "32 users, rank all 100000, the best 10 each": lambda: model.recommend(ids, many, N=10),
    }.items():
        print(f"{what:<44} {milliseconds(work, repeats)}")


if __name__ == "__main__":
    main()
