"""How users that implicit's models were not fitted to get their vectors, for the peers of benchmarks/quality."""

import numpy
import scipy.sparse

FOLD_IN_PASSES = 200


def matrix_of(users, items, shape):
    return scipy.sparse.csr_matrix((numpy.ones(len(users), dtype=numpy.float32), (users, items)), shape=shape)


def bpr_user(liked, factors, options, drawn):
    """A user's vector by gradient steps of BPR's loss, the films' vectors and biases (the last column) held."""
    vector = numpy.zeros(factors.shape[1] - 1)
    rate, penalty = options.get("learning_rate", 0.01), options.get("regularization", 0.01)
    for _ in range(FOLD_IN_PASSES):
        others = drawn.integers(0, len(factors), len(liked))
        apart = factors[liked] - factors[others]
        pull = 1 / (1 + numpy.exp(apart[:, :-1] @ vector + apart[:, -1]))
        vector += rate * (pull @ apart[:, :-1] - penalty * len(liked) * vector)
    return numpy.append(vector, 1.0)
