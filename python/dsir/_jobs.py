"""What the commands do, as functions of paths or of texts in memory."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from . import _arguments
from ._arguments import budget
from ._dsir import Model
from ._errors import OptionError
from ._inputs import Documents, Inputs, Path, path_of
from ._report import Report
from ._run import run

if TYPE_CHECKING:
    import numpy.typing as npt
    from typing_extensions import Unpack

    from ._engine import Engine
    from ._options import (
        FitOptions,
        MeasureOptions,
        PrepareOptions,
        ResampleOptions,
        SelectOptions,
        WeighOptions,
    )

#: One target, or several by their names, which are kept apart.
Targets: TypeAlias = Union[Documents, Mapping[str, Documents]]


def select(
    raw: Documents,
    target: Targets | None = None,
    *,
    model: Path | Model | None = None,
    k: int | str | None = None,
    fraction: float | None = None,
    tokens: int | str | None = None,
    bytes: int | str | None = None,
    out: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[SelectOptions],
) -> Report:
    """Select the raw records that are distributed like the target: ``dsir select``.

        >>> raw = ["tax form", "the sea", "a form to file", "the tide rises"]
        >>> report = dsir.select(raw, ["the tide of the sea", "sea and tide"], k=2, min_tokens=1)
        >>> [raw[row] for row in report.indices]
        ['the sea', 'the tide rises']

    Args:
        raw: The path or URL of a shard or of a folder of shards, several ``pathlib.Path`` or URLs, or documents in
            memory: an iterable of ``str`` or of records (dictionaries with a field ``text_field``), or Arrow data.
        target: Documents like those to be selected, given like ``raw``. A dictionary of several targets keeps them
            apart: each draws its share.
        model: A model, instead of a target and the options that fit one.
        k: How many records; or instead one of ``fraction`` (of the eligible records, from 0 to 1), ``tokens`` and
            ``bytes`` (at most so many). Numbers may be written as ``"10k"`` or ``"1.5M"``.
        out: Where the selection goes: a file, compressed if its name ends in .zst or .gz, or a folder (a name that ends
            in /), which gets one file for each shard. Without it nothing is written: ``report.indices`` and
            ``report.selected`` tell which rows they are.
        progress: Whether bars of tqdm are drawn; by default on a terminal and in a notebook, if tqdm is there.
        options: The options of ``dsir select`` (``docs/options.md``), with underscores: ``ngrams``, ``auto``,
            ``refine``, ``min_tokens`` (100 by default), ``seed``, ``threads`` and others.

    Returns:
        The report: what ``--summary`` writes, with ``selected`` and ``indices`` if nothing was written.

    Raises:
        OptionError: Options that make no sense.
        Error: A bad record, an impossible request, a file that cannot be read or written.
    """
    return select_on(None, raw, target, model, (k, fraction, tokens, bytes), out, progress, options)


def select_on(
    engine: Engine | None,
    raw: Documents,
    target: Targets | None,
    model: Path | Model | None,
    amounts: tuple[int | str | None, float | None, int | str | None, int | str | None],
    out: Path | None,
    progress: bool | None,
    options: SelectOptions,
) -> Report:
    """Select while an engine, if there is one, reads the raw corpus on other machines."""
    with Inputs(options, model) as inputs:
        paths = inputs.paths(raw, "raw")
        if model is None and (target is None or (isinstance(target, Mapping) and not target)):
            raise OptionError("select takes a target or a model")
        if engine is not None and inputs.is_in_memory(paths):
            raise OptionError("raw is in memory, where no other machine can read it; pass paths that all machines see")
        arguments = ["select", *_targets(inputs, target), *budget(*amounts)]
        if model is not None:
            arguments.append(f"--model={inputs.model(model)}")
        arguments += _output(out) + _typed("select", options)
        if out is not None and inputs.is_in_memory(paths) and options.get("work") is None:
            # Nothing resumes from what is written to another file each time.
            arguments.append(f"--work={inputs.place('work')}")
        report, _, selected = run([*arguments, "--", *paths], inputs, progress, engine)
        return report._with_selected(selected, inputs.is_in_memory(paths), options.get("draws") is not None)


def fit(
    raw: Documents | None = None,
    target: Targets | None = None,
    *,
    out: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[FitOptions],
) -> Model:
    """Count the n-grams of raw documents and of targets into a model: ``dsir fit``.

        >>> model = dsir.fit(["tax form", "the sea"], ["the tide of the sea"])
        >>> model.targets
        ['target']

    Args:
        raw: Raw documents, given as to :func:`select`; without them the model holds targets alone, to be merged.
        target: One target, or a dictionary of several; without it the model holds raw counts alone.
        out: Also save the model to this path.
        progress: As for :func:`select`.
        options: The options of ``dsir fit``: ``ngrams``, ``buckets``, ``hash``, ``tokenizer``, ``smoothing``,
            ``fit_tokens``, ``refine_for`` and others.

    Returns:
        The model.

    Raises:
        OptionError: Options that make no sense.
        Error: A bad record, a target without text, a file that cannot be read or written.
    """
    if raw is None and target is None:
        raise OptionError("fit takes raw, a target, or both")
    with Inputs(options) as inputs:
        paths = [] if raw is None else inputs.paths(raw, "raw")
        path = inputs.place("model.json") if out is None else path_of(out, "out")
        arguments = ["fit", *_targets(inputs, target), f"--output={path}", *_typed("fit", options)]
        run([*arguments, "--", *paths], inputs, progress)
        punkt = options.get("punkt")
        return Model.load(path, punkt=None if punkt is None else os.fspath(punkt))


def weigh(
    raw: Documents,
    model: Path | Model,
    out: Path,
    *,
    progress: bool | None = None,
    **options: Unpack[WeighOptions],
) -> Report:
    """Weigh every raw record and write a file of weights for each shard: ``dsir weigh``.

    The files are NumPy arrays with the fields ``log_weight``, ``record``, ``tokens`` and ``bytes``, for
    :func:`resample` and for ``numpy.load(..., mmap_mode="r")``. For texts in memory, ``model.log_weights`` gives an
    array.

    Args:
        raw: Raw documents, given as to :func:`select`.
        model: A model, or its path.
        out: The folder for the weights.
        progress: As for :func:`select`.
        options: The options of ``dsir weigh``.

    Returns:
        The report: what ``--summary`` writes.

    Raises:
        OptionError: Options that make no sense.
        Error: A bad record, a partial model, a file that cannot be read or written.
    """
    with Inputs(options, model) as inputs:
        paths = inputs.paths(raw, "raw")
        arguments = ["weigh", f"--model={inputs.model(model)}", f"--output={path_of(out, 'out')}"]
        return run([*arguments, *_typed("weigh", options), "--", *paths], inputs, progress)[0]


def resample(
    raw: Documents,
    weights: Path | npt.ArrayLike | None = None,
    *,
    scores: Path | npt.ArrayLike | None = None,
    k: int | str | None = None,
    fraction: float | None = None,
    tokens: int | str | None = None,
    bytes: int | str | None = None,
    out: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[ResampleOptions],
) -> Report:
    """Draw records by their weights and write them: ``dsir resample``.

        >>> report = dsir.resample(["one", "two", "three"], scores=np.array([0.2, 0.9, 0.5]), k=1, temperature=0,
        ...                        min_tokens=1)
        >>> report.indices
        array([1])

    Args:
        raw: Raw documents, given as to :func:`select`.
        weights: The folder that :func:`weigh` wrote, a file, or an array of log weights in nats: shape (records,) for
            the records of all shards in order, or (records, targets) for those of a single shard.
        scores: Scores of another tool instead, one for each record: a ``.npy`` file, a folder, or an array of shape
            (records,). They are importance weights, or their logarithms with ``log_scores``.
        k, fraction, tokens, bytes, out, progress: As for :func:`select`.
        options: The options of ``dsir resample``.

    Returns:
        The report, as of :func:`select`.

    Raises:
        OptionError: Options that make no sense.
        Error: Weights of other records, an impossible request, a file that cannot be read or written.
    """
    with Inputs(options) as inputs:
        paths = inputs.paths(raw, "raw")
        arguments = ["resample", *_output(out)]
        # What was planned has its budget.
        if options.get("plan") is None or any(part is not None for part in (k, fraction, tokens, bytes)):
            arguments += budget(k, fraction, tokens, bytes)
        arguments += _by(inputs, weights, scores)
        arguments += _typed("resample", options)
        report, _, selected = run([*arguments, "--", *paths], inputs, progress)
        return report._with_selected(selected, inputs.is_in_memory(paths), options.get("draws") is not None)


def measure(
    selected: Documents | Mapping[str, Documents] | None = None,
    target: Targets | None = None,
    raw: Documents | None = None,
    *,
    model: Path | Model | None = None,
    progress: bool | None = None,
    **options: Unpack[MeasureOptions],
) -> Report:
    """Say how close selections, made by any tool, came to the target: ``dsir measure``.

        >>> raw = ["tax form", "the sea", "a form to file", "the tide rises"]
        >>> measured = dsir.measure({"mine": ["the tide rises"], "other": ["tax form"]}, ["the tide of the sea"], raw)
        >>> [selection["name"] for selection in measured["selections"]]
        ['mine', 'other']

    Args:
        selected: A selection, or several by their names.
        target: One target, or a dictionary of several.
        raw: The raw documents that were selected from; without them, ``model`` has their counts.
        model: The model in whose feature space is measured.
        progress: As for :func:`select`.
        options: The options of ``dsir measure``: ``ngrams``, ``buckets``, ``sample``, ``epsilon``, ``weights`` and
            others.

    Returns:
        What ``dsir measure --json`` prints (``docs/formats.md``).

    Raises:
        OptionError: Options that make no sense.
        Error: A bad record, a target without text, a file that cannot be read.
    """
    if raw is None and model is None:
        raise OptionError("measure takes raw or a model")
    with Inputs(options, model) as inputs:
        paths = [] if raw is None else inputs.paths(raw, "raw")
        arguments = ["measure", *_targets(inputs, target), *_named(inputs, "selected", selected)]
        if model is not None:
            arguments.append(f"--model={inputs.model(model)}")
        arguments += _typed("measure", options)
        report, printed, _ = run([*arguments, "--", *paths], inputs, progress)
        return Report(report["measured"], text=printed)


def prepare(
    raw: Documents,
    out: Path | None = None,
    *,
    progress: bool | None = None,
    **options: Unpack[PrepareOptions],
) -> Report:
    """Cut, filter and join records: ``dsir prepare``.

        >>> report = dsir.prepare(["one two three four five"], chunk_words=2)
        >>> [record["text"] for record in report.records]
        ['one two', 'three four', 'five']

    Args:
        raw: Raw documents, given as to :func:`select`.
        out: Where the records go, as for :func:`select`. Without it they are ``report.records``, a list of
            dictionaries.
        progress: As for :func:`select`.
        options: The options of ``dsir prepare``: ``chunk_words``, ``quality``, ``where``, ``pack`` and others.

    Returns:
        The report: what ``--summary`` writes.

    Raises:
        OptionError: Options that make no sense.
        Error: A bad record, a file that cannot be read or written.
    """
    with Inputs(options) as inputs:
        paths = inputs.paths(raw, "raw")
        path = inputs.place("prepared.jsonl") if out is None else path_of(out, "out")
        arguments = ["prepare", f"--output={path}", *_typed("prepare", options), "--", *paths]
        report = run(arguments, inputs, progress)[0]
        if out is None:
            with open(path, encoding="utf-8", newline="\n") as file:
                report.records = [json.loads(line) for line in file]
        return report


def hidden(command: str) -> set[str]:
    """The options that the function has arguments of its own for."""
    own = {"target", "separate_targets", "model", "num", "fraction", "tokens", "bytes", "output", "selected", "scores"}
    # What `measure` surveys are weights, too, but they are an option there.
    return own if command == "measure" else own | {"weights"}


def _typed(command: str, options: Mapping[str, Any]) -> list[str]:
    return _arguments.typed(command, options, hidden(command))


def _output(out: Path | None) -> list[str]:
    if out is None:
        return []
    return [f"--output={path_of(out, 'out')}"]


def _targets(inputs: Inputs, target: Targets | None) -> list[str]:
    arguments = _named(inputs, "target", target)
    return [*arguments, "--separate-targets"] if isinstance(target, Mapping) else arguments


def _named(inputs: Inputs, what: str, given: Documents | Mapping[str, Documents] | None) -> list[str]:
    """Documents, or several of them by name, for an option that takes ``NAME=FILE``."""
    if given is None:
        return []
    several = given if isinstance(given, Mapping) else {what: given}
    arguments = []
    for name, documents in several.items():
        if not re.fullmatch(r"[\w-]+", str(name)):
            raise OptionError(f"the name of a {what} is of letters, digits, _ and -, not {name!r}")
        file = what if name == what else f"{what}-{name}"
        for path in inputs.paths(documents, file):
            if not path.isprintable() and path.encode("utf-8", "replace") != os.fsencode(path):
                raise OptionError(f"{what}: the name of a file that is no UTF-8: {path!r}")
            arguments.append(f"--{what}={name}={path}")
    return arguments


def _by(inputs: Inputs, weights: Any, scores: Any) -> list[str]:
    """What records are drawn by: paths, or files that are made of arrays."""
    import numpy as np

    def saved(array: npt.NDArray[Any], what: str) -> str:
        path = inputs.in_memory(f"{what}.npy", what)
        np.save(path, array, allow_pickle=False)
        return path

    if weights is not None and scores is not None:
        raise OptionError("records are drawn by weights or by scores: pass one of them")
    arguments: list[str] = []
    if isinstance(scores, (str, os.PathLike)):
        arguments.append(f"--scores={path_of(scores, 'scores')}")
    elif scores is not None:
        arguments.append(f"--scores={saved(np.ascontiguousarray(scores, dtype=np.float64), 'scores')}")
    if isinstance(weights, (str, os.PathLike)):
        arguments.append(f"--weights={path_of(weights, 'weights')}")
    elif weights is not None:
        log_weights = np.ascontiguousarray(weights, dtype=np.float64)
        unsound = np.flatnonzero(np.isnan(log_weights) | (log_weights == np.inf))
        if len(unsound):
            raise OptionError(f"weights are numbers or -inf, and number {unsound[0]} is {log_weights.flat[unsound[0]]}")
        if log_weights.ndim == 1:
            # Logarithms of scores are log weights, and are for the records of all shards.
            return [*arguments, f"--scores={saved(log_weights, 'weights')}", "--log-scores"]
        rows = np.zeros(len(log_weights), dtype=[("log_weight", "<f8", log_weights.shape[1:])])
        rows["log_weight"] = log_weights
        arguments.append(f"--weights={saved(rows, 'weights')}")
    return arguments
