"""One trial: everything for one target and one form of the corpus, from weights to judged and measured selections."""
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import classifier
import corpus as corpora
import moore_lewis
import zip_fit
from judge import Judges, Tokenizer
from selections import Corpus, Dsir, describe, draw, weigh

SCORERS = {"classifier": classifier.classify, "moore-lewis": moore_lewis.score, "zip-fit": zip_fit.score}
# Whose closeness is measured, and in which feature space: that of the draw, and one that no method draws in.
DRAW, OTHER = ("--ngrams", 2, "--buckets", 10_000), ("--ngrams", 3, "--buckets", 100_000)
MEASURES = {"kl": ("target", DRAW), "kl_other": ("target", OTHER), "kl_heldout": ("heldout", OTHER)}
WITH_BYTES = 1_000_000             # tokens; of larger selections, bytes are not judged


class Trial(NamedTuple):
    """What a trial needs; budgets are {tokens: seeds}."""

    dsir: Dsir
    corpus: Corpus
    form: str
    target: str
    methods: list
    budgets: dict
    punkt: Path
    bpe: Path
    heldout: Path

    def run(self):
        """The results, one for each selection: made now, or kept by an earlier run."""
        choices = self.choices()
        if missing := [choice for choice in choices if not self.kept(*choice).exists()]:
            self.make(missing)
        return [json.loads(self.kept(*choice).read_text()) for choice in choices]

    def choices(self):
        """(method, tokens, seed) of each selection."""
        return [(method, tokens, seed) for tokens, seeds in self.budgets.items() for method in self.methods
                for seed in (seeds if method.often else seeds[:1])]

    def kept(self, method, tokens, seed):
        """The file that keeps the result of a selection: who removes it has the selection made anew."""
        return self.corpus.folder / "judged" / self.target / f"{named(method, tokens, seed)}.json"

    def make(self, choices):
        """Weigh, draw, measure and judge; keep each result."""
        methods = [method for method, _, _ in choices]
        weigh(self.dsir, self.corpus, self.target, methods, self.punkt)
        for scorer in {method.scorer for method in methods if method.scorer}:
            SCORERS[scorer](self.corpus, self.target)
        folder = self.corpus.folder / "selections" / self.target
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{named(*choice)}.jsonl" for choice in choices]
        for choice, path in zip(choices, paths):
            draw(self.dsir, self.corpus, self.target, *choice, path)
        judges = Judges(Tokenizer.from_file(str(self.bpe)), corpora.texts(self.heldout))
        for choice, path, measured in zip(choices, paths, self.measured(paths)):
            keep({**self.judged(judges, path, *choice), **measured}, self.kept(*choice))
        shutil.rmtree(folder)

    def judged(self, judges, path, method, tokens, seed):
        """What a selection is, and what the judges say."""
        facts, texts = describe(path, self.target)
        bits = judges.judge(texts, with_bytes=tokens <= WITH_BYTES)
        bits["bits_per_token"] = bits["bpe"] * judges.bytes / judges.tokens
        return {"form": self.form, "target": self.target, "budget": tokens, "method": method.name, "seed": seed,
                **facts, **bits}

    def measured(self, paths):
        """The KL reductions, and tokens, of each selection."""
        options = [word for i, path in enumerate(paths) for word in ("--selected", f"s{i}={path}")]
        texts = {"target": self.corpus.target(self.target), "heldout": self.heldout}
        found = [{} for _ in paths]
        for field, (role, space) in MEASURES.items():
            report = self.dsir.run("measure", "--threads", 1, "--target", f"t={texts[role]}", *options, *space, "--json",
                                   self.corpus.raw)
            for result, row in zip(found, json.loads(report)["selections"]):
                result[field], result[f"{field}_raw"] = row["kl_mean"]["reduction"], row["kl_mean"]["raw"]
                result["tokens"], result["per_document"] = row["tokens"], row["tokens"] / max(1, row["documents"])
        return found


def named(method, tokens, seed):
    """The name of a selection in file names."""
    return f"{method.name.replace(' ', '_')}-{tokens}-{seed}"


def keep(result, path):
    """Write a result, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result))
    part.rename(path)
