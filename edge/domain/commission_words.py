"""Why pictures make no reference, as sentences: the worker that looks at pictures says a code and its values alone."""

from __future__ import annotations

from collections.abc import Mapping

from edge.contract.sentences import Sentence, sentence

Values = Mapping[str, str | int | float]
LIGHTS = {"day": sentence("light_day", "day"), "night": sentence("light_night", "night")}


def commission_told(code: str, values: Values) -> Sentence:
    """The sentence of a code; one unknown here is told as such."""
    light = LIGHTS.get(str(values.get("light")), LIGHTS["day"])
    told = _OF_FILES.get(code) or _OF_PICTURES.get(code)
    if told is None:
        return sentence("commission_unknown", "the pictures cannot be used ({code})", code=code)
    return told({**values, "light": light})


def _few(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_few",
        "{count} pictures are too few: {least} of one light are needed. Give longer footage, or more files",
        **_only(values, "count", "least"),
    )


def _few_of_light(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_few_of_light",
        "{count} pictures by {light} are too few for a view by {light}, which needs {least}; they were left out",
        **_only(values, "count", "least", "light"),
    )


def _no_detail(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_no_detail",
        "the pictures by {light} hold nothing to hold on to: no edges that stay. Take them in better light, or turn"
        " the camera so that kerbs, posts or houses are in view",
        **_only(values, "light"),
    )


def _do_not_fit(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_do_not_fit",
        "the pictures by {light} do not show one view again and again. Give pictures of this camera alone, taken after"
        " it was fixed, with little traffic",
        **_only(values, "light"),
    )


def _moving(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_moving",
        "the camera moves: its pictures by {light} lie {way} % of the width apart, and {most} % is the most. Fix it,"
        " then commission it again",
        **_only(values, "light", "way", "most"),
    )


def _masked(_values: Mapping[str, object]) -> Sentence:
    return sentence("commission_masked", "the masks leave less than half of the picture: mask less with --mask")


def _sizes(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_sizes",
        "{name} has pictures of {size}, {first} of {first_size}: give files of one size, that of the recordings",
        **_only(values, "name", "size", "first", "first_size"),
    )


def _other_size(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_other_size",
        "the reference before is of pictures of {size}: leave out --add and commission day and night anew",
        **_only(values, "size"),
    )


def _unreadable(values: Mapping[str, object]) -> Sentence:
    return sentence(
        "commission_unreadable",
        "{name} gives no picture: `tallylight-edge inspect` says what is wrong with it",
        **_only(values, "name"),
    )


def _only(values: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: values.get(name, "?") for name in names}


_OF_FILES = {"sizes": _sizes, "other_size": _other_size, "unreadable": _unreadable}
_OF_PICTURES = {
    "few": _few,
    "few_of_light": _few_of_light,
    "no_detail": _no_detail,
    "do_not_fit": _do_not_fit,
    "moving": _moving,
    "masked": _masked,
}
COMMISSION_CODES = frozenset({*_OF_FILES, *_OF_PICTURES})
