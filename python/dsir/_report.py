"""Reports: dictionaries that show as a table and a picture in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Report(dict[str, Any]):
    """What came of a job: the JSON that ``--summary`` writes (``docs/formats.md``), as a dictionary.

    ``print`` shows what the command line tells; a notebook shows a table and a picture.

    Attributes:
        text: The report in words.
        selected: If the selection was written nowhere: for each draw, a dictionary from the path of a shard to the
            numbers of its rows, int64, rising. ``None`` otherwise, and for texts in memory.
        targets: For each draw, the number of the target that each record was selected for, in the order of ``indices``.
        records: What :func:`prepare` made, if it was written nowhere.
    """

    def __init__(self, values: dict[str, Any], *, text: str = "") -> None:
        super().__init__(values)
        self.text = text
        self.selected: list[dict[str, npt.NDArray[np.int64]]] | None = None
        self.targets: list[npt.NDArray[np.int64]] | None = None
        self.records: list[dict[str, Any]] | None = None
        self._rows: list[npt.NDArray[np.int64]] | None = None
        self._several = False

    @property
    def indices(self) -> Any:
        """The rows that were selected of documents in memory: int64, rising; with ``draws`` a list, one for each.

        Raises:
            AttributeError: The selection was written to a file, or ``raw`` was paths: see ``selected``.
        """
        if self._rows is None:
            raise AttributeError("rows are told of documents in memory without `out`; see `selected` for shards")
        return self._rows if self._several else self._rows[0]

    def _with_selected(self, selected: Any, in_memory: bool, several: bool) -> Report:
        """Keeps which records were selected, by one draw or by ``several``: as rows, or by shard."""
        if selected is not None:
            shards, draws = selected
            self.targets = [targets for _, _, targets in draws]
            self._several = several
            if in_memory:
                self._rows = [rows for _, rows, _ in draws]
            else:
                self.selected = [_by_shard(shards, numbers, rows) for numbers, rows, _ in draws]
        return self

    def __str__(self) -> str:
        return self.text or repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (dict(self), self.__dict__)

    def _repr_html_(self) -> str:
        """A table of what the command line tells, and how close the selection came."""
        rows = "".join(
            f'<tr><th style="text-align:left;vertical-align:top">{escape(label)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for label, text in _labelled(self.text)
        )
        table = f"<table>{rows}</table>" if rows else f"<pre>{escape(self.text or repr(self))}</pre>"
        return table + _picture(self)


def _by_shard(shards: list[str], numbers: Any, rows: Any) -> dict[str, Any]:
    """The rows of each shard; records come in the order of the shards."""
    import numpy as np

    ends = np.searchsorted(numbers, np.arange(1, len(shards)))
    return dict(zip(map(str, shards), np.split(rows, ends), strict=True))


def _restored(values: dict[str, Any], attributes: dict[str, Any]) -> Report:
    report = Report(values)
    report.__dict__.update(attributes)
    return report


#: The program's words have labels of so many columns.
_LABEL = 11


def _labelled(text: str) -> list[tuple[str, str]]:
    """The lines of a report: a label, and a text that may go on below."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        label, words = line[:_LABEL].strip(), line[_LABEL:].strip()
        if label and line[_LABEL - 1 : _LABEL] != " ":
            return []
        if label or not found:
            found.append((label, words))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]} {words}")
    return found


def _picture(report: Report) -> str:
    """How far each target is from raw and from what was selected, as bars."""
    if "dsir_measurement" in report:
        return "".join(_of_measurement(report))
    draws = [report] if "kl_reduction" in report else report.get("epochs") or []
    of_draw = draws[0].get("kl_reduction") or [] if draws else []
    return "".join(
        _bars(_target(kl, of_draw), [("raw", kl["raw"]), *_random(kl), ("selection", kl["selected"])]) for kl in of_draw
    )


def _of_measurement(report: Report) -> Iterator[str]:
    selections = report["selections"]
    for number, of_target in enumerate(report["targets"]):
        kls = [(selection["name"], selection["kl"][number]) for selection in selections]
        if kls:
            bars = [("raw", kls[0][1]["raw"]), *((name, kl["selected"]) for name, kl in kls)]
            yield _bars(_target({"target": of_target["name"]}, report["targets"]), bars)


def _target(kl: dict[str, Any], all_targets: list[Any]) -> str:
    return f"the target {kl['target']}" if len(all_targets) > 1 else "the target"


def _random(kl: dict[str, Any]) -> list[tuple[str, float]]:
    return [] if kl.get("random") is None else [("random selections", kl["raw"] - kl["random"])]


_WIDTH, _ROW, _LEFT, _RIGHT = 520, 22, 150, 60
_SELECTED, _OTHER = "#1f77b4", "#999999"


def _bars(target: str, bars: list[tuple[str, float]]) -> str:
    """A bar for each, as SVG that takes its text colour from the page."""
    title = escape(f"KL of {target} from …, in nats: shorter is closer")
    longest = max(length for _, length in bars) or 1
    drawn = []
    for row, (label, length) in enumerate(bars, start=1):
        width = max(length, 0) / longest * (_WIDTH - _LEFT - _RIGHT)
        top = row * _ROW
        colour = _OTHER if label in ("raw", "random selections") else _SELECTED
        drawn.append(
            f'<text x="{_LEFT - 6}" y="{top + 15}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{_LEFT}" y="{top + 3}" width="{width:.1f}" height="{_ROW - 6}" fill="{colour}"/>'
            f'<text x="{_LEFT + width + 5:.1f}" y="{top + 15}">{length:.3f}</text>'
        )
    told = escape("; ".join(f"{label} {length:.3f}" for label, length in bars))
    return (
        f'<svg width="{_WIDTH}" height="{(len(bars) + 1) * _ROW}" role="img" aria-label="{title}: {told}" '
        f'font-family="sans-serif" font-size="12" fill="currentColor" xmlns="http://www.w3.org/2000/svg">'
        f'<text x="0" y="14">{title}</text>{"".join(drawn)}</svg>'
    )
