"""The selections: each method's draw from the raw corpus for one target, made by the `dsir` program.

A method is a way to score documents and a way to draw by the scores.  All draw the same number of tokens, counted as
`wordpunct` counts them whatever the method's own tokenizer, and leave out the same documents (of fewer than 100).
"""
import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Method(NamedTuple):
    """How documents are scored and drawn; `space` is the feature space of the log weights, or None."""

    name: str
    space: tuple | None = ("wordpunct", 2)
    draw: tuple = ()
    seeded: bool = True
    refined: bool = False      # by log-ratios that are learned for the budget


METHODS = [
    Method("random", draw=("--method", "random")),
    Method("domain", draw=("--method", "random")),      # random among the target's own domain, as an expert would choose
    Method("top-k", draw=("--temperature", "0"), seeded=False),
    Method("classifier", space=None, draw=("--method", "pareto")),
    Method("DSIR 1", space=("wordpunct", 1)),
    Method("DSIR 2"),
    Method("DSIR 3", space=("wordpunct", 3)),
    Method("DSIR words", space=("word_tokenize", 2)),
    Method("DSIR unicode", space=("unicode", 2)),
    Method("DSIR T100", draw=("--temperature", "100")),
    Method("DSIR sqrt", draw=("--normalize", "sqrt")),
    Method("DSIR tokens", draw=("--normalize", "tokens")),
    Method("DSIR tokens T30", draw=("--normalize", "tokens", "--temperature", "30")),
    Method("DSIR refined", refined=True),
]


class Corpus(NamedTuple):
    """A raw corpus in one form, whole documents or pieces of them, and what is made of it."""

    folder: Path

    @property
    def raw(self):
        """The folder of shards, one for each domain."""
        return self.folder / "raw"

    def target(self, name):
        """The target's documents, in the same form."""
        return self.folder / "target" / f"{name}.jsonl"

    def heldout(self, name):
        """What the judges are asked about for a target: whole documents, whatever the form."""
        return self.folder / "heldout" / f"{name}.jsonl"

    @property
    def words(self):
        """The words of each raw document, for the classifier."""
        return self.folder / "words.txt"

    def weights(self, target, space):
        """The folder of the log weights for a target in a feature space."""
        return self.folder / "weights" / target / "-".join(map(str, space))

    def scores(self, target):
        """The classifier's scores for a target."""
        return self.folder / "weights" / target / "classifier.npy"


class Dsir:
    """The program, and what this build of it can do."""

    def __init__(self, binary):
        self.binary, self.help = binary, {}

    def run(self, command, *options):
        """Run a command; return its standard output.  A failure shows the program's own message."""
        line = [str(word) for word in (self.binary, command, "--quiet", *options)]
        done = subprocess.run(line, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(line)}\n{done.stderr}")
        return done.stdout

    def offers(self, command, option):
        """Whether this build's help of the command names the option, or a value of one."""
        if command not in self.help:
            asked = subprocess.run([self.binary, command, "--help"], capture_output=True, text=True)
            self.help[command] = asked.stdout
        return option in self.help[command]


def able(dsir):
    """The methods for which this build of the program has the options."""
    return [method for method in METHODS
            if all(dsir.offers("resample", word) for word in method.draw if word.startswith("--"))
            and (dsir.offers("select", "--refine") or not method.refined)
            and (dsir.offers("fit", method.space[0]) if method.space else dsir.offers("resample", "--scores"))]


def weigh(dsir, corpus, target, methods, punkt):
    """Weigh the corpus for a target in the feature spaces of the methods, `wordpunct` first."""
    for space in sorted({method.space for method in methods if method.space}, reverse=True):
        folder = corpus.weights(target, space)
        if not folder.exists():
            (tokenizer, ngrams), model = space, folder.with_suffix(".json")
            model.parent.mkdir(parents=True, exist_ok=True)
            trained = ["--punkt", punkt] if tokenizer == "word_tokenize" else []
            dsir.run("fit", "--threads", 1, "--target", corpus.target(target), "--tokenizer", tokenizer,
                     "--ngrams", ngrams, *trained, "-o", model, corpus.raw)
            dsir.run("weigh", "--threads", 1, "--model", model, *trained, "-o", folder, corpus.raw)
            count_as_wordpunct(corpus, target, space)


def count_as_wordpunct(corpus, target, space):
    """Put the numbers of `wordpunct` tokens into weights made with another tokenizer, so that budgets are equal."""
    if space[0] != "wordpunct":
        for file in corpus.weights(target, space).glob("*.npy"):
            counted = np.load(corpus.weights(target, ("wordpunct", 2)) / file.name, mmap_mode="r")
            np.load(file, mmap_mode="r+")["tokens"][:] = counted["tokens"]


def draw(dsir, corpus, target, method, tokens, seed, output):
    """Draw a selection of so many tokens into `output`; a smaller one if the eligible documents do not suffice."""
    raw = corpus.raw
    if method.refined:
        dsir.run("select", "--refine", "--target", corpus.target(target), "--tokens", tokens, "--seed", seed,
                 "--allow-fewer", "--threads", 1, "-o", output, raw)
        return
    scored = ["--weights", corpus.weights(target, method.space)] if method.space else ["--scores", corpus.scores(target)]
    if method.name == "domain":
        raw, scored[1] = raw / f"{target}.jsonl", scored[1] / f"{target}.jsonl.npy"
    dsir.run("resample", *scored, *method.draw, "--tokens", tokens, "--seed", seed, "--allow-fewer", "--threads", 1,
             "-o", output, raw)


def describe(path, domain):
    """(facts, texts) of a selection: how many documents, the share from `domain`, the share of repeated paragraphs."""
    tokens = own = said_twice = size = 0
    seen = set()
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    for record in records:
        size += len(record["text"])
        own += len(record["text"]) * (record["domain"] == domain)
        for paragraph in record["text"].split("\n\n"):
            said_twice += len(paragraph) * (paragraph in seen)
            seen.add(paragraph)
    facts = {"documents": len(records), "own": own / max(1, size), "twice": said_twice / max(1, size)}
    return facts, [record["text"] for record in records]
