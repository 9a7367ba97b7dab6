"""Rules about the tree itself, read from what git holds."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 300
TOP_LEVEL = {
    "LICENSE", "README.md", "README.zh-CN.md", "asyncapi.yaml", "configs", "edge", "models", "pyproject.toml",
    "requirements.lock", "scripts", "server", "tests",
}  # fmt: skip


def _tracked() -> list[Path]:
    """Files of the checkout: what git holds, and what would be added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [Path(name) for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


TRACKED = _tracked()
OWN_TEXT = [
    path
    for path in TRACKED
    if path.suffix in {".py", ".md", ".toml", ".html", ".css", ".po", ".yaml", ".sh", ".txt", ""}
    and "vendor" not in path.parts
]
PYTHON = [path for path in TRACKED if path.suffix == ".py" and "versions" not in path.parts]


def test_the_top_level_is_as_agreed() -> None:
    tops = {path.parts[0] for path in TRACKED if not path.parts[0].startswith(".")}
    assert tops <= TOP_LEVEL


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in PYTHON}
    assert {str(path): lines for path, lines in lengths.items() if lines > LONGEST} == {}


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        pytest.param("a path of one machine", r"/(root|home|work|Users|tmp/brief)/[a-z]", id="no path of one machine"),
        pytest.param("a left-over", r"\b(TODO|FIXME|XXX|NotImplementedError)\b", id="nothing left for later"),
        pytest.param("a merge mark", r"^(<{7}|>{7}) ", id="no merge mark"),
    ],
)
def test_no_text_of_ours_holds(what: str, pattern: str) -> None:
    mark = re.compile(pattern, re.MULTILINE)
    here = Path(__file__).relative_to(ROOT)
    holders = [
        str(path)
        for path in OWN_TEXT
        if path != here and mark.search((ROOT / path).read_text(encoding="utf-8", errors="replace"))
    ]
    assert holders == [], what


def test_no_key_or_password_lies_in_the_tree() -> None:
    secret = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}")
    assert [str(path) for path in TRACKED if secret.search((ROOT / path).read_bytes())] == []


def test_every_module_of_the_programs_has_a_docstring() -> None:
    modules = [path for path in PYTHON if path.parts[0] in {"edge", "server", "scripts"}]
    without = [str(path) for path in modules if not ast.get_docstring(ast.parse((ROOT / path).read_text()))]
    assert [name for name in without if (ROOT / name).read_text().strip()] == []
