"""Few-shot classes: methods of Warmstart on drawn episodes, beside nearest neighbours and prototypes in PyTorch."""

import argparse
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unicodedata

import numpy as np
import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUERIES = 10  # rows of a class that judge
MOST_OF_A_CLASS = 20
STEPS = ["--adapt.stages", "steps", "--inner.steps", "3"]
COMMON = ["--model.network", "mlp", "--model.objective", "classes", "--train.dropout", "0", "--train.keep-best", "false",
          "--train.loss-limit", "0",  # of loss 0.001, any step is far from the median
          "--episode.order", "sorted", "--evaluate.order", "sorted"]  # what a GRU wants; an episode's rows come by class anyway
METHODS = {
    "MAML": [*STEPS, "--inner.scope", "dense", "--inner.rates", "per-layer"],
    "ANIL": [*STEPS, "--inner.scope", "head", "--inner.rates", "per-layer"],
    "Meta-SGD": [*STEPS, "--inner.scope", "dense"],
    "ridge (R2-D2)": ["--adapt.stages", "ridge"],
    "kernel": ["--adapt.stages", "kernel"],
    "prototypes": ["--adapt.stages", "prototypes"],
    "Proto-MAML": ["--adapt.stages", "prototypes,steps", "--inner.scope", "dense"],
    "matching": ["--adapt.stages", "", "--adapt.readout", "matching"],
    "matching, full context": ["--adapt.stages", "", "--adapt.readout", "matching", "--adapt.full-context", "5"],
    "siamese": ["--adapt.stages", "", "--adapt.readout", "siamese"],
    "GRU": ["--adapt.stages", "gru"],
    "encoder": ["--adapt.stages", "support-encoder"],
    "encoder, ridge": ["--adapt.stages", "support-encoder,ridge"],
}
INI = """[data]
dataset = {folder}/dataset
task = class
validation = {validation}
test = {folder}/test.txt
[interactions]
files = {folder}/rows.csv
item = example
class = class
[items]
files = {folder}/items.csv
key = example
dense = {pixels}
"""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=["digits", "glyphs"])
    parser.add_argument("--program", default=ROOT / "build/release/warmstart", type=pathlib.Path)
    parser.add_argument("--work", default=ROOT / "build/few_shot", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--fonts", default="/usr/share/fonts", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--ways", nargs="+", type=int, metavar="N", help="classes of an episode [digits: 4; glyphs: 5 20]")
    parser.add_argument("--shots", nargs="+", type=int, default=[1, 5], metavar="K")
    parser.add_argument("--steps", type=int, default=2000, help="meta-steps of 16 episodes, ours and PyTorch's [2000]")
    parser.add_argument("--episodes", type=int, default=600, help="test episodes [600]")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="NAME")
    arguments = parser.parse_args()
    arguments.ways = arguments.ways or {"digits": [4], "glyphs": [5, 20]}[arguments.data]
    return arguments


def digits():
    """Pixels by class, and the test classes."""
    from sklearn.datasets import load_digits

    images = load_digits()
    classes = {str(digit): images.data[images.target == digit] / 16 for digit in range(10)}
    return classes, [], ["6", "7", "8", "9"]


def glyphs(folder, side=20):
    """Letters in at least ten families, by script; a third of the scripts test, one in six validates."""
    from fontTools.ttLib import TTFont
    from PIL import Image, ImageDraw, ImageFont

    def draw(font, letter):
        image = Image.new("L", (64, 64))
        ImageDraw.Draw(image).text((32, 32), letter, 255, font, anchor="mm")
        box = image.getbbox()
        return None if box is None else np.asarray(image.crop(box).resize((side, side)), np.float32).ravel() / 255

    families = {}
    for file in sorted(folder.rglob("*.[to]tf")):
        try:
            font = TTFont(file, lazy=True)
            name, letters = font["name"].getDebugName(1), set(font.getBestCmap())
            if "old" not in file.name and name not in families:
                families[name] = (ImageFont.truetype(str(file), 40), letters)
        except Exception as error:  # fonts of other formats than these libraries read
            print(f"few_shot: {file.name}: {error}", file=sys.stderr)
    found = {}
    for font, letters in families.values():
        for code in letters:
            if not unicodedata.category(chr(code)).startswith("L") or len(found.setdefault(code, [])) >= MOST_OF_A_CLASS:
                continue
            if (drawn := draw(font, chr(code))) is not None:
                found[code].append(drawn)
    classes, scripts = {}, {}
    for code, images in sorted(found.items()):
        script = unicodedata.name(chr(code), "?").split()[0]
        if len(images) >= 10 and script not in ("CJK", "HANGUL", "MATHEMATICAL", "?"):
            classes[f"{script}-{code:x}"] = np.stack(images)
            scripts.setdefault(script, []).append(f"{script}-{code:x}")
    names = sorted(scripts, key=lambda name: (len(scripts[name]), name))
    print(f"few_shot: {len(families)} families, {len(classes)} letters of {len(names)} scripts", file=sys.stderr)
    of = lambda places: [letter for i, name in enumerate(names) if i % 6 in places for letter in scripts[name]]
    return classes, of([1]), of([0, 3])


