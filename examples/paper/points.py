"""Statistics of points {(target, method): value}: correlations in several views, and how sure they are."""
from collections import defaultdict

import numpy as np


def correlation(x, y):
    """Pearson's r over the keys that both have."""
    keys = [key for key in y if key in x]
    return float(np.corrcoef([x[k] for k in keys], [y[k] for k in keys])[0, 1])


def per_target(values):
    """Each target's values brought to mean 0 and deviation 1: what is left is how its methods compare."""
    by_target = defaultdict(dict)
    for key, value in values.items():
        by_target[key[0]][key] = value
    return {key: (value - np.mean([*group.values()])) / (np.std([*group.values()]) or 1)
            for group in by_target.values() for key, value in group.items()}


def per_method(values):
    """{("all", method): mean over targets}: the points of the paper's figure."""
    by_method = defaultdict(list)
    for (_, method), value in values.items():
        by_method[method].append(value)
    return {("all", method): float(np.mean(found)) for method, found in by_method.items()}


def per_target_chosen(values):
    """As `per_target`, without random: whether it also tells good methods from better ones."""
    return per_target({key: value for key, value in values.items() if key[1] != "random"})


VIEWS = {"all points": dict, "within targets": per_target, "within targets, random left out": per_target_chosen,
         "method means": per_method}


def fisher(r, n):
    """The 95% interval of Pearson's r of n independent points, by Fisher's z.  Points of one target are not."""
    if n < 4:
        return -1.0, 1.0
    z, spread = np.arctanh(np.clip(r, -0.999999, 0.999999)), 1.96 / np.sqrt(n - 3)
    return tuple(np.tanh([z - spread, z + spread]))


def bootstrap(x, y, view, times=300, seed=0):
    """The 95% interval of the correlation of view(x) and view(y) when targets are drawn anew with repetition."""
    by_target, rng, found = defaultdict(dict), np.random.default_rng(seed), []
    for (target, method), value in y.items():
        by_target[target][method] = x[target, method], value
    targets = sorted(by_target)
    for _ in range(times):
        drawn = [(place, method, pair) for place, target in enumerate(rng.choice(targets, len(targets)))
                 for method, pair in by_target[target].items()]
        again = [{(place, method): pair[axis] for place, method, pair in drawn} for axis in (0, 1)]
        found.append(correlation(*map(view, again)))
    return tuple(np.percentile(found, [2.5, 97.5]))


def mean_interval(values, times=2000, seed=0):
    """The 95% interval of a mean over targets, by drawing the targets anew with repetition."""
    values = np.array(values)
    drawn = np.random.default_rng(seed).integers(len(values), size=(times, len(values)))
    return tuple(np.percentile(values[drawn].mean(axis=1), [2.5, 97.5]))
