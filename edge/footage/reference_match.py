"""A file's pictures against the commissioned view of its monitor. Runs in a limited worker."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edge.contract.inspection import ReferenceCheck
from edge.domain.commissioned_view import CommissionedLight
from edge.domain.reference_check import ReferenceLimits, ViewSample, judge_reference
from edge.footage.reference_arrays import Reference
from edge.footage.scene_shift import (
    Field,
    Mask,
    Shift,
    agreement,
    detail_share,
    gradient_field,
    measure_shift,
    of_width,
    working_luma,
)


class ReferenceLook:
    """Holds pictures against a reference as they come; the pictures themselves are not kept."""

    def __init__(self, reference: Reference, limits: ReferenceLimits) -> None:
        self._reference, self._limits = reference, limits
        self._samples: list[ViewSample] = []
        self._native_px: tuple[int, int] | None = None

    def add(self, at_us: int, picture: NDArray[np.uint8], not_seeing: float | None) -> None:
        """A native picture, luma or BGR; `not_seeing`: the view model's probability that it shows nothing of use."""
        self._native_px = picture.shape[1], picture.shape[0]
        luma = working_luma(picture)
        is_night = luma.mean() < self._limits.night_luma
        mask = self._reference.mask if self._reference.mask.shape == luma.shape else None
        light, shift, agrees = self._best(gradient_field(luma), mask, _light(is_night))
        self._samples.append(
            ViewSample(
                at_us=at_us,
                shift=None if shift is None else of_width(shift, luma.shape[1]),
                agreement=agrees,
                detail=detail_share(luma, mask),
                own_agreement=light.agreement,
                own_detail=light.detail,
                shift_limit_percent=light.shift_limit_percent,
                comparable=mask is not None and (not is_night or self._reference.view.light("night") is not None),
                not_seeing=not_seeing,
            )
        )

    def verdict(self) -> ReferenceCheck:
        """Over all pictures so far."""
        view = self._reference.view
        width_px, height_px = self._native_px or (view.width_px, view.height_px)
        return judge_reference(
            sorted(self._samples, key=lambda sample: sample.at_us),
            self._limits,
            reference=self._reference.sha256,
            width_px=width_px,
            height_px=height_px,
        )

    def _best(self, here: Field, mask: Mask | None, light: str) -> tuple[CommissionedLight, Shift | None, float]:
        """The light whose view the picture fits best: one that can be measured, the picture's own before the other.

        Without a mask the picture has another shape than the reference, and nothing can be compared.
        """
        found = []
        for commissioned in self._reference.view.lights:
            field = self._reference.fields[commissioned.light]
            shift = None if mask is None else measure_shift(field, here, mask)
            found.append((commissioned, shift, 0.0 if mask is None else agreement(field, here, shift, mask)))
        return max(found, key=lambda one: (one[1] is not None, one[0].light == light, one[2]))


def check_against_reference(
    reference: Reference,
    pictures: Iterable[tuple[int, NDArray[np.uint8], float | None]],
    limits: ReferenceLimits | None = None,
) -> ReferenceCheck:
    """The verdict over (microseconds since the first picture, native picture, probability of not seeing)."""
    look = ReferenceLook(reference, limits or ReferenceLimits())
    for at_us, picture, not_seeing in pictures:
        look.add(at_us, picture, not_seeing)
    return look.verdict()


def _light(is_night: bool) -> str:
    return "night" if is_night else "day"
