"""Everything the edge program says stands in both languages, with the same places for its values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from edge.cli import _PURPOSES
from edge.contract.inspection import FileVerdict
from edge.contract.manifest import StartSource
from edge.contract.sentences import in_code, sentence
from edge.local.chinese import CHINESE
from edge.local.words import _WORDS, told, word

CJK = re.compile(r"[\u4e00-\u9fff]")
DATA_ALONE = {"data_good", "file_beside", "config", "server_address", "identity", "file_and_why", "at_place"}
"""Sentences that hold nothing but values, or punctuation between them."""


def spoken(checkout: Path) -> Iterator[tuple[str, str, str]]:
    """(file, code, English text) of every sentence the source makes."""
    for path in sorted((checkout / "edge").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="sentence"), args=[ast.Constant(str(code)), ast.Constant(str(text))]):
                    yield path.name, code, text
                case ast.Call(func=ast.Name(id="sentence")):
                    assert path.name == "cli.py", f"{path}:{node.lineno} makes a sentence that cannot be looked up"


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_sentence_has_its_chinese_with_the_same_places(checkout: Path) -> None:
    for file, code, text in spoken(checkout):
        assert code in CHINESE, f"{file}: add {code!r} to edge/local/chinese.py: {text}"
        assert places(CHINESE[code]) == places(text), code


def test_a_code_means_one_thing(checkout: Path) -> None:
    texts: dict[str, set[str]] = {}
    for _, code, text in spoken(checkout):
        texts.setdefault(code, set()).add(text)
    assert {code: found for code, found in texts.items() if len(found) > 1} == {}


def test_no_chinese_stands_for_a_sentence_that_nobody_says(checkout: Path) -> None:
    said = {code for _, code, _ in spoken(checkout)} | {purpose.code for purpose in _PURPOSES.values()}
    assert CHINESE.keys() - said == set()


def test_every_command_says_in_both_languages_what_it_is_for() -> None:
    for purpose in _PURPOSES.values():
        assert CJK.search(CHINESE[purpose.code])


def test_chinese_is_chinese() -> None:
    assert [code for code, text in CHINESE.items() if not CJK.search(text) and code not in DATA_ALONE] == []
    assert [key for key, (_, chinese) in _WORDS.items() if not CJK.search(chinese)] == []


@pytest.mark.parametrize(
    "key",
    [
        *(f"start_{source}" for source in StartSource),
        *(f"verdict_{verdict}" for verdict in FileVerdict),
    ],
)
def test_every_code_that_inspect_shows_has_words(key: str) -> None:
    assert CJK.search(word(key, "zh-CN"))


def test_a_sentence_inside_a_sentence_is_told_in_the_same_language() -> None:
    why = sentence("os_full", "the disk is full")
    said = sentence("cannot_be_read", "cannot be read ({why})", why=why)
    assert said == "cannot be read (the disk is full)"
    assert told(said, "zh-CN") == "无法读取（磁盘已满）"
    assert in_code(said) == {"code": "cannot_be_read", "values": {"why": {"code": "os_full", "values": {}}}}


def test_a_value_with_braces_is_data_and_never_a_place() -> None:
    said = sentence("config", "{path}: {why}", path="{why}", why="{path}")
    assert told(said, "zh-CN") == "{why}：{path}"
