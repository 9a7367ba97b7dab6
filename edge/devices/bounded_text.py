"""YAML, JSON and XML of strangers as plain values: no objects, no aliases, no entities, bounded in size and depth.

Values are dict, list, str, int, float, bool and None. A matrix of OpenCV is {"rows", "cols", "data"} in all three.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from edge.contract.sentences import Sentence, sentence

MAX_BYTES, MAX_DEPTH, MAX_VALUES = 1024 * 1024, 20, 200_000
_LONGEST_NUMBER = 64
_INTEGER = re.compile(r"[-+]?\d+")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.?\d+)([eE][-+]?\d+)?")
_NO_FLOAT = {".nan": "nan", "nan": "nan", ".inf": "inf", "+.inf": "inf", "inf": "inf", "-.inf": "-inf", "-inf": "-inf"}
_IN_JSON = re.compile(r"(?<=[\s:\[,])([-+]?)\.(Nan|Inf)(?=[\s,\]}])")
_KNOWN_TAGS = ("opencv-matrix", "str", "int", "float", "bool", "null", "map", "seq")
_TAG = "tag:yaml.org,2002:"


class UnsafeTextError(ValueError):
    """The text is no plain values within bounds; `said` says what it is instead."""

    def __init__(self, said: Sentence) -> None:
        super().__init__(said)
        self.said = said


def json_values(text: str) -> Any:
    """The values of a JSON text; OpenCV's .Nan and .Inf are read as what they mean. Raises UnsafeTextError."""
    text = _IN_JSON.sub(lambda found: "NaN" if found[2] == "Nan" else f"{found[1].strip('+')}Infinity", text)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError as error:
        raise UnsafeTextError(_deep()) from error
    except UnsafeTextError:
        raise
    except ValueError as error:
        raise UnsafeTextError(_not_read("JSON")) from error


def yaml_values(text: str) -> Any:
    """The values of the first YAML document; OpenCV's own header is taken off. Raises UnsafeTextError."""
    import yaml

    if text.startswith("%YAML"):
        text = text.partition("\n")[2]
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        builder = _Builder(yaml.parse(text, Loader=loader), yaml)
        return builder.document()
    except (yaml.YAMLError, StopIteration) as error:
        raise UnsafeTextError(_not_read("YAML")) from error


def xml_values(text: str) -> Any:
    """The values below the root of an XML text of OpenCV's form. Raises UnsafeTextError."""
    tree = _Tree()
    parser = expat.ParserCreate("utf-8")  # the text is decoded already, whatever its first line names
    parser.StartElementHandler, parser.EndElementHandler = tree.start, tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = tree.doctype
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise UnsafeTextError(_not_read("XML")) from error
    return tree.values


def scalar(text: str) -> Any:
    """A plain word as the number, flag or nothing it stands for, else as it is."""
    lowered = text.lower()
    if lowered in _NO_FLOAT:
        return float(_NO_FLOAT[lowered])
    if lowered in {"", "~", "null"}:
        return None
    if lowered in {"true", "false"}:
        return lowered == "true"
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Builder:
    """Values out of a stream of YAML events. Nothing is composed before it was bounded."""

    def __init__(self, events: Iterator[Any], yaml: Any) -> None:
        self._events, self._yaml, self._count = events, yaml, 0

    def document(self) -> Any:
        for event in self._events:
            if isinstance(event, self._yaml.StreamStartEvent | self._yaml.DocumentStartEvent):
                continue
            if isinstance(event, self._yaml.StreamEndEvent):
                return None
            return self._value(event, 0)
        return None

    def _value(self, event: Any, depth: int) -> Any:
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_VALUES:
            raise UnsafeTextError(_deep())
        if isinstance(event, self._yaml.AliasEvent):
            raise UnsafeTextError(sentence("text_alias", "it refers to itself (an alias), which no calibration needs"))
        tag = event.tag
        if tag not in (None, "!") and tag.removeprefix(_TAG) not in _KNOWN_TAGS:
            raise UnsafeTextError(sentence("text_tag", "it asks for an object ({tag})", tag=tag[:60]))
        if isinstance(event, self._yaml.ScalarEvent):
            return scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, self._yaml.SequenceStartEvent):
            return [self._value(part, depth + 1) for part in self._until(self._yaml.SequenceEndEvent)]
        return _once(
            [
                (str(self._value(key, depth + 1)), self._value(next(self._events), depth + 1))
                for key in self._until(self._yaml.MappingEndEvent)
            ]
        )

    def _until(self, end: Any) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


class _Tree:
    """Values out of OpenCV's XML: an element with elements is a table, one with text a value, `data` a list."""

    def __init__(self) -> None:
        self.values: Any = None
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._count = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_VALUES:
            raise UnsafeTextError(_deep())
        self._open.append((name, {}, []))

    def end(self, _name: str) -> None:
        name, inside, parts = self._open.pop()
        words = "".join(parts).strip()
        value: Any = inside or (words.strip('"') if words.startswith('"') else scalar(words))
        if name == "data" and not inside:
            value = [scalar(word) for word in words.split()]
        if self._open:
            self._open[-1][1][name] = value
        else:
            self.values = value

    def text(self, words: str) -> None:
        if self._open:
            self._open[-1][2].append(words)

    def doctype(self, *_what: object) -> None:
        raise UnsafeTextError(sentence("text_doctype", "it brings a document type, which no calibration needs"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise UnsafeTextError(sentence("text_twice", "it says {name} twice: keep one of them", name=twice[:60]))
    return values


def _deep() -> Sentence:
    return sentence("text_deep", "it is nested deeper, or holds more values, than any calibration")


def _not_read(form: str) -> Sentence:
    return sentence("text_not_read", "it cannot be read as {form}", form=form)
