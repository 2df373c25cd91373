"""Exceptions and warnings, and the words that they share with the command line."""

from __future__ import annotations

import os
import re
from typing import Any

# Options by the names that they have in Python, and values that may follow one.
_SHORT = {"k": "k", "o": "out"}
_RENAMED = {"output": "out", "num": "k"}
_VALUES = r"\d[\d.]*|all|gumbel|pareto|product|random|skip|tokens|topk|unicode"


class Error(Exception):
    """A job that failed.

    Attributes:
        kind: ``"impossible"``, ``"invalid_record"``, ``"invalid_file"``, ``"unknown_version"``, ``"mismatch"``,
            ``"changed"``, ``"io"``, ``"busy"``, ``"closed_pipe"``, ``"cancelled"``, ``"engine"``,
            ``"invalid_options"`` or ``"other"``.
        path: The file that it is about, if it is about one.
        line: The line in that file, from 1, if it is known.
        byte: The byte in that file, if it is known.
        resumable: The work directory from which the same call resumes, if there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = "other",
        path: str | os.PathLike[str] | None = None,
        line: int | None = None,
        byte: int | None = None,
        resumable: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.path = path
        self.line = line
        self.byte = byte
        self.resumable = resumable

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), str(self), self.__dict__)


class OptionError(Error, ValueError):
    """Options that make no sense, alone or together; ``kind`` is ``"invalid_options"``."""

    def __init__(self, message: str, **attributes: Any) -> None:
        super().__init__(message, **{"kind": "invalid_options", **attributes})


class DsirWarning(UserWarning):
    """Something that may mislead, with what can be done about it."""


def _restored(kind: type[Error], message: str, attributes: dict[str, Any]) -> Error:
    error = kind(message)
    error.__dict__.update(attributes)
    return error


def in_python(words: str) -> str:
    """The words of the command line with its options as they are called in Python."""

    def option(found: re.Match[str]) -> str:
        name = found[1].replace("-", "_")
        name, value = _RENAMED.get(name, name), found[2]
        if value is None:
            return f"`{name}`"
        return f"`{name}={value}`" if value[0].isdigit() else f'`{name}="{value}"`'

    # What a user has typed is left alone as far as that can be told: paths, and words in other words.
    words = re.sub(rf"(?<![\w/.-])--([a-z][a-z-]*[a-z])(?: ({_VALUES})(?![\w.]*\w))?(?![\w/])", option, words)
    words = re.sub(r"(?<![\w/.-])-([ko])(?![\w/.-])", lambda found: f"`{_SHORT[found[1]]}`", words)
    return re.sub(r"(?<![\w/])dsir (select|fit|weigh|resample|measure|prepare)(?![\w/.-])", r"dsir.\1", words)
