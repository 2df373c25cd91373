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
    """How documents are scored and drawn: by log weights in a feature space, a scorer's scores, or `select` itself."""

    name: str
    space: tuple | None = ("wordpunct", 2)
    draw: tuple = ()
    often: bool = False            # drawn with every seed, to see what chance does
    scorer: str | None = None      # in place of a space
    select: tuple = ()             # options with which `select` scores and draws by itself


LARGEST = ("--log-scores", "--temperature", "0")
METHODS = [
    Method("random", draw=("--method", "random"), often=True),
    Method("domain", draw=("--method", "random")),      # random among the target's own domain, as an expert would choose
    Method("top-k", draw=("--temperature", "0")),
    Method("classifier", scorer="classifier", draw=("--method", "pareto")),
    Method("Moore-Lewis", scorer="moore-lewis", draw=LARGEST),
    Method("ZIP-FIT", scorer="zip-fit", draw=LARGEST),
    Method("DSIR 1", space=("wordpunct", 1), often=True),
    Method("DSIR 2", often=True),
    Method("DSIR 3", space=("wordpunct", 3)),
    Method("DSIR words", space=("word_tokenize", 2)),
    Method("DSIR unicode", space=("unicode", 2)),
    Method("DSIR T100", draw=("--temperature", "100")),
    Method("DSIR sqrt", draw=("--normalize", "sqrt")),
    Method("DSIR tokens", draw=("--normalize", "tokens"), often=True),
    Method("DSIR tokens T30", draw=("--normalize", "tokens", "--temperature", "30")),
    Method("DSIR refined", select=("--refine",), often=True),
    Method("DSIR auto", select=("--auto",), often=True),
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
        """The words of each raw document, a line each."""
        return self.folder / "words.txt"

    @property
    def ngrams(self):
        """Raw as numbers of n-grams, for Moore-Lewis."""
        return self.folder / "ngrams"

    @property
    def compressed(self):
        """The size of each raw document compressed alone, for ZIP-FIT."""
        return self.folder / "compressed.npy"

    def weights(self, target, space):
        """The folder of the log weights for a target in a feature space."""
        return self.folder / "weights" / target / "-".join(map(str, space))

    def scores(self, target, scorer):
        """The scores of another tool for a target, one for each raw document."""
        return self.folder / "weights" / target / f"{scorer}.npy"


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


def able(dsir, methods):
    """Those of the methods for which this build of the program has the options."""
    return [method for method in methods
            if all(dsir.offers("resample", word) for word in method.draw if word.startswith("--"))
            and all(dsir.offers("select", word) for word in method.select if word.startswith("--"))
            and (dsir.offers("resample", "--scores") if method.scorer else dsir.offers("fit", method.space[0]))]


def weigh(dsir, corpus, target, methods, punkt):
    """Weigh the corpus for a target in the feature spaces of the methods, and in `wordpunct`, which counts for all."""
    spaces = {method.space for method in methods if not method.scorer} | {("wordpunct", 2)}
    for space in sorted(spaces, reverse=True):
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
    budget = ["--tokens", tokens, "--seed", seed, "--allow-fewer", "--threads", 1, "-o", output]
    raw = corpus.raw
    if method.select:
        dsir.run("select", *method.select, "--target", corpus.target(target), *budget, raw)
        return
    if method.scorer:
        scored = ["--scores", corpus.scores(target, method.scorer)]
    else:
        scored = ["--weights", corpus.weights(target, method.space)]
    if method.name == "domain":
        raw, scored[1] = raw / f"{target}.jsonl", scored[1] / f"{target}.jsonl.npy"
    dsir.run("resample", *scored, *method.draw, *budget, raw)


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
