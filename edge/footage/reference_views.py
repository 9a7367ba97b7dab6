"""Making a monitor's reference from pictures: the median of their gradients, by day and by night apart.

A median of six or more holds no passing car, and no person: what is kept is the street. How far the camera's own
pictures agree and sway becomes its own threshold. Runs in a limited worker; what it cannot use it says as data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge.domain.commission_words import commission_told
from edge.domain.commissioned_view import Box, CommissionedLight, Light
from edge.domain.reference_check import ReferenceLimits
from edge.footage.overlay_masks import overlay_boxes
from edge.footage.reference_arrays import Reference
from edge.footage.scene_shift import Field, Mask, agreement, detail_share, gradient_field, measure_shift, of_width

MAX_PICTURES = 24
"""Of one light, spread evenly over what was given: more make no better median."""
_MOST_MASKED = 0.5
_FAINT = 0.02
"""Share of a picture with edges, below which there is nothing to hold on to."""


class NotCommissionableError(Exception):
    """These pictures make no reference; a person gives others, or mends what the code names."""

    def __init__(self, code: str, **values: str | int | float) -> None:
        super().__init__(commission_told(code, values))
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True, eq=False)
class MadeReference:
    """A reference before a person's name is under it. `left_out`: lights with too few pictures, and how many."""

    native_px: tuple[int, int]
    lights: tuple[CommissionedLight, ...]
    boxes: tuple[Box, ...]
    fields: dict[Light, Field]
    mask: Mask
    middle: dict[Light, NDArray[np.uint8]]
    left_out: dict[Light, int]


def make_reference(
    lumas: Sequence[NDArray[np.uint8]],
    *,
    native_px: tuple[int, int],
    light: Light | None,
    drawn_masks: Sequence[Box],
    limits: ReferenceLimits,
) -> MadeReference:
    """The reference of working pictures `lumas`, all of one size, of a stream of `native_px` (width, height).

    `light` None: told by brightness. `drawn_masks`: a person's, in pixels of the stream. Raises NotCommissionableError.
    """
    least = int(limits.pictures)
    groups: dict[Light, list[NDArray[np.uint8]]] = {"day": [], "night": []}
    for luma in lumas:
        groups[light or ("night" if luma.mean() < limits.night_luma else "day")].append(luma)
    kept = {name: _spread(group) for name, group in groups.items() if len(group) >= least}
    if not kept:
        raise NotCommissionableError("few", count=len(lumas), least=least)
    boxes = _boxes(kept, native_px, drawn_masks)
    mask = _mask(boxes, native_px, lumas[0].shape)
    measured = {name: _measure(name, group, mask, limits) for name, group in kept.items()}
    return MadeReference(
        native_px=native_px,
        lights=tuple(told for told, _ in measured.values()),
        boxes=tuple(boxes),
        fields={name: field for name, (_, field) in measured.items()},
        mask=mask,
        middle={name: np.median(np.stack(group), axis=0).astype(np.uint8) for name, group in kept.items()},
        left_out={name: len(group) for name, group in groups.items() if group and name not in kept},
    )


def with_other_light(made: MadeReference, before: Reference) -> MadeReference:
    """The same with the light that only the reference before has. Raises NotCommissionableError for another size."""
    if before.mask.shape != made.mask.shape:
        view = before.view
        raise NotCommissionableError("other_size", size=f"{view.width_px}x{view.height_px}")
    others = tuple(light for light in before.view.lights if light.light not in made.fields)
    return replace(
        made,
        lights=(*made.lights, *others),
        boxes=tuple(sorted({*made.boxes, *before.view.masks})),
        fields={**made.fields, **{light.light: before.fields[light.light] for light in others}},
        mask=made.mask & before.mask,
    )


def _spread(group: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    places = np.unique(np.linspace(0, len(group) - 1, min(len(group), MAX_PICTURES)).round().astype(int))
    return [group[place] for place in places]


def _measure(
    light: Light, group: list[NDArray[np.uint8]], mask: Mask, limits: ReferenceLimits
) -> tuple[CommissionedLight, Field]:
    """The median field, and how each picture lies against the median of the others."""
    fields = [gradient_field(luma) for luma in group]
    details = [detail_share(luma, mask) for luma in group]
    aspect, width = group[0].shape[0] / group[0].shape[1], group[0].shape[1]
    ways, agreements = [], []
    for place, field in enumerate(fields):
        others = _median([*fields[:place], *fields[place + 1 :]])
        shift = measure_shift(others, field, mask)
        agreements.append(agreement(others, field, shift, mask))
        if shift is not None:
            ways.append(of_width(shift, width).way_percent(aspect))
    middle = float(np.median(agreements))
    if len(ways) < limits.commission_measured * len(group) or middle < limits.commission_agreement:
        raise _why_not(light, fields, mask, float(np.median(details)), limits)
    sway = float(np.percentile(ways, 99.9))
    if sway > limits.sway:
        raise _moving(light, sway, limits)
    told = CommissionedLight(
        light=light,
        pictures=len(group),
        agreement=round(min(1.0, middle), 4),
        detail=round(float(np.median(details)), 5),
        luma=round(float(np.mean([luma.mean() for luma in group])), 1),
        sway_percent=round(sway, 4),
        shift_limit_percent=round(max(limits.shift, limits.margin * sway), 4),
    )
    return told, _median(fields)


def _why_not(
    light: Light, fields: list[Field], mask: Mask, detail: float, limits: ReferenceLimits
) -> NotCommissionableError:
    """The pictures do not fit their median: the camera moves, or they show nothing, or different things."""
    height, width = fields[0].shape
    pairs = [measure_shift(one, other, mask) for one, other in pairwise(fields)]
    ways = [of_width(shift, width).way_percent(height / width) for shift in pairs if shift is not None]
    if len(ways) >= len(pairs) / 2:
        way = float(np.median(ways))
        if way > limits.sway:
            return _moving(light, way, limits)
    return NotCommissionableError("no_detail" if detail < _FAINT else "do_not_fit", light=light)


def _moving(light: Light, way: float, limits: ReferenceLimits) -> NotCommissionableError:
    return NotCommissionableError("moving", light=light, way=round(way, 2), most=limits.sway)


def _boxes(kept: dict[Light, list[NDArray[np.uint8]]], native_px: tuple[int, int], drawn: Sequence[Box]) -> list[Box]:
    """Text found, and what a person masked, in pixels of the stream."""
    width = next(iter(kept.values()))[0].shape[1]
    ratio = native_px[0] / width
    found = [box for group in kept.values() for box in overlay_boxes(group)]
    native = [tuple(round(side * ratio) for side in box) for box in found]
    boxes = sorted({*drawn, *((left, top, wide, tall) for left, top, wide, tall in native)})
    return boxes[:50]


def _mask(boxes: Sequence[Box], native_px: tuple[int, int], shape: tuple[int, ...]) -> Mask:
    ratio = shape[1] / native_px[0]
    mask = np.ones(shape, bool)
    for left, top, wide, tall in boxes:
        rows = slice(int(top * ratio), int(np.ceil((top + tall) * ratio)))
        mask[rows, int(left * ratio) : int(np.ceil((left + wide) * ratio))] = False
    if mask.mean() < _MOST_MASKED:
        raise NotCommissionableError("masked")
    return mask


def _median(fields: Sequence[Field]) -> Field:
    stacked = np.stack(fields)
    return np.asarray(np.median(stacked.real, axis=0) + 1j * np.median(stacked.imag, axis=0), np.complex64)
