"""Helpers for all of the package: parallel jobs, progress bars and checks of numbers."""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar

Arg = TypeVar("Arg")
Result = TypeVar("Result")


def parallelize(fn: Callable[[Arg], Result], args: Iterable[Arg], num_proc: int) -> list[Result]:
    """Call ``fn`` with each of ``args``, in ``num_proc`` processes if joblib is installed.

    Without joblib the calls are made one after the other in this process.

    Args:
        fn: A function of one argument.
        args: The arguments.
        num_proc: How many processes; joblib takes -1 for one on each core.

    Returns:
        The results, in the order of ``args``.
    """
    try:
        joblib = importlib.import_module("joblib")
    except ImportError:
        return [fn(arg) for arg in args]
    return list(joblib.Parallel(n_jobs=num_proc)(joblib.delayed(fn)(arg) for arg in args))


def whole_number(value: Any, name: str, least: int, below: int | None = None) -> int:
    """Return ``value``, called ``name`` in errors, as an int.

    Raises:
        ValueError: If it is no int, or not from ``least`` to ``below`` - 1.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, not {value!r}") from None
    if number < least or (below is not None and number >= below):
        bound = f"at least {least}" + ("" if below is None else f" and less than {below}")
        raise ValueError(f"{name} must be {bound}, not {number}")
    return number


def is_unchanged(instance: object, name: str, cls: type) -> bool:
    """Whether a method is the one of ``cls``: no subclass and no attribute of the instance replaces it."""
    return name not in vars(instance) and getattr(type(instance), name) is getattr(cls, name)


def unless_missing(method: Callable[..., Any], *args: Any) -> Any:
    """Call an optional method; return None if the class does not define it."""
    try:
        result = method(*args)
    except NotImplementedError:
        return None
    # The published base class returns the exception, and subclasses may do as it does.
    return None if result is NotImplementedError or result is NotImplemented else result


class Progress:
    """A bar of examples done, for a ``with`` block. It is shown on a terminal if tqdm is installed."""

    def __init__(self, description: str) -> None:
        self._bar: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            try:
                tqdm = importlib.import_module("tqdm")
            except ImportError:
                return
            self._bar = tqdm.tqdm(desc=description, unit=" examples", mininterval=0.5)

    def update(self, examples: int) -> None:
        """Add ``examples`` to those done."""
        if self._bar is not None:
            self._bar.update(examples)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
