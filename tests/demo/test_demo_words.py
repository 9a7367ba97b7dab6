"""The demo says everything in both languages, with the same places for its values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from demo_stage.words import CHINESE, code_in_words, told

from edge.contract.sentences import sentence

CJK = re.compile(r"[\u4e00-\u9fff]")
SCRIPTS = Path(__file__).parents[2] / "scripts"


def spoken() -> Iterator[tuple[str, str]]:
    for path in [SCRIPTS / "demo_run.py", *sorted((SCRIPTS / "demo_stage").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="sentence"), args=[ast.Constant(code), ast.Constant(text)]):
                    yield str(code), str(text)
                case ast.Call(func=ast.Name(id="sentence")):
                    raise AssertionError(f"{path}:{node.lineno} makes a sentence that cannot be looked up")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_sentence_of_the_demo_has_its_chinese_with_the_same_places() -> None:
    said = dict(spoken())
    assert said.keys() == CHINESE.keys()
    assert {code for code, text in said.items() if places(CHINESE[code]) != places(text)} == set()
    assert {code for code, text in CHINESE.items() if not CJK.search(text)} == set()


def test_every_fault_that_is_planted_has_words() -> None:
    town = (SCRIPTS / "demo_town" / "invent.py").read_text(encoding="utf-8")
    planted = re.findall(r'Planted\(\s*"(\w+)",\s*f?"(\w+)', town)
    assert len(planted) >= 8
    for code in {code for pair in planted for code in pair}:
        assert CJK.search(code_in_words(code, "zh-CN")), code


def test_the_demo_tells_what_the_programs_platform_says_too() -> None:
    assert told(sentence("os_missing", "it is not there"), "zh-CN") == "不存在"
