"""Tables and the paper's figure from results.json: does KL reduction tell how good a selection is?

The quality of a selection is the share of bits that it saves on the held-out text over random selections of as many
tokens.  A point is one method for one target, the mean over its seeds.
"""
from collections import defaultdict

import matplotlib
import numpy as np

from points import VIEWS, bootstrap, correlation, fisher, mean_interval

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  (the backend comes first)

JUDGES = {"bpe": "4-grams", "bytes": "bytes", "neural": "neural"}
MEASURES = {"kl": "to the target, as drawn (2-grams, 10 000 buckets)", "kl_other": "to the target (3-grams, 100 000)",
            "kl_heldout": "to the held-out text (3-grams, 100 000)"}


def means(rows, field):
    """{(target, method): the field's mean over seeds} of the rows that have it."""
    found = defaultdict(list)
    for row in rows:
        if row.get(field) is not None:
            found[row["target"], row["method"]].append(row[field])
    return {key: float(np.mean(values)) for key, values in found.items()}


def savings(rows, judge):
    """{(target, method): percent of random's bits saved} of rows of one form and one budget."""
    bits = means(rows, judge)
    return {(target, method): 100 * (1 - b / bits[target, "random"])
            for (target, method), b in bits.items() if (target, "random") in bits}


def groups(results):
    """((form, budget), rows) of each setting, whole documents and small budgets first."""
    found = defaultdict(list)
    for row in results:
        found[row["form"], row["budget"]].append(row)
    return sorted(found.items(), key=lambda group: (group[0][0] != "whole", group[0][1]))


def table(head, rows):
    """A table in Markdown; numbers come as text."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def of_method(values, method):
    """The values of one method, by target."""
    return {target: value for (target, m), value in values.items() if m == method}


def methods_table(rows):
    """How each method does, means over targets; in brackets the 95% interval of the mean over targets."""
    saved = {judge: savings(rows, judge) for judge in JUDGES}
    facts = {field: means(rows, field) for field in ("kl", "kl_other", "per_document", "bits_per_token")}
    facts |= {field: {key: 100 * share for key, share in means(rows, field).items()} for field in ("own", "twice")}
    best = [max((v, m) for (t, m), v in saved["bpe"].items() if t == target)[1]
            for target in {t for t, _ in saved["bpe"]}]
    out = []
    for method in dict.fromkeys(row["method"] for row in rows):
        def mean(values, digits, method=method):
            found = [*of_method(values, method).values()]
            return f"{np.mean(found):.{digits}f}" if found else ""
        low, high = mean_interval([*of_method(saved["bpe"], method).values()])
        out.append([
            method, f"{mean(saved['bpe'], 1)} ({low:.1f} to {high:.1f})", mean(saved["bytes"], 1),
            mean(saved["neural"], 1), best.count(method), mean(facts["bits_per_token"], 2), mean(facts["kl"], 2), mean(facts["kl_other"], 2),
            mean(facts["per_document"], 0), mean(facts["own"], 0), mean(facts["twice"], 1)])
    head = ["method", "bits saved, 4-grams, %", "bytes, %", "neural, %", "best for", "bits per token", "KL reduction",
            "in the other space", "tokens per document", "of the domain, %", "said twice, %"]
    # A judge that was not asked has no column.
    there = [any(row[column] != "" for row in out) for column in range(len(head))]
    head, *out = [[cell for cell, is_there in zip(row, there) if is_there] for row in (head, *out)]
    return table(head, out)


def targets_table(rows):
    """Bits per byte of a random selection, and percent saved, for each target and method."""
    bits, saved = means(rows, "bpe"), savings(rows, "bpe")
    methods = [m for m in dict.fromkeys(row["method"] for row in rows) if m != "random"]
    return table(["target", "random, bits per byte", *methods],
                 [[target, f"{bits[target, 'random']:.3f}", *(f"{saved[target, m]:.1f}" for m in methods)]
                  for target in sorted({t for t, _ in bits})])


def differences_table(results, base="DSIR 2"):
    """What each method saves more than DSIR with 2-grams, in points of percent, with 95% intervals over targets."""
    settings, methods = groups(results), dict.fromkeys(row["method"] for row in results)
    out = []
    for method in methods:
        cells = []
        for _, rows in settings:
            saved = savings(rows, "bpe")
            ours, theirs = of_method(saved, method), of_method(saved, base)
            points = [ours[target] - theirs[target] for target in ours]
            low, high = mean_interval(points)
            cells.append(f"{np.mean(points):+.1f} ({low:+.1f} to {high:+.1f})")
        out.append([method, *cells])
    return table(["method", *(f"{form}, {budget // 1000} k" for (form, budget), _ in settings)], out)


def correlations_table(results):
    """Pearson's r between KL reduction and bits saved, in every setting, feature space, judge and view.

    With the smallest budget, of the neural judge only, who sees no other.
    """
    out, smallest = [], min(row["budget"] for row in results)
    for (form, budget), rows in groups(results):
        for judge, judged in JUDGES.items():
            saved = savings(rows, judge) if budget > smallest or judge == "neural" else {}
            for measure, named in MEASURES.items() if saved else ():
                x = means(rows, measure)
                cells = []
                for view in VIEWS.values():
                    a, b = view(x), view(saved)
                    r, shared = correlation(a, b), sum(key in a for key in b)
                    f, s = fisher(r, shared), bootstrap(x, saved, view)
                    cells.append(f"{r:.2f} [{f[0]:.2f}, {f[1]:.2f}] [{s[0]:.2f}, {s[1]:.2f}] n={shared}")
                out.append([f"{form}, {budget // 1000} k", judged, named, *cells])
    return table(["setting", "judge", "KL reduction", *VIEWS], out)


def tables(results):
    """{name: table} of the page."""
    made = {"correlations": correlations_table(results), "differences": differences_table(results)}
    for (form, budget), rows in groups(results):
        made[f"methods-{form}-{budget}"] = methods_table(rows)
        made[f"targets-{form}-{budget}"] = targets_table(rows)
    return made


def draw_figure(results, path):
    """The paper's figure: one panel of all points, one of the method means, whole documents and the second budget."""
    _, rows = groups(results)[1]
    panels = [("One point: one method for one target", dict),
              ("One point: one method, mean over targets", VIEWS["method means"])]
    x, y = means(rows, "kl_other"), savings(rows, "bpe")
    names = list(dict.fromkeys(row["method"] for row in rows))
    colours = dict(zip(names, pyplot.colormaps["tab20"].colors))
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "dsir", "font.size": 9})
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for axis, (title, view) in zip(axes, panels):
        a, b = view(x), view(y)
        for name in names:
            points = [(a[key], b[key]) for key in b if key[1] == name]
            axis.scatter(*zip(*points), s=18 if view is dict else 45, color=colours[name], label=name, linewidths=0)
        axis.set(title=f"{title}: r = {correlation(a, b):.2f}", xlabel="KL reduction in nats (3-grams, 100 000 buckets)",
                 ylabel="bits saved on held-out text, %")
    axes[1].legend(fontsize=8, frameon=False, loc="lower right")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
