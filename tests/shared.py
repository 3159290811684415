"""Published test cases that lie beside the checkout; a stranger's checkout does not have them."""

import importlib.util
import os
from functools import cache
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ARCHIVUM_SHARED") or Path(__file__).resolve().parents[2] / "shared")

needs_shared = pytest.mark.skipif(
    not (SHARED / "cases" / "cases.py").is_file(),
    reason="the published test cases are not beside this checkout (set ARCHIVUM_SHARED to their folder)",
)


@cache
def cases(name: str) -> Path:
    """Return the folder of one archive of cases, unpacked in a cache."""
    spec = importlib.util.spec_from_file_location("cases", SHARED / "cases" / "cases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Path(module.folder(name))
