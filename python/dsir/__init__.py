"""Select training data for language models by importance resampling (DSIR, arXiv 2302.03169).

From a *raw* corpus of any size, dsir picks the documents which, taken together, are distributed like a small *target*:

    >>> import dsir
    >>> raw = ["tax form", "the sea", "a form to file", "the tide rises"]
    >>> model = dsir.fit(raw=raw, target=["the tide of the sea", "sea and tide"])
    >>> log_weights = model.log_weights(raw)
    >>> dsir.draw(log_weights, k=2)
    array([1, 3])

or all at once, on files or on texts in memory, with every option of the command line:

    >>> report = dsir.select(raw=raw, target=["the tide of the sea", "sea and tide"], k=2, min_tokens=1)
    >>> report.indices
    array([1, 3])

What the command line selects, Python selects. ``docs/python.md`` is a tour.
"""

from ._draw import draw
from ._dsir import Model, __version__
from ._errors import DsirWarning, Error, OptionError
from ._jobs import fit, measure, prepare, resample, select, weigh
from ._report import Report

__all__ = [
    "DsirWarning",
    "Error",
    "Model",
    "OptionError",
    "Report",
    "__version__",
    "draw",
    "fit",
    "measure",
    "prepare",
    "resample",
    "select",
    "weigh",
]
