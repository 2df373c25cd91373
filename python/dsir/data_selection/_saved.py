"""The file that save() writes and load() reads.

It is an .npz archive without pickled content. ``header`` is one JSON string:

- ``format``: 1.
- ``version``: of the class that was saved.
- ``values``: attributes that are numbers, strings, booleans, None, paths, or lists or tuples of these. A path
  is written as {"path": "..."}, a tuple as {"tuple": [...]}.
- ``functions``: the names of attributes that are functions.

Each other entry, ``array.NAME``, is the attribute NAME.
"""

from __future__ import annotations

import json
import os
import secrets
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

FORMAT = 1

Kinds = type | tuple[type, ...]
Named = Mapping[str, Mapping[str, Callable[..., Any]]]

# Attributes that are functions even when they are None.
FUNCTION_ENDINGS = ("_load_dataset_fn", "_parse_example_fn")


@dataclass
class Saved:
    """What was saved of an object."""

    version: str
    values: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: Any) -> bool:
        """Add an attribute that is no function; return whether it can be stored."""
        if type(value) in (np.ndarray, np.memmap) and not value.dtype.hasobject:
            self.arrays[name] = value
            return True
        try:
            self.values[name] = _encoded(value)
        except TypeError:
            return False
        return True

    def leave_out(self, names: Iterable[str]) -> None:
        """Remove attributes."""
        for name in names:
            for attributes in (self.values, self.arrays, self.functions):
                attributes.pop(name, None)


def collect(instance: Any, named: Named) -> tuple[Saved, list[str]]:
    """Return what can be stored of an object, and the names of the attributes that cannot."""
    saved = Saved(instance.__version__)
    left_out = []
    for name, value in vars(instance).items():
        # Another object that can be called has state, which a name would not restore.
        function = callable(value) and hasattr(value, "__qualname__")
        if function or name in named or name.endswith(FUNCTION_ENDINGS):
            known = (key for key, function in named.get(name, {}).items() if function == value)
            saved.functions[name] = next(known, _function_name(value))
        elif not saved.add(name, value):
            left_out.append(name)
    return saved, left_out


def restore(
    instance: Any, saved: Saved, kinds: Mapping[str, Kinds], named: Named, path: str
) -> list[tuple[str, str, str]]:
    """Set the attributes of an object: all of them, or with an error none.

    Args:
        instance: The object.
        saved: What was saved.
        kinds: The types that attributes must have, as far as they are known.
        named: For attributes that are one of several known functions, the functions by name.
        path: The file, for errors.

    Returns:
        For each function that is not known and that the object does not have: the attribute, the function
        that was saved, and the one that the object has.

    Raises:
        ValueError: If an attribute would be of another type than it must be, or hide a method.
    """
    values = {**saved.values, **saved.arrays}
    for name, value in values.items():
        kind = kinds.get(name, object)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise ValueError(f"{path}: {name} cannot be {value!r}")
    for name in (*values, *(name for name, key in saved.functions.items() if key in named.get(name, {}))):
        if callable(getattr(type(instance), name, None)):
            raise ValueError(f"{path}: {name} is a method, not an attribute")
    others = []
    for name, value in values.items():
        setattr(instance, name, value)
    for name, key in saved.functions.items():
        present = _function_name(getattr(instance, name, None))
        if key in named.get(name, {}):
            setattr(instance, name, named[name][key])
        elif present != key:
            others.append((name, key, present))
    return others


def _function_name(function: Any) -> str:
    """A name by which to tell whether two functions are the same: that of the module and its own."""
    if function is None:
        return "None"
    named = function if hasattr(function, "__qualname__") else type(function)
    module = getattr(named, "__module__", None)
    return f"{module}.{named.__qualname__}" if module else str(named.__qualname__)


