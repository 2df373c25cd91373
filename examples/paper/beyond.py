"""Tables and the picture of docs/refine.md: what refined selections save, beside DSIR as published and other methods.

All is judged on held-out text and compared at equal budgets, target by target, with DSIR 2.
"""
import matplotlib
import numpy as np

from figure import groups, means, of_method, savings, table
from points import mean_interval

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402  (the backend comes first)

BASE = "DSIR 2"                    # as published
METHODS = ["random", "classifier", "Moore-Lewis", "ZIP-FIT", "DSIR 1", "DSIR 2", "DSIR tokens", "DSIR tokens T30",
           "DSIR refined", "DSIR auto"]
SHOWN = ["DSIR auto", "DSIR refined", "DSIR tokens T30", "DSIR 1", "ZIP-FIT", "Moore-Lewis"]     # in the picture
MEASURES = {"kl_other": "KL reduction, nats", "bpe": "4-grams, %", "bytes": "bytes, %", "neural": "neural, %"}
COLOURS = {"whole": "#1f77b4", "pieces": "#ff7f0e"}
TICKS = {"kl_other": [-2, -0.5, 0, 0.5, 2]}
PERCENT = [-50, -10, -5, 0, 5, 10, 50]


def goodness(rows, measure):
    """{(target, method): nats of KL reduction, or percent of random's bits saved}, means over seeds."""
    return means(rows, measure) if measure == "kl_other" else savings(rows, measure)


def spread(rows, measure, method):
    """The standard deviation over seeds, mean over targets, in the unit of `goodness`; None if each has one seed."""
    scale = means(rows, measure)
    found = []
    for target in {row["target"] for row in rows}:
        values = [row[measure] for row in rows if (row["target"], row["method"]) == (target, method)
                  and row.get(measure) is not None]
        if len(values) > 1:
            unit = 1 if measure == "kl_other" else scale[target, "random"] / 100
            found.append(np.std(values, ddof=1) / unit)
    return float(np.mean(found)) if found else None


def gains(values, method, base=BASE):
    """{target: how much better than the base}."""
    ours, theirs = of_method(values, method), of_method(values, base)
    return {target: ours[target] - theirs[target] for target in ours if target in theirs}


def digits(measure):
    """How many digits are worth telling."""
    return 2 if measure == "kl_other" else 1


def methods_of(rows):
    """The methods of METHODS that are in the rows."""
    return [method for method in METHODS if any(row["method"] == method for row in rows)]


def setting(form, budget):
    """A setting, as tables name it."""
    return f"{form}, {budget // 1000} k"


def beyond_table(results):
    """In each setting, by each measure: mean over targets with its 95% interval, spread over seeds, wins and losses."""
    out = []
    for (form, budget), rows in groups(results):
        for method in methods_of(rows):
            cells = []
            for measure in MEASURES:
                values, d = goodness(rows, measure), digits(measure)
                found = [*of_method(values, method).values()]
                if not found:
                    cells += ["", ""]
                    continue
                low, high = mean_interval(found)
                chance, better = spread(rows, measure, method), [*gains(values, method).values()]
                cells.append(f"{np.mean(found):.{d}f} ({low:.{d}f} to {high:.{d}f})"
                             + ("" if chance is None else f" ± {chance:.{d}f}"))
                cells.append("" if method == BASE else f"{sum(b > 0 for b in better)} : {sum(b < 0 for b in better)}")
            out.append([setting(form, budget), method, *cells])
    return table(["setting", "method", *(head for name in MEASURES.values() for head in (name, "won : lost"))], out)


def gains_table(results):
    """In each setting, by each measure: how much better than the base, mean over targets with its 95% interval."""
    out = []
    for (form, budget), rows in groups(results):
        for method in methods_of(rows):
            cells = []
            for measure in MEASURES if method != BASE else ():
                points, d = [*gains(goodness(rows, measure), method).values()], digits(measure)
                low, high = mean_interval(points) if points else (0, 0)
                cells.append(f"{np.mean(points):+.{d}f} ({low:+.{d}f} to {high:+.{d}f})" if points else "")
            if cells:
                out.append([setting(form, budget), method, *cells])
    return table(["setting", "method", *MEASURES.values()], out)


def targets_table(results, method):
    """How much better than the base a method is for each target, in each setting and by each measure that it has."""
    columns = {}
    for (form, budget), rows in groups(results):
        for measure, name in MEASURES.items():
            if found := gains(goodness(rows, measure), method):
                columns[f"{setting(form, budget)}: {name}"] = found, digits(measure)
    targets = sorted({target for found, _ in columns.values() for target in found})
    return table(["target", *columns], [[target, *(f"{found[target]:+.{d}f}" if target in found else ""
                                                   for found, d in columns.values())] for target in targets])


def tables(results):
    """{name: table} of the page."""
    made = {"beyond": beyond_table(results), "beyond-gains": gains_table(results)}
    for method in ("DSIR refined", "DSIR auto"):
        if any(row["method"] == method for row in results):
            made[f"beyond-targets-{method.split()[1]}"] = targets_table(results, method)
    return made


def draw_picture(results, path):
    """How much better than the base: a dot for each target, a bar for the median; a row of panels for each measure."""
    settings = groups(results)
    budgets = sorted({budget for (_, budget), _ in settings})
    shown = [method for method in SHOWN if any(row["method"] == method for row in results)]
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "dsir", "font.size": 9})
    figure, axes = pyplot.subplots(len(MEASURES), len(budgets), figsize=(10, 10), sharey=True, sharex="row",
                                   squeeze=False, layout="constrained")
    for line, (measure, name) in zip(axes, MEASURES.items()):
        for axis, budget in zip(line, budgets):
            there = [(form, goodness(rows, measure)) for (form, of), rows in settings if of == budget]
            axis.set_visible(any(values for _, values in there))
            axis.axvline(0, color="grey", linewidth=0.8)
            ticks = TICKS.get(measure, PERCENT)
            axis.set_xscale("symlog", linthresh=ticks[-2])
            axis.set_xticks([], minor=True)
            axis.set_xticks(ticks, [f"{tick:+g}" if tick else "0" for tick in ticks])
            for form, values in there:
                for place, method in enumerate(shown):
                    at = place + (0.2 if form == "whole" else -0.2)
                    if points := [*gains(values, method).values()]:
                        axis.plot(points, [at] * len(points), ".", color=COLOURS[form], markersize=4, alpha=0.6,
                                  label=form if place == 0 else None)
                        axis.plot([np.median(points)] * 2, [at - 0.18, at + 0.18], color=COLOURS[form], linewidth=2)
            axis.set(title=f"{name}; {budget // 1000} k tokens", yticks=range(len(shown)), yticklabels=shown)
    figure.supxlabel(f"better than {BASE} by: a dot for each target, a bar for their median "
                     "(linear in the middle, logarithmic beyond)", fontsize=9)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="lower right", frameon=False, markerscale=3)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
