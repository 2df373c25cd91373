"""Write what is made of other sources: the types of options, and the types of the extension.

``python tools/generate.py`` after installing the package with its extra ``test`` writes ``dsir/_options.py`` from the
definitions of the command line, and ``dsir/_dsir.pyi`` from the comments and signatures in ``src/``. ``python
tools/generate.py --check`` fails if they are not the present ones.
"""

from __future__ import annotations

import keyword
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from dsir import _arguments, _draw, _jobs
from dsir._errors import in_python

HERE = Path(__file__).parents[1]
OPTIONS, STUBS = HERE / "dsir" / "_options.py", HERE / "dsir" / "_dsir.pyi"
START = '''"""The options of the commands, as types. Written by ``generate.py``: do not edit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Union

Path = Union[str, "os.PathLike[str]"]
'''
#: What the signatures in ``src/`` name.
IMPORTS = """
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._engine import Engine
from ._inputs import Path
from ._inputs import Texts as GivenTexts
"""
#: Options whose values are lists or pairs in Python.
SEVERAL = {
    "temperature": "float | str | Sequence[float]",
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


def options() -> str:
    """The source of ``dsir/_options.py``."""
    commands = ["select", "fit", "weigh", "resample", "measure", "prepare"]
    classes = [class_of(f"{command.title()}Options", command, _jobs.hidden(command)) for command in commands]
    draw = _draw.HIDDEN | {"num", "fraction", "tokens", "bytes"}
    return "\n\n\n".join([START.rstrip(), *classes, class_of("DrawOptions", "resample", draw)]) + "\n"


def stubs() -> str:
    """The source of ``dsir/_dsir.pyi``: builds the extension once more, with what stubs are made of."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["maturin", "generate-stubs", "--profile", "dev", "--features", "stubs", "--out", folder]
        subprocess.run([sys.executable, "-m", *command], check=True, cwd=HERE)
        file = Path(folder) / "dsir" / "_dsir.pyi"
        source = file.read_text(encoding="utf-8")
        file.write_text(source.replace("\nfrom typing import", IMPORTS + "from typing import", 1), encoding="utf-8")
        ruff = [sys.executable, "-m", "ruff"]
        config = ["--config", str(HERE / "pyproject.toml")]
        # Annotations come in quotes, and imports in no order.
        subprocess.run([*ruff, "check", "-q", *config, "--fix", "--select", "I,UP037", str(file)], check=True)
        subprocess.run([*ruff, "format", "-q", *config, str(file)], check=True)
        return file.read_text(encoding="utf-8")


def main() -> int:
    made = {OPTIONS: options(), STUBS: stubs()}
    if "--check" in sys.argv[1:]:
        other = [path.name for path, source in made.items() if path.read_text(encoding="utf-8") != source]
        print(f"out of date, run generate.py: {', '.join(other)}" if other else "up to date")
        return 1 if other else 0
    for path, source in made.items():
        path.write_text(source, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
