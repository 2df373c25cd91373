"""Running a command: its progress, its warnings and its report."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _dsir
from ._errors import DsirWarning, in_python
from ._inputs import Inputs
from ._report import Report

if TYPE_CHECKING:
    from ._engine import Engine

#: A job that takes less shows no progress.
QUICK = 0.5


def run(
    arguments: list[str], inputs: Inputs, progress: bool | None, engine: Engine | None = None
) -> tuple[Report, str, Any]:
    """Run the command that is typed like this; return its report, what it prints, and what it selected."""
    bars = _Bars.wanted(progress)

    def warn(words: str) -> None:
        warnings.warn(inputs.told(in_python(words)), DsirWarning, stacklevel=_callers_level())

    try:
        report, told, printed, selected = _dsir.run(["dsir", *arguments], warn, bars.show if bars else None, engine)
    finally:
        if bars:
            bars.close()
    values = inputs.report(_in_python(json.loads(report) or {}))
    return Report(values, text=inputs.told(in_python(told))), inputs.told(in_python(printed)), selected


def _in_python(report: dict[str, Any]) -> dict[str, Any]:
    """The report with the warnings' words as in Python."""
    for part in (report, report.get("measured")):
        if part:
            part["warnings"] = [in_python(words) for words in part["warnings"]]
    return report


def _callers_level() -> int:
    """The level of the first frame that is not of this package, seen from the function that warns."""
    here = os.path.dirname(__file__)
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) == here:
        level, frame = level + 1, frame.f_back
    return level


def _is_looked_at() -> bool:
    """Whether somebody sees what goes to standard error, which a process may not have."""
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


class _Bars:
    """A bar of tqdm for each stage."""

    def __init__(self, tqdm: Callable[..., Any]) -> None:
        self._tqdm = tqdm
        self._start = time.monotonic()
        self._stage = ""
        self._bar: Any = None

    @classmethod
    def wanted(cls, progress: bool | None) -> _Bars | None:
        """Bars where somebody looks at them: on a terminal or in a notebook, if tqdm is there."""
        if progress is False or (progress is None and not _is_looked_at()):
            return None
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            if progress:
                raise
            return None
        return cls(tqdm)

    def show(self, stage: str, done: int, total: int | None) -> None:
        if not stage or time.monotonic() - self._start < QUICK:
            return
        if stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = self._tqdm(desc=stage, total=total, unit="B", unit_scale=True, leave=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
