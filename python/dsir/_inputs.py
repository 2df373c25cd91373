"""What functions take: paths of shards, or texts in memory, which become shards for as long as a job runs."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
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

#: Strings that end like this are the names of shards.
ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".gz", ".zst", ".parquet", ".arrow", ".feather")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9]+://")
_URL_OF_PATHLIB = re.compile(r"(s3|gs|az|https?):/[^/]")


class Inputs:
    """Paths for whatever is given; texts in memory are written to a folder that goes when the job is done."""

    def __init__(self, options: Mapping[str, Any], model: Path | Model | None = None) -> None:
        self._model = model
        self._asked = [asked for name in ("where", "where_not", "group_by") for asked in _each(options.get(name))]
        self._tokenizer = options.get("tokenizer")
        self._field = options.get("text_field") or "text"
        self._parent = options.get("temp_dir")
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._in_memory: dict[str, str] = {}

    def __enter__(self) -> Inputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Error):
            # What was in memory is not known by the file that it was written to.
            error.args = tuple(self.told(str(part)) for part in error.args)
            if self.is_ours(error.path):
                error.path = None
            if self.is_ours(error.resumable):
                error.resumable = None
        if self._folder is not None:
            try:
                self._folder.cleanup()
            finally:
                # Also if a second Ctrl-C came meanwhile.
                shutil.rmtree(self._folder.name, ignore_errors=True)

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
            return path_of(model, "model")
        path = self.place("model.json")
        model.save(path)
        return path

    def paths(self, given: Documents, what: str) -> list[str]:
        """The paths of shards; ``what`` names them in messages, and the file of texts in memory."""
        if isinstance(given, (str, os.PathLike)):
            return [path_of(given, what)]
        if type(given).__module__.startswith("datasets.") and hasattr(given, "with_format"):
            given = given.with_format(None)
        if isinstance(given, (bytes, Mapping)) or not _has_texts(given):
            raise TypeError(f"{what} is a {type(given).__name__}, neither paths nor texts")
        if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
            return [self._spooled(given, what)]
        iterable: Any = given
        items: Iterator[Any] = iter(iterable)
        head = list(itertools.islice(items, 3))
        first, rest = head[0] if head else None, itertools.chain(head, items)
        if isinstance(first, os.PathLike):
            return [path_of(path, what) for path in rest]
        if head and all(isinstance(text, str) and _URL.match(text) for text in head):
            return [path_of(url, what) for url in rest]
        if head and all(isinstance(text, str) and _names_file(text) for text in head):
            raise OptionError(
                f"{what} holds strings which are the names of files; pass pathlib.Path objects to read them, "
                f'or records as {{"text": ...}} if they are the texts themselves'
            )
        if isinstance(first, Mapping):
            return [self._records(rest, what)]
        return [self._spooled(rest, what)]

    def is_in_memory(self, paths: list[str]) -> bool:
        """Whether these paths are those of texts in memory."""
        return any(path in self._in_memory for path in paths)

    def is_ours(self, path: object) -> bool:
        """Whether it is a temporary file."""
        return self._folder is not None and path is not None and str(path).startswith(self._folder.name)

    def told(self, words: str) -> str:
        """Words in which what was in memory is called by its name."""
        for path, what in self._in_memory.items():
            words = words.replace(f"{path}:", f"{what} in memory, record ").replace(path, f"{what} in memory")
        return words

    def report(self, value: Any) -> Any:
        """A report in which what was in memory is called by its name."""
        if isinstance(value, str):
            return self.told(value)
        if isinstance(value, dict):
            return {key: self.report(item) for key, item in value.items()}
        return [self.report(item) for item in value] if isinstance(value, list) else value

    def _spooled(self, texts: Any, what: str) -> str:
        field = self._text_field(what)
        for asked in self._asked if what == "raw" else []:
            if not str(asked).startswith(field):
                raise OptionError(
                    f"`{asked}` asks for a field, and raw has only texts; pass records, such as "
                    f'`frame.to_dict("records")`, `table.to_pylist()` or a data set'
                )
        path = self.in_memory(f"{what}.jsonl", what)
        if _dsir.spool(path, texts, field, field, self._has_ids()) == 0:
            raise Error(f"{what} has no texts", kind="invalid_record")
        return path

    def _records(self, records: Iterable[Any], what: str) -> str:
        """Whole records, so that conditions and groups may ask for any of their fields."""
        path = self.in_memory(f"{what}.jsonl", what)
        with open(path, "x", encoding="utf-8") as file:
            for row, record in enumerate(records):
                if not isinstance(record, Mapping):
                    message = f"{what}, record {row}: it is a {type(record).__name__}, and the first is a dictionary"
                    raise Error(message, kind="invalid_record", line=row + 1)
                try:
                    file.write(json.dumps(dict(record), **_AS_JSONL) + "\n")
                except (TypeError, ValueError) as error:
                    message = f"{what}, record {row}: {error}; pass the text alone"
                    raise Error(message, kind="invalid_record", line=row + 1) from None
        return path

    def in_memory(self, name: str, what: str) -> str:
        """A path for what was in memory, and is called by its name."""
        path = self.place(name)
        self._in_memory[path] = what
        return path

    def _has_ids(self) -> bool:
        """Whether texts are lists of integers."""
        if self._tokenizer is None and self._model is not None:
            model = self._model
            self._tokenizer = (model if isinstance(model, Model) else Model.load(model)).tokenizer
        return self._tokenizer == "ids"

    def _text_field(self, what: str) -> str:
        fields = [self._field] if isinstance(self._field, str) else list(self._field)
        if len(fields) != 1:
            raise OptionError(f"several text_field are for records, and {what} has only texts")
        return str(fields[0]).replace("\\.", ".")


def path_of(path: Path, what: str) -> str:
    """A path as a string.

    Raises:
        OptionError: It is the command line's name for standard input and output.
        TypeError: It is no path, or one of bytes.
    """
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"{what} is a {type(path).__name__}, not a path as str or pathlib.Path")
    if isinstance(path, os.PathLike) and _URL_OF_PATHLIB.match(text):
        raise OptionError(f"{what}: pathlib takes a slash out of a URL, as in {text}; pass a str")
    if text == "-":
        raise OptionError(f"{what}: `-` is the command line's standard input and output; pass a path, or texts")
    return text


def _each(option: Any) -> list[Any]:
    if option is None:
        return []
    return list(option) if isinstance(option, (list, tuple)) else [option]


def _plain(value: Any) -> Any:
    """What NumPy's values and times are in JSON."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} is no JSON")


_AS_JSONL: dict[str, Any] = {
    "ensure_ascii": False, "allow_nan": False, "separators": (",", ":"), "default": _plain,
}  # fmt: skip


def _has_texts(given: Any) -> bool:
    names = ("__arrow_c_stream__", "__arrow_c_array__", "__iter__", "__getitem__")
    return any(hasattr(given, name) for name in names)


def _names_file(text: str) -> bool:
    """Whether a string is a path rather than a text."""
    if len(text) > 1024 or "\n" in text or "\0" in text:
        return False
    return text.endswith(ENDINGS) or os.path.exists(text)
