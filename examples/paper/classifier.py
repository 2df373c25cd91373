"""The heuristic classification of the paper: how likely a fastText classifier holds a document to be target."""
import re

import fasttext
import numpy as np

from corpus import texts

BATCH = 2000


def prepare(corpus):
    """Write the words of every raw document, a line each, in the order in which the program reads the shards."""
    if not corpus.words.exists():
        part = corpus.words.with_suffix(".part")
        with open(part, "w", encoding="utf-8") as out:
            for shard in sorted(corpus.raw.glob("*.jsonl")):
                out.writelines(as_words(text) + "\n" for text in texts(shard))
        part.rename(corpus.words)


def as_words(text):
    """The text lower-cased, with a space between words and punctuation."""
    return " ".join(re.findall(r"\w+|[^\w\s]+", text.lower()))


def classify(corpus, target, seed=0):
    """Keep each raw document's probability of being target."""
    scores = corpus.scores(target, "classifier")
    if not scores.exists():
        raw = corpus.words.read_text(encoding="utf-8").splitlines()
        model = train(raw, texts(corpus.target(target)), scores.with_suffix(".txt"), seed)
        np.save(scores, probabilities(model, raw))


def train(raw, wanted, training, seed=0):
    """A model of the target's texts against as many raw documents, given as words; `training` is a file for both."""
    wanted = [as_words(text) for text in wanted]
    rng = np.random.default_rng(seed)
    examples = [f"__label__target {line}" for line in wanted]
    examples += [f"__label__raw {raw[i]}" for i in rng.choice(len(raw), min(len(raw), len(wanted)), replace=False)]
    training.parent.mkdir(parents=True, exist_ok=True)
    training.write_text("\n".join(rng.permutation(examples)) + "\n", encoding="utf-8")
    return fasttext.train_supervised(str(training), wordNgrams=2, dim=32, bucket=200_000, epoch=10, lr=0.5,
                                     minCount=2, thread=1, seed=seed, verbose=0)


def probabilities(model, lines):
    """How likely the model holds each line of words to be target."""
    found = []
    for at in range(0, len(lines), BATCH):
        labels, highest = model.predict(lines[at:at + BATCH])
        found += [p[0] if label[0] == "__label__target" else 1 - p[0] for label, p in zip(labels, highest)]
    return np.clip(found, 0, 1)
