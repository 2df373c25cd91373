"""Draws that are newer than the paper, each held against one draw without repeats: `run --draws`.

Repeats and curves, texts that are repeated in the corpus, classifiers, and `--auto`.
"""
from beyond import gains
from figure import groups, means, of_method, savings, table
from points import mean_interval
from selections import Method

BASE = "DSIR refined"
TIMES = 4                          # how often a document may come
CURVE = f"99.5:0,100:{TIMES}"      # of the best half percent, the more often the better
CLASSIFIER = ("--learn", "classifier", "--buckets", "65536")
METHODS = [
    Method("random", draw=("--method", "random")),
    Method("DSIR 2"),
    Method(BASE, select=("--refine",)),
    Method("DSIR auto", select=("--auto",)),
    Method("DSIR auto, unique", select=("--auto", "--unique")),
    Method(f"DSIR refined, up to {TIMES} times", select=("--refine", "--repeat", str(TIMES))),
    Method("DSIR refined, curve", select=("--refine", "--repeat-curve", CURVE)),
    Method("DSIR classifier", select=CLASSIFIER),
    Method("DSIR classifier, likeliest", select=(*CLASSIFIER, "--temperature", "0")),
    Method("classifier", scorer="classifier", draw=("--method", "pareto")),
    Method("classifier, likeliest", scorer="classifier", draw=("--log-scores", "--temperature", "0")),
]
BUDGETS = {"whole": {100_000: (0,), 400_000: (0,)}, "pieces": {400_000: (0,)}}
JUDGES = {"bpe": "4-grams", "bytes": "bytes", "neural": "neural"}


def tables(results):
    """{name: table} of the page: percent of random's bits saved, and points more than the base, won and lost."""
    settings = groups(results)
    out = []
    for method in dict.fromkeys(row["method"] for row in results):
        for (form, budget), rows in settings:
            cells = []
            for judge in JUDGES:
                saved = savings(rows, judge)
                found = [*of_method(saved, method).values()]
                if not found:
                    cells += ["", "", ""]
                    continue
                points = [*gains(saved, method, BASE).values()]
                low, high = mean_interval(points)
                bits = gains(means(rows, "bits_per_token"), method, "DSIR 2")
                cells += [f"{sum(found) / len(found):.1f}",
                          "" if method == BASE else f"{sum(points) / len(points):+.1f} ({low:+.1f} to {high:+.1f})",
                          f"{sum(b < 0 for b in bits.values())} of {len(bits)}, {max(bits.values()):+.2f}"
                          if judge == "bpe" and method != "DSIR 2" else ""]
            out.append([method, f"{form}, {budget // 1000} k", *cells])
    head = ["method", "setting"]
    for name in JUDGES.values():
        head += [f"{name}, %", f"beside {BASE}", "better than DSIR 2; worst, bits per token"]
    there = [any(row[column] != "" for row in out) for column in range(len(head))]
    head, *out = [[cell for cell, is_there in zip(row, there) if is_there] for row in (head, *out)]
    return {"draws": table(head, out)}
