"""From keyword arguments to the options of the command line, by their definitions there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from . import _dsir
from ._errors import OptionError, in_python

#: What the command line has for itself.
OWN = {"quiet", "help", "version", "json", "files_from", "dry_run", "print_config"}


class Option(NamedTuple):
    """An option of a command."""

    name: str
    #: ``"flag"``, ``"path"``, ``"int"``, ``"float"`` or ``"str"``.
    kind: str
    repeats: bool
    values: list[str]
    help: str


@cache
def options(command: str) -> dict[str, Option]:
    """The options of a command by their names in Python."""
    described = _dsir.options(command) or []
    return {option[0].replace("-", "_"): Option(*option) for option in described}


def typed(command: str, given: Mapping[str, Any], hidden: Iterable[str] = (), function: str | None = None) -> list[str]:
    """The arguments of ``command`` as they are typed. ``hidden`` are the options that the function itself sets, which
    is called like the command if it has no other name.
    """
    known = options(command)
    hidden = {*hidden, *OWN}
    arguments: list[str] = []
    for name, value in given.items():
        if name not in known or name in hidden:
            raise TypeError(_unknown(function or command, name, [other for other in known if other not in hidden]))
        arguments += one(known[name], value)
    return arguments


def budget(k: Any, fraction: Any, tokens: Any, bytes: Any) -> list[str]:
    """How much is drawn; exactly one of them."""
    given = {"num": k, "fraction": fraction, "tokens": tokens, "bytes": bytes}
    match sum(value is not None for value in given.values()):
        case 0:
            raise OptionError("how much? Pass k, fraction, tokens or bytes")
        case 1:
            return typed("select", given)
        case _:
            raise OptionError("k, fraction, tokens and bytes say how much: pass one of them")


def one(option: Option, value: Any) -> list[str]:
    """An option as it is typed; nothing for ``None`` and ``False``."""
    flag = f"--{option.name}"
    if option.kind == "flag":
        if value not in (None, False, True):
            raise OptionError(f"{_python(option)} is True or False, not {value!r}")
        return [flag] if value else []
    if value is None:
        return []
    if isinstance(value, (set, frozenset)):
        raise OptionError(f"{_python(option)} is a set, which has no order; pass a list")
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        items = [f"{key}={_text(option, item)}" for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        items = [_text(option, item) for item in value]
    else:
        return [f"{flag}={_text(option, value)}"]
    if option.repeats:
        return [f"{flag}={item}" for item in items]
    if not items or any("," in item for item in items):
        raise OptionError(f"{_python(option)} takes one value or more, without commas, not {value!r}")
    return [f"{flag}={','.join(items)}"]


def _text(option: Option, value: Any) -> str:
    if isinstance(value, bool):
        raise OptionError(f"{_python(option)} takes a value, not {value}")
    if isinstance(value, (bytes, os.PathLike)):
        text = os.fspath(value)
        if isinstance(text, str):
            return text
        raise OptionError(f"{_python(option)} is {type(value).__name__}, not str")
    if option.kind == "path" and not isinstance(value, str):
        raise OptionError(f"{_python(option)} is a path, not a {type(value).__name__}")
    # Whole numbers that were computed as floats: 10e6 records are ten million.
    if isinstance(value, float) and option.kind == "int" and value.is_integer():
        return str(int(value))
    return str(value)


def _python(option: Option) -> str:
    return in_python(f"--{option.name}")


def _unknown(function: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    return f"dsir.{function}() has no option `{name}`{hint}"
