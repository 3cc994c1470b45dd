"""What benchmarks/quality trains: methods by suite, each with its options and what was tried beside them.

Every method of the suites wide and clicks has two alternatives to its defaults, each a change of what the method is most
likely to depend on; of the suite implicit, two of
ours and of BPR, and four of the other peers, which take seconds.
"""

from dataclasses import dataclass, field


@dataclass
class Method:
    options: dict
    alternatives: list = field(default_factory=list)  # options that are added or replaced, one try each
    joint: bool = False  # judged by evaluate --joint, which also fine-tunes it
    ranks: bool = False  # its scores are on no scale of labels
    ordered: bool = False  # reads rows one after the other
    peer: str = ""  # of quality_implicit_peers.py, whose options these are then


def options_of(text):
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def method(options, *alternatives, **kind):
    return Method(options_of(options), [options_of(alternative) for alternative in alternatives], **kind)


STEPS = "--adapt.stages prior,steps"
ALL = f"{STEPS} --inner.scope all --inner.rates fixed"
DENSE = f"{STEPS} --inner.scope dense"
JOINT = "--adapt.stages prior --episode.support-max 0 --episode.support-common-share 0"
RECURRENT = "--episode.order sorted --adapt.stages"
KERNEL = "--adapt.stages prior,support-encoder,kernel"
ENCODER_STEPS = "--adapt.stages prior,support-encoder,steps"

# The table of docs/quality.md with three training seeds.
MAIN = {
    "steps": method(STEPS),
    "encoder, steps": method(ENCODER_STEPS),
    "ridge": method(""),
    "ridge, query rows alone": method("--adapt.leave-one-out 0"),
    "kernel": method(KERNEL),
    "kernel, noise": method(f"{KERNEL} --adapt.row-noise true"),
    "kernel, noise, longer": method(f"{KERNEL} --adapt.row-noise true --episode.rows 25 --train.epochs 14"),
    "joint": method(JOINT),
}

WIDE = {
    "joint": method(JOINT, "--train.dropout 0.1", "--model.features 96", joint=True),
    "ANIL": method(STEPS, "--inner.steps 5", "--inner.rate 1"),
    "encoder, steps": method(ENCODER_STEPS, "--inner.steps 5", "--inner.rate 1"),
    "encoder, ridge": method("", "--adapt.encoder 128", "--train.dropout 0.1"),
    "encoder, kernel": method(KERNEL, "--adapt.kernel 32", "--train.dropout 0.1"),
    "ridge": method("--adapt.stages prior,ridge", "--model.features 96", "--train.dropout 0.1"),
    "encoder": method("--adapt.stages prior,support-encoder", "--adapt.encoder 128", "--train.dropout 0.1"),
    "GRU": method(f"{RECURRENT} prior,gru", "--adapt.recurrent 128", "--train.dropout 0.1", ordered=True),
    "LSTM": method(f"{RECURRENT} prior,lstm", "--adapt.recurrent 128", "--train.dropout 0.1", ordered=True),
    "task memory, steps": method("--adapt.stages prior,task-memory,steps", "--adapt.task-memory 64",
                                 "--inner.rate 1"),
    "matching": method("--adapt.stages prior --adapt.readout matching", "--adapt.stages prior,support-encoder",
                       "--train.dropout 0.1"),
    "Siamese": method("--adapt.stages prior --adapt.readout siamese", "--adapt.contrast 0.1",
                      "--adapt.contrast-alike 1"),
    "MeLU": method(f"{DENSE} --inner.rates fixed", "--inner.tower-rate 0.2", "--inner.rate 1"),
    "Meta-SGD, rank one": method(DENSE, "--inner.tower-rate 0.2", "--inner.rate 1"),
    "warp": method(f"{DENSE} --inner.warp true", "--inner.tower-rate 0.2", "--inner.rate 1"),
    "pull": method(f"{DENSE} --inner.tower-pull 1", "--inner.tower-pull 10", "--inner.rate 1"),
    "meta-curvature": method(f"{DENSE} --inner.rates kronecker", "--inner.tower-rate 0.2", "--inner.rate 1"),
    "Meta-SGD, elementwise": method(f"{DENSE} --inner.rates elementwise --inner.form weights", "--inner.tower-rate 0.2",
                                    "--inner.rate 1"),
    "MAML": method(ALL, "--inner.tower-rate 0.2", "--inner.rate 1"),
    "first-order MAML": method(f"{ALL} --inner.second-order false", "--inner.tower-rate 0.2", "--inner.rate 1"),
    "Reptile": method(f"{ALL} --train.outer reptile", "--inner.steps 5", "--inner.rate 1"),
    "averaging": method("--adapt.stages steps --inner.scope all --inner.rates fixed --train.outer averaging",
                        "--inner.rate 1 --inner.tower-rate 0.5", "--train.schedule joint:6,meta:6"),
    "joint, then ridge": method("--train.schedule joint:3,meta:9", "--train.schedule joint:6,meta:6",
                                "--train.schedule joint:9,meta:3"),
    "mf, ridge": method("--model.network mf", "--model.features 16", "--model.features 96"),
    "content, ridge": method("--model.network content", "--model.embedding 32", "--train.embedding-l2 0.002"),
    "mlp, ridge": method("--model.network mlp", "--model.tower 128,64", "--train.dropout 0.1"),
    "deepfm, ridge": method("--model.network deepfm", "--model.embedding 32", "--train.dropout 0.1"),
    "din, ridge": method("--model.network din", "--model.embedding 32", "--train.dropout 0.1"),
    "ridge, gains and shifts": method("--adapt.stages prior,ridge --adapt.modulation true", "--model.features 96",
                                      "--train.dropout 0.1"),
    "encoder, steps, gains and shifts": method(f"{ENCODER_STEPS} --adapt.modulation true", "--inner.steps 5",
                                               "--inner.rate 1"),
    "Huber, ridge": method("--model.objective huber", "--model.huber-width 0.5", "--model.huber-width 2"),
    "pairwise, encoder, steps": method(f"{ENCODER_STEPS} --model.objective pairwise", "--inner.rate 1",
                                       "--train.dropout 0.1", ranks=True),
    "listwise, encoder, steps": method(f"{ENCODER_STEPS} --model.objective listwise", "--inner.rate 1",
                                       "--model.listwise-temperature 0.5", ranks=True),
}

