"""How well classifiers tell held-out text of each target from raw documents: the program's beside fastText's.

Held-out text is of other packages than the target.  Raw documents of the target's domain are left out: they are like the
target.  AUC is the area under the ROC curve; all is of whole documents and on one thread.
"""
import shutil
import time

import numpy as np

import classifier
import corpus as corpora
from figure import table
from points import mean_interval

PROGRAM = {"DSIR 2, per token": [], "DSIR classifier, 10 000 buckets": ["--learn", "classifier"],
           "DSIR classifier, 65 536 buckets": ["--learn", "classifier", "--buckets", "65536"]}
FASTTEXT = "fastText, 2-grams"


def run(dsir, whole, work, targets):
    """{name: table} of the page: mean AUC over targets with its 95% interval, and the time to score all of raw."""
    folder = work / "auc"
    folder.mkdir(exist_ok=True)
    shards = sorted(whole.raw.glob("*.jsonl"))
    domains = np.concatenate([[shard.stem] * len(corpora.texts(shard)) for shard in shards])
    words = whole.words.read_text(encoding="utf-8").splitlines()
    found = {name: [] for name in [*PROGRAM, FASTTEXT]}
    for target in targets:
        for name, options in PROGRAM.items():
            found[name].append(of_program(dsir, whole, folder, target, options, shards, domains))
        model = classifier.train(words, corpora.texts(whole.target(target)), folder / "training.txt")
        heldout = [classifier.as_words(text) for text in corpora.texts(whole.heldout(target))]
        start = time.time()
        raw = classifier.probabilities(model, words)
        seconds = time.time() - start
        found[FASTTEXT].append((auc(classifier.probabilities(model, heldout), raw[domains != target]), seconds))
    base = [score for score, _ in found[FASTTEXT]]
    out = []
    for name, rows in found.items():
        scores = [score for score, _ in rows]
        low, high = mean_interval(scores)
        better = "" if name == FASTTEXT else f"{sum(a > b for a, b in zip(scores, base))} of {len(base)}"
        out.append([name, f"{np.mean(scores):.3f} ({low:.3f} to {high:.3f})", f"{min(scores):.3f}", better,
                    f"{np.median([seconds for _, seconds in rows]):.1f}"])
    return {"auc": table(["", "AUC", "worst", "better than fastText", "seconds for raw"], out)}


def of_program(dsir, whole, folder, target, options, shards, domains):
    """(AUC, seconds) of a model of the program."""
    model, weights = folder / "model.json", folder / "weights"
    dsir.run("fit", "--threads", 1, "--target", whole.target(target), *options, "-o", model, whole.raw)
    scores = {}
    for name, paths in {"raw": shards, "heldout": [whole.heldout(target)]}.items():
        shutil.rmtree(weights, ignore_errors=True)
        start = time.time()
        dsir.run("weigh", "--threads", 1, "--model", model, "-o", weights, *paths)
        seconds = time.time() - start
        rows = np.concatenate([np.load(weights / f"{path.name}.npy") for path in paths])
        scores[name] = rows["log_weight"] / np.maximum(rows["tokens"], 1), seconds
    (raw, seconds), (heldout, _) = scores["raw"], scores["heldout"]
    return auc(heldout, raw[domains != target]), seconds


def auc(wanted, others):
    """The share of pairs in which the wanted document has the larger score; equal ones count half."""
    others = np.sort(others)
    below = np.searchsorted(others, wanted, "left") + np.searchsorted(others, wanted, "right")
    return float(below.mean() / 2 / len(others))
