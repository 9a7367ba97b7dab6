"""From a cell to a value, by the type of its column. Every refusal names its class and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge.contract.instants import NotAnInstantError, UtcMicros, instant_of, parse_rfc3339
from edge.contract.sentences import sentence
from server.domain.schedule import NotAScheduleError, parse_schedule
from server.domain.zones import COUNTED, LocalTimeDoubleError, LocalTimeMissingError, local_instant, zone_or_none
from server.usecases.imports.columns import Column, ColumnType
from server.usecases.imports.reading import MAX_CELL_CHARACTERS
from server.usecases.imports.summary import RowErrorCode

Value = str | int | float | bool | None
MAX_NUMBER_CHARACTERS = 64
_EXPONENT = re.compile(r"[+-]?\d+([.,]\d+)?[eE]\+?\d+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LOCAL = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?)?)?"
)
_YES, _NO = frozenset({"yes", "true", "1", "是"}), frozenset({"no", "false", "0", "否"})


class BadCellError(ValueError):
    """A cell that cannot be read; the row is refused."""

    def __init__(self, *, column: str, code: RowErrorCode, text: str, do: str) -> None:
        super().__init__(f"{column}: {code}: {text[:60]!r}; {do}")
        self.column, self.code, self.text, self.do = column, code, text, do


def cell_value(column: Column, text: str, zone: ZoneInfo, choices: tuple[str, ...] = ()) -> Value:
    """The value of a cell, None where it is empty. Local times are read in `zone`. Raises BadCellError."""

    def bad(code: RowErrorCode, do: str) -> BadCellError:
        return BadCellError(column=column.name, code=code, text=text, do=do)

    if not text:
        if column.required:
            raise bad(RowErrorCode.MISSING_VALUE, sentence("do_fill", "fill the cell"))
        return None
    if len(text) > MAX_CELL_CHARACTERS:
        raise bad(
            RowErrorCode.TOO_LONG, sentence("do_shorten", "use at most {most} characters", most=MAX_CELL_CHARACTERS)
        )
    if _CONTROL.search(text):
        raise bad(RowErrorCode.CONTROL_CHARACTER, sentence("do_remove_sign", "remove the invisible character"))
    return _READERS[column.type](column, text, zone, choices or column.choices, bad)


_Bad = Callable[[RowErrorCode, str], BadCellError]


def _number(_column: Column, text: str, _zone: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    if _EXPONENT.fullmatch(text):
        raise bad(
            RowErrorCode.NUMBER_IN_EXPONENT_FORM,
            sentence(
                "do_format_text", "a spreadsheet has cut the number off: format the column as text and export again"
            ),
        )
    if len(text) > MAX_NUMBER_CHARACTERS or "\n" in text or "\t" in text:
        raise bad(
            RowErrorCode.TOO_LONG,
            sentence("do_one_line", "use one line of at most {most} characters", most=MAX_NUMBER_CHARACTERS),
        )
    return text


def _plain(_column: Column, text: str, _zone: ZoneInfo, _choices: tuple[str, ...], _bad: _Bad) -> Value:
    return text


def _decimal(column: Column, text: str, _zone: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    if not re.fullmatch(r"[+-]?\d{1,12}(\.\d{1,12})?", text):
        raise bad(RowErrorCode.NOT_A_NUMBER, sentence("do_number", "write a number such as 113.2644, with a point"))
    value = float(text)
    if (column.lowest is not None and value < column.lowest) or (column.highest is not None and value > column.highest):
        raise bad(
            RowErrorCode.OUT_OF_RANGE,
            sentence("do_range", "use {least:g} to {most:g}", least=column.lowest, most=column.highest),
        )
    return value


def _count(_column: Column, text: str, _zone: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    if not re.fullmatch(r"\d{1,15}", text):
        raise bad(RowErrorCode.NOT_A_NUMBER, sentence("do_whole", "write a whole number without spaces"))
    return int(text)


def _choice(_column: Column, text: str, _zone: ZoneInfo, choices: tuple[str, ...], bad: _Bad) -> Value:
    if text.lower() not in choices:
        raise bad(RowErrorCode.UNKNOWN_CHOICE, sentence("do_choose", "use one of {choices}", choices=choices))
    return text.lower()


def _flag(_column: Column, text: str, _zone: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise bad(RowErrorCode.UNKNOWN_CHOICE, sentence("do_yes_no", "use yes or no"))


def _zone(_column: Column, text: str, _default: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    if zone_or_none(text) is None:
        raise bad(RowErrorCode.UNKNOWN_ZONE, sentence("do_zone", "use an IANA zone such as Asia/Shanghai"))
    return text


def _list(_column: Column, text: str, _zone: ZoneInfo, choices: tuple[str, ...], bad: _Bad) -> Value:
    words = [word for word in re.split(r"[+,;、|\s]+", text.lower()) if word]
    if foreign := [word for word in words if word not in choices]:
        raise bad(
            RowErrorCode.UNKNOWN_CHOICE,
            sentence("do_among", "{word} is none of {choices}", word=foreign[0], choices=choices),
        )
    return ",".join(dict.fromkeys(words))


def _schedule(_column: Column, text: str, _zone: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    try:
        parse_schedule(text)
    except NotAScheduleError as error:
        raise bad(RowErrorCode.NOT_A_SCHEDULE, error.do) from error
    return text.lower()


def _begin(_column: Column, text: str, zone: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    return _instant(text, zone, bad, whole_day=False)


def _end(_column: Column, text: str, zone: ZoneInfo, _choices: tuple[str, ...], bad: _Bad) -> Value:
    return _instant(text, zone, bad, whole_day=True)


def _instant(text: str, zone: ZoneInfo, bad: _Bad, *, whole_day: bool) -> UtcMicros:
    """A time between the years 1900 and 2200: 9999-12-31 for `open` would be a day that pages cannot count beyond."""
    instant_us = _any_instant(text, zone, bad, whole_day=whole_day)
    if not COUNTED.contains(instant_us):
        raise bad(
            RowErrorCode.NOT_A_TIME,
            sentence("do_year", "use a year from 1900 to 2199; leave the cell of an open end empty"),
        )
    return instant_us


def _any_instant(text: str, zone: ZoneInfo, bad: _Bad, *, whole_day: bool) -> UtcMicros:
    """A time with offset as it is, a local one in `zone`; a date alone is its first instant, or the end of that day."""
    match = _LOCAL.fullmatch(text)
    if match is None:
        try:
            return parse_rfc3339(text)
        except NotAnInstantError as error:
            raise bad(
                RowErrorCode.NOT_A_TIME, sentence("do_time", "write 2026-11-21T08:00:00+08:00 or 2026-11-21 08:00:00")
            ) from error
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
        if match["hour"] is None:
            day = day + timedelta(days=1) if whole_day else day
            return instant_of(datetime.combine(day, time(), tzinfo=zone))
        microsecond = int((match["fraction"] or "").ljust(6, "0"))
        clock = time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0), microsecond)
        return local_instant(datetime.combine(day, clock), zone)
    except LocalTimeMissingError as error:
        raise bad(
            RowErrorCode.LOCAL_TIME_MISSING,
            sentence("do_offset_forward", "the clocks were put forward over it: add the offset"),
        ) from error
    except LocalTimeDoubleError as error:
        raise bad(
            RowErrorCode.LOCAL_TIME_DOUBLE,
            sentence("do_offset_back", "the clocks were put back over it: add the offset"),
        ) from error
    except (ValueError, OverflowError) as error:
        raise bad(
            RowErrorCode.NOT_A_TIME,
            sentence("do_real_day", "there is no such day or time; leave the cell of an open end empty"),
        ) from error


_Reader = Callable[[Column, str, ZoneInfo, tuple[str, ...], _Bad], Value]
_READERS: dict[ColumnType, _Reader] = {
    ColumnType.NUMBER: _number,
    ColumnType.TEXT: _plain,
    ColumnType.BEGIN: _begin,
    ColumnType.MOMENT: _begin,
    ColumnType.END: _end,
    ColumnType.DECIMAL: _decimal,
    ColumnType.COUNT: _count,
    ColumnType.CHOICE: _choice,
    ColumnType.FLAG: _flag,
    ColumnType.ZONE: _zone,
    ColumnType.LIST: _list,
    ColumnType.SCHEDULE: _schedule,
}
