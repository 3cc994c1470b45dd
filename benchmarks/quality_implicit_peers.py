"""What other ways make of the positives of benchmarks/quality --suite implicit: neighbours, EASE, implicit's ALS and BPR, and
lenskit's neighbours.

Each is fitted to the rows of the training users.  A user that judges is then known by its support rows alone: item-kNN and
EASE (Steck 2019) add the rows of those items, ALS and BPR fit a vector to them, the items' vectors held, and lenskit's two
are asked with those items as the user's history.  Without support rows, and among equal scores, items stand by their
training rows.  Needs numpy and scipy; ALS and BPR need implicit==0.7.3, lenskit's neighbours lenskit==2025.8.1.
"""

import time

import numpy
import scipy.sparse

from quality_data import MINUTES
from quality_folding import bpr_user, matrix_of

QUERY = 10  # rows of a user that judge, and places that count
GAINS = 1 / numpy.log2(numpy.arange(QUERY) + 2)
SLICES = ("head", "middle", "tail")


class Catalogue:
    """The training users' matrix, and each judging user's items in order of time."""

    def __init__(self, rows, test):
        self.number = {item: place for place, item in enumerate(dict.fromkeys(row["item"] for row in rows))}
        train = [row for row in rows if row["user"] not in test]
        users = {user: place for place, user in enumerate(dict.fromkeys(row["user"] for row in train))}
        self.matrix = matrix_of([users[row["user"]] for row in train], [self.number[row["item"]] for row in train],
                                (len(users), len(self.number)))
        self.popularity = numpy.asarray(self.matrix.sum(axis=0)).ravel()
        of_test = {user: [] for user in sorted(test)}
        for row in rows:
            if row["user"] in test:
                of_test[row["user"]].append(self.number[row["item"]])
        self.judging = [numpy.array(items) for items in of_test.values()]

    def supports(self, size):
        """The first so many rows of each judging user, of those before its last ones: a row a user, a column an item."""
        own = [items[:-QUERY] if size == "all" else items[:-QUERY][: int(size)] for items in self.judging]
        users = numpy.repeat(numpy.arange(len(own)), [len(items) for items in own])
        return matrix_of(users, numpy.concatenate(own), (len(own), len(self.number)))


# ---- peers: fitted to a catalogue, each scores all items for each row of a matrix of supports


class Neighbours:
    """Cosines of items' columns over training users, of each item's most similar ones alone."""

    def __init__(self, catalogue, neighbours=100, shrink=0):
        unit = scipy.sparse.diags(1 / numpy.sqrt(numpy.maximum(catalogue.popularity, 1)))
        together = (catalogue.matrix.T @ catalogue.matrix).tocsr()
        together.setdiag(0)
        together.eliminate_zeros()
        together.data = together.data**2 / (together.data + shrink)
        self.similar = (unit @ together @ unit).tocsr()
        for begin, end in zip(self.similar.indptr, self.similar.indptr[1:]):
            if end - begin > neighbours:
                row = self.similar.data[begin:end]
                row[numpy.argpartition(row, -int(neighbours))[: -int(neighbours)]] = 0

    def scores(self, supports):
        return (supports @ self.similar).toarray()


class Ease:
    """The linear model from items to items without a diagonal, in closed form, of items with enough training rows."""

    def __init__(self, catalogue, penalty=200.0, least=1):
        self.items = numpy.flatnonzero(catalogue.popularity >= least)
        columns = catalogue.matrix[:, self.items]
        gram = (columns.T @ columns).toarray()
        gram[numpy.diag_indices_from(gram)] += penalty
        inverse = numpy.linalg.inv(gram)
        self.weights = -inverse / numpy.diag(inverse)
        numpy.fill_diagonal(self.weights, 0)

    def scores(self, supports):
        scores = numpy.zeros(supports.shape)
        scores[:, self.items] = supports[:, self.items] @ self.weights
        return scores


class Als:
    def __init__(self, catalogue, **options):
        from implicit.als import AlternatingLeastSquares

        self.model = AlternatingLeastSquares(num_threads=1, random_state=0, **whole(options))
        self.model.fit(catalogue.matrix, show_progress=False)

    def scores(self, supports):
        return self.model.recalculate_user(numpy.arange(supports.shape[0]), supports) @ self.model.item_factors.T


class Bpr:
    def __init__(self, catalogue, **options):
        from implicit.bpr import BayesianPersonalizedRanking

        self.options, self.drawn = whole(options), numpy.random.default_rng(0)
        self.model = BayesianPersonalizedRanking(num_threads=1, random_state=0, **self.options)
        self.model.fit(catalogue.matrix, show_progress=False)

    def scores(self, supports):
        factors = numpy.asarray(self.model.item_factors)
        users = [bpr_user(row.indices, factors, self.options, self.drawn) for row in supports]
        return numpy.array(users) @ factors.T


