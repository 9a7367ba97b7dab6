"""Views as JSON: instants become RFC 3339 without `_us` in their names, durations stay integers in microseconds.

Which is which follows from the annotation: a field of type UtcMicros is an instant. Intervals are `[start, end]`,
half-open; pairs of texts become an object.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from edge.contract.instants import UtcMicros, rfc3339
from edge.contract.intervals import TimeInterval
from server.usecases.views import Page

_PAIRS = tuple[tuple[str, str], ...]


def json_of(view: Any) -> Any:
    """A view, or a list of them, as values JSON can hold. Raises TypeError for a type it does not know."""
    if view is None or isinstance(view, bool | int | float) or type(view) is str:
        return view
    if isinstance(view, Enum):
        return view.value
    if isinstance(view, TimeInterval):
        return [rfc3339(view.start_us), rfc3339(view.end_us)]
    if is_dataclass(view) and not isinstance(view, type):
        return _object(view)
    return _other(view)


def json_page(page: Page[Any]) -> dict[str, Any]:
    """A stretch of a list; `next` goes into the next request as `after`."""
    return {"items": json_of(page.items), "next": page.next_after, "total": page.total}


def _other(view: Any) -> Any:
    if isinstance(view, BaseModel):
        return view.model_dump(mode="json")
    if isinstance(view, date):
        return view.isoformat()
    if isinstance(view, Mapping):
        return {str(name): json_of(value) for name, value in view.items()}
    if isinstance(view, list | tuple | frozenset | set):
        return [json_of(item) for item in (sorted(view) if isinstance(view, frozenset | set) else view)]
    raise TypeError(f"no JSON form for {type(view).__name__}")


def _object(view: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    view_type: Any = type(view)
    for name, form in _forms(view_type).items():
        value = getattr(view, name)
        if form == "instant":
            out[name.removesuffix("_us")] = None if value is None else rfc3339(value)
        elif form == "pairs":
            out[name] = dict(value)
        elif form == "stretches":
            out[name] = [{"interval": json_of(interval), "state": state.value} for interval, state in value]
        elif form == "counts":
            out[name] = dict(value)
        elif form != "bytes":
            out[name] = json_of(value)
    return out


@cache
def _forms(view_type: type) -> dict[str, str]:
    """How each public field is written."""
    hints = get_type_hints(view_type)
    return {field.name: _form(hints[field.name]) for field in fields(view_type) if not field.name.startswith("_")}


def _form(hint: Any) -> str:
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if any(part is UtcMicros for part in parts):
        return "instant"
    if any(part is bytes or part == tuple[bytes, ...] for part in parts):
        return "bytes"  # signed bytes have addresses of their own
    if hint == _PAIRS:
        return "pairs"
    if hint == tuple[tuple[str, int], ...]:
        return "counts"
    if get_origin(hint) is tuple and get_args(get_args(hint)[0])[:1] == (TimeInterval,):
        return "stretches"
    return "plain"
