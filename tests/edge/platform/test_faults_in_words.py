"""What is wrong with a settings file is said with its place and what to do."""

from __future__ import annotations

import errno
import tomllib

import pytest

from edge.platform.faults import not_toml, os_complaint


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("[broker]\nurl = ''\n[broker]\nurl = ''\n", "toml_twice", "3"),
        ("a = 1\na = 2\n", "toml_twice", "2"),
        ("a = 1\nb =\n", "not_toml", "2"),
        ("a = yes\n", "not_toml", "1"),
    ],
)
def test_the_line_is_named(text: str, code: str, line: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    said = not_toml(caught.value)
    assert (said.code, said.values["line"]) == (code, line)


def test_a_full_disk_is_named_with_what_to_do() -> None:
    said = os_complaint(OSError(errno.ENOSPC, "No space left on device", "/data/edge.toml"))
    assert said == "/data/edge.toml: the disk is full. Free space on it, then do this again"
