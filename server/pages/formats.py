"""How instants, spans, sizes and shares are written on a page, in a language and a time zone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, moment_of, rfc3339
from server.pages.catalogues import Language, translations

DEFAULT_ZONE = "Asia/Shanghai"
_DATE = {Language.CHINESE: "y年M月d日", Language.ENGLISH: "d MMM y"}
_LONG_DATE = {Language.CHINESE: "y年M月d日 EEEE", Language.ENGLISH: "EEEE, d MMMM y"}
_UNITS_BYTES = ("B", "kB", "MB", "GB", "TB")
ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Formats:
    """Writes values for people. Absent values are a dash, never an empty cell."""

    language: Language
    zone: str = DEFAULT_ZONE

    def local(self, instant_us: int) -> dt.datetime:
        """The aware local moment of an instant."""
        return moment_of(UtcMicros(instant_us)).astimezone(ZoneInfo(self.zone))

    def date(self, value: dt.date | int | None) -> str:
        """A local day, from a date or an instant."""
        if value is None:
            return ABSENT
        return format_date(self._day(value), _DATE[self.language], locale=self.language.locale)

    def last_day(self, until_us: int | None) -> str:
        """The last local day of a half-open interval: an end at midnight is the day before."""
        return self.date(None if until_us is None else until_us - 1)

    def long_date(self, value: dt.date | int) -> str:
        """A local day with its weekday."""
        return format_date(self._day(value), _LONG_DATE[self.language], locale=self.language.locale)

    def moment(self, instant_us: int | None) -> str:
        """Local date and time to the minute."""
        return self._moment(instant_us, "HH:mm")

    def exact(self, instant_us: int | None) -> str:
        """Local date and time to the second."""
        return self._moment(instant_us, "HH:mm:ss")

    def time(self, instant_us: int | None) -> str:
        """Local time of day to the second."""
        if instant_us is None:
            return ABSENT
        return format_datetime(self.local(instant_us), "HH:mm:ss", locale=self.language.locale)

    def clock(self, instant_us: int) -> str:
        """Local time of day to the minute."""
        return format_datetime(self.local(instant_us), "HH:mm", locale=self.language.locale)

    def machine(self, instant_us: int | None) -> str:
        """RFC 3339 in UTC, for `datetime` attributes."""
        return "" if instant_us is None else rfc3339(UtcMicros(instant_us))

    def field(self, instant_us: int | None) -> str:
        """The value of a datetime-local field, in the local zone."""
        return "" if instant_us is None else f"{self.local(instant_us):%Y-%m-%dT%H:%M:%S}"

    def span(self, duration_us: int | None) -> str:
        """A duration in its two largest units: `1 h 05 min`, `2 min 30 s`, `7.2 s`."""
        if duration_us is None:
            return ABSENT
        if abs(duration_us) < 60 * MICROS_PER_SECOND:
            return self._text("%s s") % self.number(duration_us / MICROS_PER_SECOND, digits=1)
        seconds = round(abs(duration_us) / MICROS_PER_SECOND)
        sign = "−" if duration_us < 0 else ""
        if seconds < 3600:
            return sign + self._text("%d min %02d s") % divmod(seconds, 60)
        minutes = round(seconds / 60)
        if minutes < 48 * 60:
            return sign + self._text("%d h %02d min") % divmod(minutes, 60)
        return sign + self._text("%d d %d h") % divmod(round(minutes / 60), 24)

    def minutes(self, duration_us: int) -> str:
        """Whole or tenth minutes, without the unit."""
        return self.number(duration_us / (60 * MICROS_PER_SECOND), digits=1)

    def seconds(self, duration_us: int | None, *, signed: bool = False) -> str:
        """Seconds with up to three digits, such as `+7.000 s`."""
        if duration_us is None:
            return ABSENT
        value = duration_us / MICROS_PER_SECOND
        return self._text("%s s") % (f"{value:+.3f}" if signed else f"{value:.3f}")

    def size(self, size_bytes: int | None) -> str:
        """A size in decimal units."""
        if size_bytes is None:
            return ABSENT
        value, place = float(size_bytes), 0
        while value >= 1000 and place < len(_UNITS_BYTES) - 1:
            value, place = value / 1000, place + 1
        return f"{self.number(value, digits=1 if place else 0)} {_UNITS_BYTES[place]}"

    def number(self, value: float, *, digits: int = 0) -> str:
        """A number with the language's separators and at most `digits` decimals."""
        return format_decimal(round(value, digits), format=f"#,##0.{'#' * digits}" if digits else "#,##0",
                              locale=self.language.locale)  # fmt: skip

    def share(self, part: float, whole: float) -> str:
        """A percentage, cut and not rounded up: 99.97 % must not read as all."""
        if whole <= 0:
            return ABSENT
        tenths = int(part / whole * 1000)
        return format_percent(tenths / 1000, format="0.#%", locale=self.language.locale)

    def _day(self, value: dt.date | int) -> dt.date:
        return self.local(value).date() if isinstance(value, int) else value

    def _moment(self, instant_us: int | None, time_pattern: str) -> str:
        if instant_us is None:
            return ABSENT
        pattern = f"{_DATE[self.language]} {time_pattern}"
        return format_datetime(self.local(instant_us), pattern, locale=self.language.locale)

    def _text(self, message: str) -> str:
        return translations(self.language).gettext(message)