def write(path: Path, saved: Saved) -> None:
    """Write a file, which appears when it is complete."""
    header = {
        "format": FORMAT,
        "version": saved.version,
        "values": saved.values,
        "functions": saved.functions,
    }
    entries: dict[str, Any] = {f"array.{name}": np.asarray(array) for name, array in saved.arrays.items()}
    entries["header"] = np.array(json.dumps(header))
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with open(new, "xb") as file:
            np.savez(file, **entries)  # given a name, it would add .npz to it
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def read(path: Path) -> Saved:
    """Read a file.

    Raises:
        ValueError: If it is a pickle, damaged, or not a file that ``write`` wrote.
    """
    with open(path, "rb") as file:
        start = file.read(16)
        file.seek(0)
        # Pickles since protocol 2 begin with a byte of their own, objects in older ones with a function.
        if start.startswith((b"\x80", b"ccopy_reg\n", b"ccopyreg\n")):
            raise ValueError(
                f"{path} is a pickle. dsir loads no pickles, because a pickle can run any code: fit again, or"
                " save with dsir"
            )
        try:
            if not start.startswith(b"PK"):
                raise ValueError("it is no archive")
            return _parsed(file)
        except Exception as error:
            # A damaged archive makes zipfile, zlib and NumPy raise errors of many kinds.
            raise ValueError(f"{path} is damaged, or was not written by save(): {error}") from error


def _parsed(file: Any) -> Saved:
    with np.load(file, allow_pickle=False) as archive:
        entries = {name: archive[name] for name in archive.files}
    header = json.loads(str(entries.pop("header")[()]))
    if header["format"] != FORMAT:
        raise ValueError(f"its format is {header['format']!r}, not {FORMAT}")
    saved = Saved(header["version"])
    for name, value in header["values"].items():
        saved.values[_attribute(name)] = _decoded(value)
    for name, function in header["functions"].items():
        if not isinstance(function, str):
            raise ValueError(f"the name of the function {name} is {function!r}")
        saved.functions[_attribute(name)] = function
    for name, array in entries.items():
        if not name.startswith("array."):
            raise ValueError(f"unknown entry {name!r}")
        saved.arrays[_attribute(name.removeprefix("array."))] = array
    return saved


def _attribute(name: str) -> str:
    if not name.isidentifier() or name.startswith("__"):
        raise ValueError(f"{name!r} is not the name of an attribute")
    return name


def _encoded(value: Any) -> Any:
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        value = value.item()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Path):
        return {"path": str(value)}
    if type(value) is list:
        return [_encoded(item) for item in value]
    if type(value) is tuple:
        return {"tuple": [_encoded(item) for item in value]}
    raise TypeError


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["path"] and isinstance(value["path"], str):
        return Path(value["path"])
    if list(value) == ["tuple"] and isinstance(value["tuple"], list):
        return tuple(_decoded(item) for item in value["tuple"])
    raise ValueError(f"{value!r} is not a value of an attribute")


class Savable:
    """Saves the attributes of an object to a file, and loads them."""

    __version__: ClassVar[str]
    # For each attribute that is one of several known functions: the functions by name. load() restores these.
    _NAMED_FUNCTIONS: ClassVar[Named] = {}
    # The types that load() accepts for attributes; for others, all.
    _KINDS: ClassVar[Mapping[str, Kinds]] = {}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the attributes to a file, for ``load``. It holds no pickle.

        Functions are not stored, only their names. If attributes of a subclass cannot be stored, a warning
        names them. The weights and the metadata stay where they are, in files of their own.
        """
        saved, left_out = collect(self, self._NAMED_FUNCTIONS)
        if left_out:
            warnings.warn(
                f"save() leaves out {', '.join(left_out)}: it stores numbers, strings, paths, lists of these,"
                " and arrays",
                stacklevel=2,
            )
        write(Path(path), saved)

    def load(self, path: str | os.PathLike[str], exclude_keys: Sequence[str] | None = None) -> None:
        """Set the attributes to those that were saved.

        This object keeps its functions. If the saved object had others, a warning says which.

        Args:
            path: A file that ``save`` wrote.
            exclude_keys: Names of attributes to leave as they are.

        Raises:
            ValueError: If the file is of another version, is damaged, or was not written by ``save``.
        """
        saved = read(Path(path))
        if saved.version != self.__version__:
            raise ValueError(f"Version mismatch: {saved.version} != {self.__version__}")
        saved.leave_out(exclude_keys or ())
        for name, key, present in restore(self, saved, self._KINDS, self._NAMED_FUNCTIONS, str(path)):
            warnings.warn(
                f"{path} was saved with {name} = {key}, but this object has {present}. Functions are not"
                f" stored: if you need {key}, pass it as {name} to the constructor",
                stacklevel=2,
            )