BINARY = "--model.objective binary"
CLICKS = {
    "joint": method(f"{BINARY} {JOINT}", "--train.dropout 0.1", "--model.features 96", joint=True),
    "ANIL": method(f"{BINARY} {STEPS}", "--inner.rate 1", "--train.dropout 0.1"),
    "encoder": method(f"{BINARY} --adapt.stages prior,support-encoder", "--adapt.encoder 128", "--train.dropout 0.1"),
    "encoder, ridge": method(BINARY, "--adapt.encoder 128", "--train.dropout 0.1"),
    "encoder, kernel": method(f"{BINARY} {KERNEL}", "--adapt.kernel 32", "--train.dropout 0.1"),
    "prototypes": method(f"{BINARY} --adapt.stages prior,prototypes", "--model.features 96", "--train.dropout 0.1"),
    "Proto-MAML": method(f"{BINARY} --adapt.stages prior,prototypes,steps", "--inner.rate 1", "--train.dropout 0.1"),
    "matching": method(f"{BINARY} --adapt.stages prior --adapt.readout matching",
                       "--adapt.stages prior,support-encoder", "--train.dropout 0.1"),
    "deepfm, ridge": method(f"{BINARY} --model.network deepfm", "--model.embedding 32", "--train.dropout 0.1"),
    "content, ridge": method(f"{BINARY} --model.network content", "--model.embedding 32", "--train.embedding-l2 0.002"),
}

ITEMS = {
    "joint": method(JOINT, joint=True),
    "ANIL": method(STEPS),
    "encoder, ridge": method(""),
    "encoder, kernel": method(KERNEL),
}

TAKEN = "--episode.order time --episode.negatives 4 --train.steps 1000"
HELD = "--train.steps 300 --train.embedding-l2 0.03 --train.key-dropout 0.3"  # where most items have a row or two
WIDER = "--train.dropout 0.1 --model.features 128 --model.embedding 128"
IMPLICIT = {
    "item-kNN": method("--neighbours 100", "--neighbours 20", "--neighbours 1000000", "--neighbours 1000000 --shrink 20",
                       "--neighbours 1000000 --shrink 100", peer="item-kNN"),
    "EASE": method("--penalty 200 --least 3", "--penalty 100", "--penalty 500", "--penalty 1000", "--penalty 2000",
                   peer="EASE"),
    "ALS": method("--factors 64", "--factors 16 --alpha 10", "--factors 32 --alpha 10",
                  "--factors 32 --regularization 10", "--factors 32 --regularization 10 --alpha 10", peer="ALS"),
    "BPR": method("--factors 64", "--factors 32", "--iterations 300", peer="BPR"),
    "lenskit item-kNN": method("--max_nbrs 20", "--max_nbrs 5", "--max_nbrs 100", "--max_nbrs 1000000",
                               "--max_nbrs 20 --save_nbrs 100", peer="lenskit item-kNN"),
    "lenskit user-kNN": method("--max_nbrs 20", "--max_nbrs 50", "--max_nbrs 100", "--max_nbrs 200", "--max_nbrs 500",
                               peer="lenskit user-kNN"),
    "encoder, ridge": method(TAKEN, HELD, WIDER),
    "encoder": method(f"{TAKEN} --adapt.stages prior,support-encoder", HELD, WIDER),
    "encoder, kernel": method(f"{TAKEN} {KERNEL}", HELD, WIDER),
    "binary, encoder, steps": method(f"{TAKEN} {BINARY} {ENCODER_STEPS}", HELD, WIDER),
    "pairwise, encoder, steps": method(f"{TAKEN} {ENCODER_STEPS} --model.objective pairwise", HELD, WIDER),
    "listwise, encoder, steps": method(f"{TAKEN} {ENCODER_STEPS} --model.objective listwise",
                                       HELD, "--model.listwise-temperature 0.1"),
    "joint": method(f"{TAKEN} {JOINT}", HELD, WIDER),
}
