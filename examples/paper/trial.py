"""One trial: everything for one target and one form of the corpus, from weights to judged and measured selections."""
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import classifier
import corpus as corpora
from judge import Judges, Tokenizer
from selections import Corpus, Dsir, able, describe, draw, weigh

# Whose closeness is measured, and in which feature space: that of the draw, and one that no method draws in.
DRAW, OTHER = ("--ngrams", 2, "--buckets", 10_000), ("--ngrams", 3, "--buckets", 100_000)
MEASURES = {"kl": ("target", DRAW), "kl_other": ("target", OTHER), "kl_heldout": ("heldout", OTHER)}


class Trial(NamedTuple):
    """What a trial needs; budgets are {tokens: seeds}."""

    dsir: Dsir
    corpus: Corpus
    form: str
    target: str
    budgets: dict
    punkt: Path
    bpe: Path
    heldout: Path

    def run(self):
        """The results, one for each selection: made now, or by an earlier run that was stopped after this trial."""
        kept = self.corpus.folder / "results" / f"{self.target}.json"
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(json.dumps(self.made()))
        return json.loads(kept.read_text())

    def made(self):
        """Weigh, draw, judge and measure."""
        weigh(self.dsir, self.corpus, self.target, able(self.dsir), self.punkt)
        classifier.classify(self.corpus, self.target)
        judges = Judges(Tokenizer.from_file(str(self.bpe)), corpora.texts(self.heldout))
        folder = self.corpus.folder / "selections" / self.target
        folder.mkdir(parents=True, exist_ok=True)
        results = [self.judged(judges, folder, *choice) for choice in self.choices()]
        self.measure(results)
        shutil.rmtree(folder)
        return results

    def choices(self):
        """(method, tokens, seed) of each selection."""
        return [(method, tokens, seed) for tokens, seeds in self.budgets.items() for method in able(self.dsir)
                for seed in (seeds if method.seeded else seeds[:1])]

    def judged(self, judges, folder, method, tokens, seed):
        """One selection, drawn and judged."""
        path = folder / f"{tokens}-{method.name.replace(' ', '_')}-{seed}.jsonl"
        draw(self.dsir, self.corpus, self.target, method, tokens, seed, path)
        facts, texts = describe(path, self.target)
        bits = judges.judge(texts, with_bytes=(tokens, seed) == (min(self.budgets), 0))
        bits["bits_per_token"] = bits["bpe"] * judges.bytes / judges.tokens
        return {"form": self.form, "target": self.target, "budget": tokens, "method": method.name, "seed": seed,
                "path": str(path), **facts, **bits}

    def measure(self, results):
        """Add the KL reductions, and tokens, to each result."""
        named = [word for i, result in enumerate(results) for word in ("--selected", f"s{i}={result['path']}")]
        texts = {"target": self.corpus.target(self.target), "heldout": self.heldout}
        for field, (role, space) in MEASURES.items():
            report = self.dsir.run("measure", "--threads", 1, "--target", f"t={texts[role]}", *named, *space, "--json",
                                   self.corpus.raw)
            for result, row in zip(results, json.loads(report)["selections"]):
                result[field], result[f"{field}_raw"] = row["kl_mean"]["reduction"], row["kl_mean"]["raw"]
                result["tokens"], result["per_document"] = row["tokens"], row["tokens"] / max(1, row["documents"])