def write_tables(folder, classes, validation, test):
    folder.mkdir(parents=True, exist_ok=True)
    width = next(iter(classes.values())).shape[1]
    pixels = [f"p{i}" for i in range(width)]
    with open(folder / "rows.csv", "w", newline="") as rows, open(folder / "items.csv", "w", newline="") as items:
        csv.writer(rows).writerow(["example", "class"])
        csv.writer(items).writerow(["example", *pixels])
        for name, images in classes.items():
            for i, image in enumerate(images):
                csv.writer(rows).writerow([f"{name}.{i}", name])
                csv.writer(items).writerow([f"{name}.{i}", *(f"{pixel:.4f}" for pixel in image)])
    (folder / "test.txt").write_text("\n".join(test) + "\n")
    (folder / "validation.txt").write_text("\n".join(validation) + "\n")
    split = folder / "validation.txt" if validation else 0
    (folder / "config.ini").write_text(INI.format(folder=folder, validation=split, pixels=", ".join(pixels)))


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode != 0:
        sys.exit(f"few_shot: {' '.join(map(str, command))} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def ours(arguments, folder, ways, shots, options):
    """Accuracy, the half width of its interval, seconds of training."""
    sizes = ["--config", folder / "config.ini", *COMMON, "--model.classes", ways, "--episode.ways", ways, "--episode.shots", shots,
             "--train.run", folder / "run"]
    shutil.rmtree(folder / "run", ignore_errors=True)
    begin = time.monotonic()
    run([arguments.program, "train", *sizes, *options, "--episode.class-queries", 5, "--train.steps", arguments.steps,
         "--train.tasks", 16, "--train.validate-every", arguments.steps, "--model.tower", "64,64", "--evaluate.support", shots])
    seconds = time.monotonic() - begin
    result = json.loads(run([arguments.program, "evaluate", *sizes, "--evaluate.baselines", "false", "--evaluate.support", shots,
                             "--evaluate.query", QUERIES, "--evaluate.episodes", arguments.episodes, "--evaluate.measures",
                             "accuracy", "--json"]))["results"][0]
    low, high = result["intervals"]["accuracy"]
    return result["accuracy"], (high - low) / 2, seconds


def draw_episode(random, classes, names, ways, shots, queries):
    """Support and query images [ways, .., pixels]."""
    chosen = random.choice(len(names), ways, replace=False)
    support, query = [], []
    for place in chosen:
        images = classes[names[place]]
        order = random.permutation(len(images))[: shots + queries]
        support.append(images[order[:shots]])
        query.append(images[order[shots:]])
    fewest = min(map(len, query))
    return np.stack(support), np.stack([images[:fewest] for images in query])


def accuracy(episodes):
    accuracies = np.array(episodes)
    return accuracies.mean(), 1.96 * accuracies.std(ddof=1) / len(accuracies) ** 0.5


def nearest(arguments, classes, test, ways, shots):
    random, found = np.random.default_rng(0), []
    for _ in range(arguments.episodes):
        support, query = draw_episode(random, classes, test, ways, shots, QUERIES)
        flat = query.reshape(-1, query.shape[-1])
        distances = ((flat[:, None] - support.reshape(1, -1, query.shape[-1])) ** 2).sum(2)
        found.append((distances.argmin(1) // shots == np.repeat(np.arange(ways), query.shape[1])).mean())
    return accuracy(found)


def torch_prototypes(arguments, classes, train, test, ways, shots):
    """Snell et al. 2017 with an embedding of the same sizes, as many meta-steps and episodes."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    width = next(iter(classes.values())).shape[1]
    network = nn.Sequential(nn.Linear(width, 64), nn.LeakyReLU(0.1), nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, 64))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, arguments.steps)
    random = np.random.default_rng(1)

    def scores(support, query):
        support, query = (network(torch.tensor(part, dtype=torch.float32)) for part in (support, query))
        return -torch.cdist(query.flatten(0, 1), support.mean(1)) ** 2, torch.arange(ways).repeat_interleave(query.shape[1])

    begin = time.monotonic()
    for _ in range(arguments.steps):
        loss = 0
        for _ in range(16):
            loss = loss + nn.functional.cross_entropy(*scores(*draw_episode(random, classes, train, ways, shots, 5))) / 16
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    seconds = time.monotonic() - begin
    random, found = np.random.default_rng(0), []
    with torch.no_grad():
        for _ in range(arguments.episodes):
            logits, labels = scores(*draw_episode(random, classes, test, ways, shots, QUERIES))
            found.append((logits.argmax(1) == labels).float().mean().item())
    return *accuracy(found), seconds


def main():
    arguments = parse_arguments()
    classes, validation, test = digits() if arguments.data == "digits" else glyphs(arguments.fonts)
    train = sorted(set(classes) - set(validation) - set(test))
    folder = (arguments.work / arguments.data).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    write_tables(folder, classes, validation, test)
    run([arguments.program, "ingest", "--config", folder / "config.ini"])
    print("| ways | shots | method | accuracy | seconds of training |\n|---|---|---|---|---|")
    for ways in arguments.ways:
        for shots in arguments.shots:
            rows = {"nearest neighbour on pixels": lambda: (*nearest(arguments, classes, test, ways, shots), 0.0),
                    "prototypes in PyTorch": lambda: torch_prototypes(arguments, classes, train, test, ways, shots)}
            for name in arguments.methods:
                rows[name] = lambda options=METHODS[name]: ours(arguments, folder, ways, shots, options)
            for name, judge in rows.items():
                mean, half, seconds = judge()
                print(f"| {ways} | {shots} | {name} | {100 * mean:.1f}% ±{100 * half:.1f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
