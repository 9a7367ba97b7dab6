"""Looking at a file whose structure is known: is the camera seeing, is the microphone hearing? In a limited worker.

Nothing here can make a file damaged or a clip a gap: these are bands beside coverage, for a person to confirm.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import av.container

from edge.contract.inspection import FileVerdict, ViewStretch
from edge.domain.media_kind import Container
from edge.domain.view_limits import LookLimits
from edge.domain.view_states import ViewSample, times_to_refine, view_stretches
from edge.footage.frozen import frozen_stretches
from edge.footage.key_frames import Pictures
from edge.footage.medium import NoStreamError, opened
from edge.footage.packet_sizes import packet_sizes
from edge.footage.probe_result import MAX_STRETCHES, FileLooks, ProbeResult
from edge.footage.reference_match import ReferenceLook
from edge.footage.sound_check import sound_stretches
from edge.footage.view_model import view_model
from edge.footage.view_planes import look_at
from edge.platform.regular_files import open_regular

_US_PER_S = 1_000_000
_MAX_SAMPLES = 9_000
"""A day at one picture every ten seconds."""
_MAX_FURTHER = 600
"""As many more pictures are looked at where something was suspicious."""


def look(
    path: Path,
    structure: ProbeResult,
    limits: LookLimits,
    *,
    expects_sound: bool | None = None,
    reference: ReferenceLook | None = None,
) -> FileLooks:
    """The states of picture and sound of the file at `path`. `expects_sound`: what the device's model promises.

    `reference`: what its regular samples are held against, too. Raises OSError if the file cannot be read; a medium
    that cannot be opened gives no states.
    """
    if structure.verdict is FileVerdict.UNREADABLE or not structure.media_us or structure.container is None:
        return FileLooks()
    try:
        with open_regular(path, follow=True) as file, opened(file, Container(structure.container)) as medium:
            view: tuple[ViewStretch, ...] = ()
            name: str | None = None
            if medium.streams.video and structure.recorded:
                view, name = _view(medium, structure, limits, reference)
            sound = sound_stretches(
                medium,
                limits,
                media_us=structure.media_us,
                sound_from_us=structure.sound_from_us,
                expects_sound=expects_sound,
            )
    except (av.FFmpegError, NoStreamError):
        return FileLooks()
    return FileLooks(
        view=view[:MAX_STRETCHES],
        sound=sound[:MAX_STRETCHES],
        view_model=name,
        reference=None if reference is None else reference.verdict(),
    )


def _view(
    medium: av.container.InputContainer, structure: ProbeResult, limits: LookLimits, reference: ReferenceLook | None
) -> tuple[tuple[ViewStretch, ...], str | None]:
    width_px, height_px = structure.width_px or 0, structure.height_px or 0
    if width_px < limits.view_least_width_px or medium.streams.video[0].codec_context is None:
        return view_stretches([], limits, recorded=structure.recorded), None
    pictures = Pictures(medium)
    until_us = max(end for _, end in structure.recorded)
    step_us = max(round(limits.view_sample_s * _US_PER_S), until_us // _MAX_SAMPLES)
    step_us = max(min(step_us, until_us // limits.view_window), _US_PER_S)  # a short clip, too, has several pictures
    samples = _samples(pictures, range(0, until_us, step_us), limits, reference)
    further = times_to_refine(samples, limits, media_us=until_us)[:_MAX_FURTHER]
    samples += [sample for sample in _samples(pictures, further, limits) if sample.chances]
    sizes = packet_sizes(medium, medium.streams.video[0])
    frozen = frozen_stretches(pictures, sizes, limits, width_px=width_px, height_px=height_px)
    view = view_stretches(samples, limits, recorded=structure.recorded, frozen=frozen)
    return view, view_model().name if any(sample.chances for sample in samples) else None


def _samples(
    pictures: Pictures, times_us: Sequence[int], limits: LookLimits, reference: ReferenceLook | None = None
) -> list[ViewSample]:
    out = []
    for wished_us, frame in pictures.at(times_us):
        if frame is None:
            out.append(ViewSample(wished_us))
            continue
        seen = look_at(frame.picture, least_grey=limits.view_detail_grey)
        chances = view_model().chances(seen.planes)
        out.append(ViewSample(frame.at_us, chances, seen.detail_share))
        if reference is not None:
            reference.add(frame.at_us, frame.picture, 1 - chances[0])
    return out