class Lenskit:
    """One of lenskit's scorers of positives, fitted to the pairs of a catalogue; what it does not score has 0.

    It is told of the items of training rows alone, since asking it about others ends the process.
    """

    def __init__(self, scorer, catalogue):
        from lenskit.data import from_interactions_df
        from pandas import DataFrame

        users, items = catalogue.matrix.nonzero()
        self.items, self.scorer = numpy.unique(items), scorer
        self.scorer.train(from_interactions_df(DataFrame({"user_id": users, "item_id": items})))

    def scores(self, supports):
        from lenskit.data import ItemList, RecQuery

        items, found = ItemList(item_ids=self.items), numpy.zeros(supports.shape)
        for user, row in enumerate(supports):
            query = RecQuery(history_items=ItemList(item_ids=numpy.intersect1d(row.indices, self.items)))
            found[user, self.items] = numpy.nan_to_num(self.scorer(query, items).scores())
        return found


def lenskit_item_neighbours(catalogue, **options):
    from lenskit.knn import ItemKNNScorer

    return Lenskit(ItemKNNScorer(feedback="implicit", **whole(options)), catalogue)


def lenskit_user_neighbours(catalogue, **options):
    from lenskit.knn import UserKNNScorer

    return Lenskit(UserKNNScorer(feedback="implicit", **whole(options)), catalogue)


PEERS = {"item-kNN": Neighbours, "EASE": Ease, "ALS": Als, "BPR": Bpr, "lenskit item-kNN": lenskit_item_neighbours,
         "lenskit user-kNN": lenskit_user_neighbours}


def whole(options):
    return {key: int(value) if value == int(value) else value for key, value in options.items()}


# ---- measures, as docs/measures.md has them among all candidates


def first_items(scores, asked, popularity):
    """The first ten items: of equal scores by their training rows, and those that are asked for last."""
    near = numpy.flatnonzero(scores >= numpy.partition(scores, -QUERY)[-QUERY])
    return near[numpy.lexsort((asked[near], -popularity[near], -scores[near]))[:QUERY]]


def slice_of_items(catalogue):
    """Of each item the third of the query rows, by training rows, that the middle of its equals lies in."""
    counts = catalogue.popularity[numpy.concatenate([items[-QUERY:] for items in catalogue.judging])]
    of_count, before = {}, 0
    for count in sorted(set(counts), reverse=True):
        rows = (counts == count).sum()
        of_count[count] = int((2 * before + rows) * len(SLICES) / (2 * len(counts)))
        before += rows
    return numpy.array([of_count.get(count, -1) for count in catalogue.popularity])


def judged(peer, catalogue, size):
    """Means over users, and of each slice the share of all users' query rows that are found."""
    supports, slices = catalogue.supports(size), slice_of_items(catalogue)
    users = len(catalogue.judging)
    scores = peer.scores(supports) if supports.nnz else numpy.tile(catalogue.popularity, (users, 1))
    hits, found, all_rows = numpy.zeros((users, QUERY)), numpy.zeros(len(SLICES)), numpy.zeros(len(SLICES))
    for user, items in enumerate(catalogue.judging):
        asked = numpy.isin(numpy.arange(scores.shape[1]), items[-QUERY:])
        scores[user, items[:-QUERY]] = -numpy.inf
        first = first_items(scores[user], asked, catalogue.popularity)
        hits[user] = asked[first]
        found += numpy.bincount(slices[first[asked[first]]], minlength=len(SLICES))
        all_rows += numpy.bincount(slices[items[-QUERY:]], minlength=len(SLICES))
    return {"ndcg@10": (hits @ GAINS).mean() / GAINS.sum(), "recall@10": hits.mean(),
            "slices": {name: {"recall@10": share} for name, share in zip(SLICES, found / all_rows)}}


def fitted(kind, options, states, sizes):
    """Seconds of the processor that fitting took, and of each state's users a row for each size, as evaluate tells them.

    `states` has rows and judging users by name; the training users are the same in all.
    """
    results, seconds = {}, 0
    for state, (rows, test) in states.items():
        catalogue = Catalogue(rows, test)
        begin = time.process_time()
        peer = PEERS[kind](catalogue, **{key.removeprefix("--"): float(value) for key, value in options.items()})
        seconds = max(seconds, time.process_time() - begin)
        results[state] = [{"model": "warmstart", "support": size, **judged(peer, catalogue, size)} for size in sizes]
    return {"too long": f"{seconds:.0f} s"} if seconds > MINUTES * 60 else {"seconds": seconds, "results": results}
