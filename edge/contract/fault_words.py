"""What each fault of a file is called, and the one sentence that says it: what is wrong, since when, what to do.

Gateway and server show the same words. A fault carries its code and the values for the places of the sentence; the
code of a newer gateway, and a fault of an older one that brings no values, are shown as they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from edge.contract.code_words import CHINESE, clock_text, label_in
from edge.contract.fault_sentences import FAULT_SENTENCES, VALUE_WORDS
from edge.contract.inspection import Fault, FaultCode

_MAX_TEXT = 200
_MAX_DETAIL = 500
_LONG_NUMBER = 1 << 63


def fault_of(
    code: FaultCode,
    *,
    from_s: float | None = None,
    to_s: float | None = None,
    samples: tuple[int, int] | None = None,
    **values: str | int | float,
) -> Fault:
    """A fault with its English sentence as `detail`. Raises KeyError where the sentence has a place without value."""
    kept = {name: value[:_MAX_TEXT] if isinstance(value, str) else value for name, value in values.items()}
    bare = Fault(code=code, from_s=from_s, to_s=to_s, samples=samples, values=kept)
    detail = FAULT_SENTENCES[code].sentence[0].format_map(_places(bare, "en", {}))
    return bare.model_copy(update={"detail": detail[:_MAX_DETAIL]})


def fault_label(code: str, language: str) -> str:
    """The short name of a fault; a code from a newer gateway as it came."""
    return label_in(FAULT_SENTENCES, code, language)


def told_fault(fault: Fault, language: str, translated: Mapping[str, str] | None = None) -> str:
    """The sentence of a fault. `translated` are values that somebody has in the reader's language already."""
    words = FAULT_SENTENCES.get(fault.code)
    if words is not None:
        places = _places(fault, language, translated or {})
        text = words.sentence[language == CHINESE]
        if places_of(text) <= places.keys():
            return text.format_map(places)
    label = fault_label(fault.code, language)
    return f"{label}: {fault.detail}" if fault.detail else label


def places_of(text: str) -> set[str]:
    """The names of the places in a sentence."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _places(fault: Fault, language: str, translated: Mapping[str, str]) -> dict[str, Any]:
    shown = {name: _shown(name, value, language) for name, value in fault.values.items()}
    return {**shown, **translated, "span": _span(fault, language)}


def _shown(name: str, value: str | float, language: str) -> str:
    if name.endswith("_at_s") and not isinstance(value, str):
        return clock_text(value)
    words = VALUE_WORDS.get(name, {}).get(str(value))
    if words is not None:
        return words[language == CHINESE]
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, int) and abs(value) < _LONG_NUMBER:
        return str(value)
    return f"{float(min(max(value, -_LONG_NUMBER), _LONG_NUMBER)) if isinstance(value, int) else value:g}"


def _span(fault: Fault, language: str) -> str:
    is_chinese = language == CHINESE
    if fault.from_s is None:
        return "全文件" if is_chinese else "in the whole file"
    start = clock_text(fault.from_s)
    if fault.to_s is None:
        return f"自 {start} 起" if is_chinese else f"from {start} on"
    end = clock_text(fault.to_s)
    return f"{start} 至 {end}" if is_chinese else f"from {start} to {end}"
