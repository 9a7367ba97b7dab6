"""Named values of a calibration file as numbers, matrices and lenses; whatever does not fit becomes a fault."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge.domain.camera_calibration import CalibrationCode, CalibrationFault, calibration_fault
from edge.domain.lens import FISHEYE, FISHEYE_LENGTHS, MODELS, PINHOLE_LENGTHS, Lens
from edge.domain.road_plane import ControlPoint, RoadPlane

_MOST_POINTS = 1000
_LONGEST_TEXT = 200
_MOST_SKEW = 0.01
_TILTED_SENSOR = 12
"""From this place on coefficients tilt the sensor, which is not modelled here."""


class Fields:
    """One table of a file. Each name may have several spellings; the first that is there counts."""

    def __init__(self, values: Mapping[str, Any], faults: list[CalibrationFault] | None = None, path: str = "") -> None:
        self.values = values
        self.faults: list[CalibrationFault] = [] if faults is None else faults
        self._path = path

    def part(self, name: str) -> Fields:
        """The table under `name`; an empty one, with a fault, where there is none."""
        value = self.values.get(name)
        if not isinstance(value, Mapping):
            self._fault(CalibrationCode.FIELD_MISSING, name)
            return Fields({}, [], f"{self._path}{name}.")  # its parts are not missed one by one
        return Fields(value, self.faults, f"{self._path}{name}.")

    def text(self, *names: str, required: bool = False) -> str | None:
        """Text, or a number as text."""
        name, value = self._found(names)
        if value is None or isinstance(value, list | dict):
            if required or value is not None:
                self._fault(CalibrationCode.FIELD_MISSING, name)
            return None
        return str(value)[:_LONGEST_TEXT]

    def flag(self, *names: str) -> bool:
        """True, or a number that is not zero."""
        return bool(self._found(names)[1])

    def number(self, *names: str, required: bool = False, any_value: bool = False) -> float | None:
        """A number; with `any_value` NaN and infinite ones too, which a limit will refuse by name."""
        name, value = self._found(names)
        if value is None:
            if required:
                self._fault(CalibrationCode.FIELD_MISSING, name)
            return None
        number = _number(value)
        if number is None or not (any_value or math.isfinite(number)):
            self._fault(CalibrationCode.NOT_A_NUMBER, name)
            return math.nan if any_value else None
        return number

    def whole(self, *names: str) -> int | None:
        """A length in pixels; required."""
        number = self.number(*names, required=True)
        if number is None:
            return None
        if number != round(number) or not 1 <= number <= 100_000:
            self._fault(CalibrationCode.NOT_A_NUMBER, self._found(names)[0])
            return None
        return round(number)

    def numbers(self, *names: str, required: bool = False) -> tuple[float, ...] | None:
        """A list of numbers, or a matrix of one row or column."""
        name, value = self._found(names)
        if value is None:
            if required:
                self._fault(CalibrationCode.FIELD_MISSING, name)
            return None
        rows = self._rows(name, value)
        if rows is None:
            return None
        if min(len(rows), len(rows[0]) if rows else 0) > 1:
            self._shape(name, f"{len(rows)}x{len(rows[0])}", "1xN")
            return None
        flat = [number for row in rows for number in row]
        return tuple(flat) if self._all_finite(name, flat) else None

    def lens(self, names: Sequence[str], model: str | None, coefficients: tuple[float, ...] | None) -> Lens | None:
        """The lens of a 3x3 camera matrix in pixels and the distortion of a model by name."""
        lens = self._pinhole(names)
        if lens is None:
            return None
        family = MODELS.get((model or "").lower())
        if model is not None and family is None:
            self.faults.append(calibration_fault(CalibrationCode.DISTORTION_MODEL_UNKNOWN, model=model[:40]))
        if family is None or coefficients is None:
            return lens
        lengths = FISHEYE_LENGTHS if family == FISHEYE else PINHOLE_LENGTHS
        if len(coefficients) not in lengths:
            self._shape("distortion_coefficients", f"1x{len(coefficients)}", " / ".join(f"1x{n}" for n in lengths))
            return lens
        if any(coefficients[_TILTED_SENSOR:]):
            self.faults.append(calibration_fault(CalibrationCode.DISTORTION_MODEL_UNKNOWN, model="tilted sensor"))
        return replace(lens, family=family, coefficients=coefficients)

    def seen_through(
        self, lens: Lens | None, width: int | None, height: int | None
    ) -> tuple[Lens | None, int | None, int | None]:
        """Lens and size of the picture that a region of interest and a binning leave (ROS camera_info)."""
        roi = self.values.get("roi")
        region = Fields(roi if isinstance(roi, Mapping) else {}, self.faults, f"{self._path}roi.")
        if any(region.values.get(name) not in (None, 0) for name in ("width", "height")):  # 0 is the whole picture
            left, top = region.number("x_offset") or 0.0, region.number("y_offset") or 0.0
            width, height = region.whole("width"), region.whole("height")
            lens = None if lens is None else replace(lens, cx=lens.cx - left, cy=lens.cy - top)
        across, down = self._binning("binning_x"), self._binning("binning_y")
        if lens is not None:
            lens = replace(lens, fx=lens.fx / across, cx=lens.cx / across, fy=lens.fy / down, cy=lens.cy / down)
        return lens, width and (round(width / across) or None), height and (round(height / down) or None)

    def road_plane(self, name: str) -> RoadPlane | None:
        """The road plane under `name`; None where there is none, which is no fault."""
        if self.values.get(name) is None:
            return None
        part = self.part(name)
        height_m, tilt_deg = part.number("height_m", required=True), part.number("tilt_deg", required=True)
        roll_deg = part.number("roll_deg")
        stretch = part.numbers("stretch_m")
        if stretch is not None and (len(stretch) != 2 or not 0 < stretch[0] < stretch[1]):
            part._shape("stretch_m", f"1x{len(stretch)}", "1x2")
            stretch = None
        points = part._control_points("control_points")
        if height_m is None or tilt_deg is None:
            return None
        span = None if stretch is None else (stretch[0], stretch[1])
        return RoadPlane(height_m, tilt_deg, roll_deg or 0.0, points, span)

    def _binning(self, name: str) -> int:
        """So many pixels were put into one; ROS writes 0 for none."""
        return 1 if self.values.get(name) in (None, 0) else self.whole(name) or 1

    def _pinhole(self, names: Sequence[str]) -> Lens | None:
        name, value = self._found(names)
        if value is None:
            self._fault(CalibrationCode.FIELD_MISSING, name)
            return None
        rows = self._rows(name, value)
        if rows is None:
            return None
        if [len(row) for row in rows] != [3, 3, 3]:
            self._shape(name, f"{len(rows)}x{len(rows[0]) if rows else 0}", "3x3")
            return None
        if not self._all_finite(name, [number for row in rows for number in row]):
            return None
        (fx, skew, cx), (zero, fy, cy), last = rows
        is_upright = last == [0, 0, 1] and zero == 0
        if not is_upright or abs(skew) > _MOST_SKEW * abs(fx) or fx <= 0 or fy <= 0:
            self._fault(CalibrationCode.MATRIX_IS_NO_CAMERAS, name)
        return Lens(fx, fy, cx, cy) if is_upright else None

    def _control_points(self, name: str) -> tuple[ControlPoint, ...]:
        value = self.values.get(name)
        if not isinstance(value, list):
            self._fault(CalibrationCode.FIELD_MISSING, name)
            return ()
        points = []
        for number, entry in enumerate(value[:_MOST_POINTS], start=1):
            own = Fields(entry if isinstance(entry, Mapping) else {}, self.faults, f"{self._path}{name}[{number}].")
            pixel, metres = own.numbers("pixel", required=True), own.numbers("metres", required=True)
            if pixel is None or metres is None:
                continue
            if len(pixel) != 2 or len(metres) != 2:
                own._shape("pixel, metres", f"1x{len(pixel)}, 1x{len(metres)}", "1x2")
                continue
            points.append(ControlPoint(*pixel, *metres))
        return tuple(points)

    def _rows(self, name: str, value: Any) -> list[list[float]] | None:
        """Rows of a matrix: {"rows", "cols", "data"}, a list of lists, or a list of numbers as one row."""
        if isinstance(value, Mapping):
            data, counts = value.get("data"), (_number(value.get("rows")), _number(value.get("cols")))
            rows, columns = (0 if count is None or not math.isfinite(count) else int(count) for count in counts)
            if not isinstance(data, list) or rows < 1 or columns < 1 or rows * columns != len(data):
                found = len(data) if isinstance(data, list) else 0
                self._shape(name, f"{rows}x{columns} ({found})", f"{rows}x{columns} ({rows * columns})")
                return None
            value = [data[row * columns : (row + 1) * columns] for row in range(rows)]
        if not isinstance(value, list):
            self._shape(name, type(value).__name__, "matrix")
            return None
        lists = value if value and all(isinstance(row, list) for row in value) else [value]
        if len({len(row) for row in lists}) != 1:
            self._shape(name, "/".join(str(len(row)) for row in lists[:5]), "matrix")
            return None
        return [[math.nan if (number := _number(part)) is None else number for part in row] for row in lists]

    def _all_finite(self, name: str, numbers: Sequence[float]) -> bool:
        if all(math.isfinite(number) for number in numbers):
            return True
        self._fault(CalibrationCode.NOT_A_NUMBER, name)
        return False

    def _found(self, names: Sequence[str]) -> tuple[str, Any]:
        return next(((name, self.values[name]) for name in names if name in self.values), (names[0], None))

    def _fault(self, code: CalibrationCode, name: str) -> None:
        self.faults.append(calibration_fault(code, field=self._path + name))

    def _shape(self, name: str, found: str, expected: str) -> None:
        self.faults.append(
            calibration_fault(CalibrationCode.WRONG_SHAPE, field=self._path + name, found=found, expected=expected)
        )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf
