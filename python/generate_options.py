"""Write ``dsir/_options.py``, the types of the commands' options, from their definitions in the command line.

``python generate_options.py`` after installing the package; a test sees to it that the file is the present one.
"""

from __future__ import annotations

import keyword
import textwrap
from pathlib import Path

from dsir import _arguments, _draw, _jobs
from dsir._errors import in_python

FILE = Path(__file__).parent / "dsir" / "_options.py"
START = '''"""The options of the commands, as types. Written by ``generate_options.py``: do not edit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Union

Path = Union[str, "os.PathLike[str]"]
'''
#: Options whose values are lists or pairs in Python.
SEVERAL = {
    "temperature": "float | Sequence[float]",
    "proportions": "str | Sequence[float] | Mapping[str, float]",
    "exponents": "str | Sequence[float] | Mapping[str, float]",
    "group_share": "str | Mapping[str, float]",
    "mix_in": "str | Sequence[str] | Mapping[str, int]",
    "fit_tokens": "int | str",
    "min_tokens": "int | str",
    "seed": "int",
    "buckets": "int | str",
}


def type_of(option: _arguments.Option) -> str:
    name = option.name.replace("-", "_")
    if name in SEVERAL:
        return SEVERAL[name]
    if option.values and option.kind != "flag":
        return f"Literal[{', '.join(repr(value) for value in option.values)}]".replace("'", '"')
    one = {"flag": "bool", "path": "Path"}.get(option.kind, option.kind)
    return f"{one} | Sequence[{one}]" if option.repeats else one


def described(option: _arguments.Option) -> list[str]:
    words = in_python(option.help).replace("\\", "\\\\")
    lines = textwrap.wrap(f'"""{words}."""', width=106)
    return [f"    {line}" for line in lines]


def class_of(title: str, command: str, hidden: set[str]) -> str:
    options = {
        name: option
        for name, option in _arguments.options(command).items()
        if name not in hidden and name not in _arguments.OWN
    }
    reserved = [name for name in options if keyword.iskeyword(name)]
    assert not reserved, reserved
    lines = [f"class {title}(TypedDict, total=False):", f'    """Options of ``dsir {command}``."""', ""]
    for name, option in options.items():
        # What follows an attribute is how editors show it.
        lines += [f"    {name}: {type_of(option)} | None", *described(option)]
    return "\n".join(lines)


def source() -> str:
    commands = ["select", "fit", "weigh", "resample", "measure", "prepare"]
    classes = [class_of(f"{command.title()}Options", command, _jobs.hidden(command)) for command in commands]
    draw = _draw.HIDDEN | {"num", "fraction", "tokens", "bytes"}
    return "\n\n\n".join([START.rstrip(), *classes, class_of("DrawOptions", "resample", draw)]) + "\n"


if __name__ == "__main__":
    FILE.write_text(source(), encoding="utf-8")
