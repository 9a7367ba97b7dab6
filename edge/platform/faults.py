"""Why a value, a file or a connection cannot be used, as sentences: the system and pydantic speak English alone."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from edge.contract.sentences import Sentence, sentence, sentence_of
from edge.platform.tls import tls_reason

_OS_REASONS = {
    errno.ENOENT: sentence("os_missing", "it is not there"),
    errno.EACCES: sentence("os_denied", "this user has no right to it"),
    errno.EPERM: sentence("os_denied", "this user has no right to it"),
    errno.EISDIR: sentence("os_folder", "it is a folder"),
    errno.ENOTDIR: sentence("os_not_folder", "it is no folder"),
    errno.EEXIST: sentence("os_exists", "it is there already"),
    errno.ENOSPC: sentence("os_full", "the disk is full"),
    errno.EDQUOT: sentence("os_full", "the disk is full"),
    errno.EROFS: sentence("os_read_only", "the disk is read-only"),
    errno.EIO: sentence("os_failing", "the disk or its cable fails"),
    errno.ENAMETOOLONG: sentence("os_long_name", "its name is too long"),
    errno.ECONNREFUSED: sentence("os_refused", "nothing listens there"),
    errno.ECONNRESET: sentence("os_reset", "the other side ended the connection"),
    errno.ETIMEDOUT: sentence("os_timeout", "no answer in time"),
    errno.ENETUNREACH: sentence("os_no_way", "there is no way to it"),
    errno.EHOSTUNREACH: sentence("os_no_way", "there is no way to it"),
    errno.EADDRINUSE: sentence("os_in_use", "the port is in use"),
    errno.EADDRNOTAVAIL: sentence("os_no_address", "this machine has no such address"),
}
SHORT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What this process or machine has too few of just now, whatever file it was about: no file is to blame for it."""
_NO_SUCH_NAME = sentence("os_no_name", "no machine of that name is known here")
_JSON_PLACE = re.compile(r"line (?P<line>\d+) column (?P<column>\d+)")
_TOML_PLACE = re.compile(r"line (?P<line>\d+), column (?P<column>\d+)")
_TOML_TWICE = re.compile(r"^Cannot (declare|overwrite|mutate)")

_WHOLE = sentence("value_whole", "must be a whole number")
_NUMBER = sentence("value_number", "must be a number")
_FLAG = sentence("value_flag", "must be true or false")
_TEXT = sentence("value_text", "must be text")
_LIST = sentence("value_list", "must be a list")
_TABLE = sentence("value_table", "must be a table or object")
_BY_TYPE = {
    "missing": sentence("value_missing", "is missing: add it"),
    "extra_forbidden": sentence(
        "value_unknown_key", "unknown key: remove it or correct its name (the README lists all)"
    ),
    "path_type": _TEXT,
    "string_type": _TEXT,
    "finite_number": _NUMBER,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
}
_BY_FAMILY = {"int": _WHOLE, "float": _NUMBER, "bool": _FLAG, "date": _TEXT, "datetime": _TEXT}


def os_reason(error: OSError) -> str:
    """Why the system refused, as a sentence where we have one."""
    if isinstance(error, ssl.SSLError):
        return tls_reason(error)
    if isinstance(error, socket.gaierror):
        return _NO_SUCH_NAME
    if isinstance(error, TimeoutError):
        return _OS_REASONS[errno.ETIMEDOUT]
    known = _OS_REASONS.get(error.errno or 0)
    return known or error.strerror or type(error).__name__


def unreadable(error: OSError) -> Sentence:
    """That something cannot be read, and why."""
    return sentence("cannot_be_read", "cannot be read ({why})", why=os_reason(error))


def os_complaint(error: OSError) -> Sentence:
    """A whole sentence about an error of the system that no room foresaw: what it was about, why, and what to do."""
    path = error.filename
    if path is not None and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return sentence("os_file_full", "{path}: the disk is full. Free space on it, then do this again", path=path)
    if path is not None and error.errno == errno.EROFS:
        return sentence(
            "os_file_read_only",
            "{path}: the disk is read-only. It may have failed: look at it, then try again",
            path=path,
        )
    if path is None:
        return sentence("os_error", "the system refused: {why}", why=os_reason(error))
    return sentence("os_file_error", "{path} cannot be used: {why}", path=path, why=os_reason(error))


def not_toml(error: ValueError) -> Sentence:
    """Where a file stops being TOML, or UTF-8."""
    if isinstance(error, UnicodeDecodeError):
        return sentence("not_utf8", "is not text in UTF-8")
    place = _TOML_PLACE.search(str(error))
    if place is None:
        return sentence("not_toml_end", "is not TOML: something is not closed before its end")
    if _TOML_TWICE.match(str(error)):
        return sentence(
            "toml_twice",
            "names the same section or key twice, the second time in line {line}: put both into one place",
            line=place["line"],
        )
    return sentence("not_toml", "is not TOML: look at line {line}, column {column}", **place.groupdict())


def first_fault(error: ValidationError) -> tuple[str, Sentence]:
    """The first thing wrong with values, and its place; without the value itself: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return place, _fault(first["type"], first.get("ctx", {}))


def _fault(kind: str, context: Mapping[str, Any]) -> Sentence:
    known = _BY_TYPE.get(kind) or _BY_FAMILY.get(kind.partition("_")[0])
    return known or _limit(kind, context) or _own(kind, context)


def _limit(kind: str, context: Mapping[str, Any]) -> Sentence | None:
    match kind:
        case "greater_than_equal":
            return sentence("value_at_least", "must be at least {least}", least=context["ge"])
        case "greater_than":
            return sentence("value_above", "must be more than {limit}", limit=context["gt"])
        case "less_than_equal":
            return sentence("value_at_most", "must be at most {most}", most=context["le"])
        case "less_than":
            return sentence("value_below", "must be less than {limit}", limit=context["lt"])
        case "too_short" | "string_too_short":
            return sentence("value_short", "must have at least {least} of them", least=context["min_length"])
        case "too_long" | "string_too_long":
            return sentence("value_long", "must have at most {most} of them", most=context["max_length"])
        case "literal_error" | "enum":
            expected = str(context["expected"]).replace(" or ", ", ")
            return sentence("value_one_of", "must be one of {expected}", expected=expected)
        case "string_pattern_mismatch":
            return sentence("value_pattern", "must have the form {pattern}", pattern=context["pattern"])
        case _:
            return None


def _own(kind: str, context: Mapping[str, Any]) -> Sentence:
    """What a check of ours said, or what is left."""
    cause = context.get("error")
    if isinstance(cause, Exception):
        said = sentence_of(cause)
        if isinstance(said, Sentence):
            return said
    if kind == "json_invalid":
        place = _JSON_PLACE.search(str(cause))
        if place is not None:
            return sentence("not_json", "is not JSON: look at line {line}, column {column}", **place.groupdict())
        return sentence("not_json_at_all", "is not JSON")
    return sentence("value_unfit", "does not fit ({kind})", kind=kind)
