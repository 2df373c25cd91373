"""What functions take: paths of shards, or texts in memory, which become shards for as long as a job runs."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, TypeAlias, Union

from . import _dsir
from ._dsir import Model
from ._errors import Error, OptionError


class ArrowStream(Protocol):
    """Anything that exports Arrow data: pyarrow, polars, pandas, duckdb and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """An Arrow array of any library."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


Path: TypeAlias = Union[str, "os.PathLike[str]"]
#: Texts: strings, records with a text, or Arrow data (a column, or a table with a column of texts).
Texts: TypeAlias = Union[Iterable[str], Iterable[Mapping[str, Any]], ArrowStream, ArrowArray]
#: The path of a shard or a folder, several of them, or texts in memory.
Documents: TypeAlias = Union[Path, "Iterable[os.PathLike[str]]", Texts]


class Inputs:
    """Paths for whatever is given; texts in memory are written to a folder that goes when the job is done."""

    def __init__(self, options: Mapping[str, Any], model: Path | Model | None = None) -> None:
        tokenizer = model.tokenizer if isinstance(model, Model) else options.get("tokenizer")
        self._ids = tokenizer == "ids"
        self._field = options.get("text_field", "text")
        self._parent = options.get("temp_dir")
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Inputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def place(self, name: str) -> str:
        """A path for a temporary file."""
        if self._folder is None:
            try:
                self._folder = tempfile.TemporaryDirectory(prefix="dsir-", dir=self._parent)
            except OSError as error:
                message = f"temporary data in {self._parent}: {error}; name another folder with `temp_dir`"
                raise Error(message, kind="io", path=self._parent) from None
        return os.path.join(self._folder.name, name)

    def model(self, model: Path | Model) -> str:
        """The path of a model."""
        if not isinstance(model, Model):
            return _path(model)
        path = self.place("model.json")
        model.save(path)
        return path

    def paths(self, given: Documents, what: str) -> list[str]:
        """The paths of shards; ``what`` names them in messages, and the file of texts in memory."""
        if isinstance(given, (str, os.PathLike)):
            return [_path(given)]
        if isinstance(given, (bytes, Mapping)):
            raise TypeError(f"{what} is a {type(given).__name__}, neither paths nor texts")
        if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
            return [self._spooled(given, what)]
        if not isinstance(given, Iterable):
            raise TypeError(f"{what} is a {type(given).__name__}, neither paths nor texts")
        items = iter(given)
        first = next(items, None)
        if isinstance(first, os.PathLike):
            paths: Iterable[Any] = itertools.chain([first], items)
            return [_path(path) for path in paths]
        if isinstance(given, (list, tuple)) and isinstance(first, str) and _names_files(given):
            raise OptionError(
                f"{what} is a list of strings which are the names of files; pass pathlib.Path objects to read them, "
                f"or iter(...) of the list if they are the texts themselves"
            )
        rest = [] if first is None else itertools.chain([first], items)
        if isinstance(first, Mapping):
            return [self._records(rest, what)]
        return [self._spooled(rest, what)]

    def is_in_memory(self, paths: Sequence[str]) -> bool:
        """Whether these paths are those of texts in memory."""
        return self._folder is not None and any(os.path.dirname(path) == self._folder.name for path in paths)

    def _spooled(self, texts: Any, what: str) -> str:
        field = self._text_field(what)
        path = self.place(f"{what}.jsonl")
        _dsir.spool(path, texts, field, field, self._ids)
        return path

    def _records(self, records: Iterable[Any], what: str) -> str:
        """Whole records, so that conditions and groups may ask for any of their fields."""
        path = self.place(f"{what}.jsonl")
        with open(path, "x", encoding="utf-8", errors="surrogatepass") as file:
            for row, record in enumerate(records):
                try:
                    line = json.dumps(dict(record), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
                except (TypeError, ValueError) as error:
                    message = f"{what}, record {row}: {error}; pass the text alone"
                    raise Error(message, kind="invalid_record", line=row + 1) from None
                file.write(line + "\n")
        return path

    def _text_field(self, what: str) -> str:
        fields = [self._field] if isinstance(self._field, str) else list(self._field)
        if len(fields) != 1:
            raise OptionError(f"several text_field are for records, and {what} has only texts")
        return str(fields[0]).replace("\\.", ".")


def _path(path: Path) -> str:
    text = os.fspath(path)
    if text == "-":
        raise OptionError("`-` is the standard input of the command line; pass the texts, or an iterable of them")
    return text


def _names_files(strings: Sequence[Any]) -> bool:
    """Whether strings are paths rather than texts."""
    first = strings[:3]
    return all(
        isinstance(text, str) and len(text) < 1024 and "\n" not in text and os.path.exists(text) for text in first
    )
