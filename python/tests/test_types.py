"""The types are those of the extension and of the command line."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dsir

PYTHON = Path(__file__).parents[1]


def test_the_types_of_the_options_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PYTHON / "tools")
    import generate

    assert generate.OPTIONS.read_text(encoding="utf-8") == generate.options()


def test_the_stubs_are_those_of_the_extension(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy.stubtest", "dsir._dsir", "--mypy-config-file", PYTHON / "pyproject.toml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_examples_run() -> None:
    """Those in the documentation of functions and classes."""
    names = {"np": np, "dsir": dsir}
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    with pytest.warns(dsir.DsirWarning):
        for documented in [
            dsir,
            dsir.draw,
            dsir.fit,
            dsir.select,
            dsir.resample,
            dsir.measure,
            dsir.prepare,
            dsir.Model,
        ]:
            name = getattr(documented, "__name__", "")
            found = [test for test in finder.find(documented, name, module=False, globs=dict(names)) if test.examples]
            assert found, name
            for test in found:
                runner.run(test)
    assert runner.summarize().failed == 0
