"""Is the microphone hearing? Digital silence shows in packet sizes and is confirmed by decoding, never by loudness.

A quiet room still has noise in it: it is hearing. Muted means that every sample is less than one step of 16 bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import av.audio.frame
import av.audio.stream
import av.container
import numpy as np
from numpy.typing import NDArray

from edge.contract.inspection import SoundState, SoundStretch
from edge.domain.view_limits import LookLimits
from edge.footage.packet_sizes import SAME_SIZE_CODECS, PacketSizes, packet_sizes, unwrapped

_US_PER_S = 1_000_000
_WINDOW_US = 100_000
_ONE_STEP = 1 / 32768
_CONFIRMED_US = 20 * _US_PER_S
"""So much of a suspicious stretch is decoded at its begin and at its end."""
_EDGE_US = 250_000
"""Sound track and picture rarely begin and end together; a rest of this length is none."""
_FEW_PACKETS = 20
_ONE_SIZE = 1.1
_MAX_DECODED_US = 4 * 3600 * _US_PER_S
Span = tuple[int, int]


def sound_stretches(
    medium: av.container.InputContainer,
    limits: LookLimits,
    *,
    media_us: int,
    sound_from_us: int = 0,
    expects_sound: bool | None = None,
) -> tuple[SoundStretch, ...]:
    """The states of the first sound track over [0, media). Where it holds nothing: absent, unless none is expected.

    `sound_from_us`: how much later than the first picture the track begins.
    """
    if media_us <= 0:
        return ()
    if not medium.streams.audio:
        return () if expects_sound is False else _stretches([(0, media_us, SoundState.ABSENT)])
    stream = medium.streams.audio[0]
    if stream.codec_context is None:  # PyAV has none for a codec that nobody knows
        return _stretches([(0, media_us, SoundState.UNKNOWN)])
    stream.codec_context.thread_count = 1
    later_us = sound_from_us if abs(sound_from_us) >= _EDGE_US else 0
    try:
        sizes = packet_sizes(medium, stream)
        muted = _muted(medium, stream, sizes, limits, media_us - later_us)
    except av.FFmpegError:
        return _stretches([(0, media_us, SoundState.UNKNOWN)])
    if muted is None:
        return _stretches([(0, media_us, SoundState.UNKNOWN)])
    least_us = round(limits.sound_mute_least_s * _US_PER_S)
    absent = without_sound(sizes, least_us=least_us, from_us=later_us, media_us=media_us)
    later = [(start_us + later_us, end_us + later_us) for start_us, end_us in muted]
    return sound_of(later, media_us, absent=absent, is_expected=expects_sound is not False)


def without_sound(sizes: PacketSizes, *, least_us: int, from_us: int, media_us: int) -> list[Span]:
    """Stretches of [0, media) for which the track, beginning at `from_us`, has no packets at all."""
    starts_us = np.sort(sizes.times_us) + from_us
    usual_us = int(np.median(np.diff(starts_us))) if len(starts_us) > 1 else 0
    begins_us = np.concatenate([[0], starts_us + usual_us])
    ends_us = np.concatenate([starts_us, [media_us]])
    wide = np.flatnonzero(ends_us - begins_us >= max(least_us, 2 * usual_us))
    spans = zip(begins_us[wide].tolist(), np.minimum(ends_us[wide], media_us).tolist(), strict=True)
    return [(max(0, start_us), end_us) for start_us, end_us in spans if end_us > start_us]


def sound_of(
    muted: Sequence[Span], media_us: int, *, absent: Sequence[Span] = (), is_expected: bool = True
) -> tuple[SoundStretch, ...]:
    """[0, media) split into absent, muted and hearing; what is left at an edge of the file belongs to its neighbour.

    Where no sound is expected, nothing is said of what is absent.
    """
    told: list[tuple[int, int, SoundState]] = [(start_us, end_us, SoundState.ABSENT) for start_us, end_us in absent]
    for start_us, end_us in muted:
        begins_us = 0 if start_us < _EDGE_US else min(start_us, media_us)
        told.append((begins_us, media_us if end_us > media_us - _EDGE_US else end_us, SoundState.MUTED))
    rows: list[tuple[int, int, SoundState]] = []
    at_us = 0
    for start_us, end_us, state in [*sorted(told), (media_us, media_us, SoundState.HEARING)]:
        if start_us - at_us > _EDGE_US or not told:
            rows.append((at_us, start_us, SoundState.HEARING))
            at_us = start_us
        if end_us > at_us:
            rows.append((at_us, end_us, state))
        elif rows and start_us > at_us:
            rows[-1] = (rows[-1][0], start_us, rows[-1][2])
        at_us = max(at_us, end_us)
    return _stretches(rows if is_expected else [row for row in rows if row[2] is not SoundState.ABSENT])


def _stretches(rows: Sequence[tuple[int, int, SoundState]]) -> tuple[SoundStretch, ...]:
    return tuple(SoundStretch(state=state, from_s=a / _US_PER_S, to_s=b / _US_PER_S) for a, b, state in rows)


def _muted(
    medium: av.container.InputContainer,
    stream: av.audio.stream.AudioStream,
    sizes: PacketSizes,
    limits: LookLimits,
    media_us: int,
) -> list[Span] | None:
    """Muted stretches; None where the track holds nothing that could be heard or decoded."""
    if stream.codec_context.name.startswith(SAME_SIZE_CODECS) or _are_of_one_size(sizes):
        return _silent_spans(medium, stream, sizes, [(0, min(media_us, _MAX_DECODED_US))], limits)
    if not len(sizes.bytes):
        return None
    confirmed = []
    for start_us, end_us in small_stretches(sizes, limits, media_us=media_us):
        looked = [(start_us, min(end_us, start_us + _CONFIRMED_US))]
        if end_us - start_us > 2 * _CONFIRMED_US:
            looked.append((end_us - _CONFIRMED_US, end_us))
        if all(_is_silent(medium, stream, sizes, span) for span in looked):
            confirmed.append((start_us, end_us))
    return confirmed


def _are_of_one_size(sizes: PacketSizes) -> bool:
    """Whether a coder of constant rate made them, whose silence is as large as its noise: only decoding tells."""
    if len(sizes.bytes) < _FEW_PACKETS:
        return False
    low, high = np.percentile(sizes.bytes, (2, 98))
    return bool(high <= _ONE_SIZE * low)


def small_stretches(sizes: PacketSizes, limits: LookLimits, *, media_us: int) -> list[Span]:
    """Stretches of packets below a share of the usual size, or below any sound's rate, long enough to matter."""
    lasts_us = np.diff(sizes.times_us, append=max(media_us, int(sizes.times_us[-1]) + 1)).clip(1)
    lasts_us[-1] = min(int(lasts_us[-1]), int(np.median(lasts_us)) or 1)
    small = sizes.bytes < limits.sound_mute_share * float(np.median(sizes.bytes))
    small |= sizes.bytes * (_US_PER_S / lasts_us) < limits.sound_mute_bytes_s
    edges = np.flatnonzero(np.diff(np.concatenate([[0], _without_specks(small).astype(np.int8), [0]])))
    ends_us = sizes.times_us + lasts_us
    spans = [
        (int(sizes.times_us[first]), int(ends_us[until - 1]))
        for first, until in zip(edges[::2], edges[1::2], strict=True)
    ]
    return [span for span in spans if span[1] - span[0] >= limits.sound_mute_least_s * _US_PER_S]


def _without_specks(small: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """One or two larger packets inside a silence are a coder's own doing; whether they hold sound, decoding tells."""
    bridged = small.copy()
    for length in (1, 2):
        inside = np.flatnonzero(small[: -length - 1] & small[length + 1 :]) + 1 if len(small) > length + 1 else ()
        for at in inside:
            bridged[at : at + length] = True
    return bridged


# ------------------------------------------------------------------ decoding
def _is_silent(
    medium: av.container.InputContainer, stream: av.audio.stream.AudioStream, sizes: PacketSizes, span: Span
) -> bool:
    """Whether all samples of the span are below one step; a coder's swing at the edges is left out."""
    margin_us = min(200_000, (span[1] - span[0]) // 4)
    heard = False
    for at_us, samples in _decoded(medium, stream, sizes, span):
        if span[0] + margin_us <= at_us < span[1] - margin_us:
            heard = True
            if not _is_flat(samples):
                return False
    return heard


def _silent_spans(
    medium: av.container.InputContainer,
    stream: av.audio.stream.AudioStream,
    sizes: PacketSizes,
    looked: Sequence[Span],
    limits: LookLimits,
) -> list[Span] | None:
    """Stretches of digital silence by decoding everything; None where nothing could be decoded."""
    windows: dict[int, bool] = {}
    for span in looked:
        for at_us, samples in _decoded(medium, stream, sizes, span):
            window = at_us // _WINDOW_US
            windows[window] = windows.get(window, True) and _is_flat(samples)
    if not windows:
        return None
    quiet = np.array([windows.get(window, False) for window in range(max(windows) + 1)], np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet, [0]])))
    spans = [(int(a) * _WINDOW_US, int(b) * _WINDOW_US) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [span for span in spans if span[1] - span[0] >= limits.sound_mute_least_s * _US_PER_S]


def _is_flat(samples: NDArray[np.float32]) -> bool:
    """Below one step around their mean: the silence of A-law is a constant that is not zero."""
    return not samples.size or bool(np.abs(samples - samples.mean()).max() < _ONE_STEP)


def _decoded(
    medium: av.container.InputContainer, stream: av.audio.stream.AudioStream, sizes: PacketSizes, span: Span
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(time since the track's first packet, samples -1..1) of the span, frame by frame."""
    base = stream.time_base or Fraction(1, _US_PER_S)
    first = sizes.first_ticks
    medium.seek(first + int(span[0] / _US_PER_S / base), stream=stream, backward=True)
    stream.codec_context.flush_buffers()
    try:
        for frame in medium.decode(stream):
            at_us = 0 if frame.pts is None else int((unwrapped(frame.pts, stream) - first) * base * _US_PER_S)
            if at_us >= span[1]:
                return
            if at_us >= span[0]:
                yield at_us, _samples(frame)
    except (av.FFmpegError, IndexError):  # the latter: a stream that begins late, see `packets_of`
        return  # torn sound: what came before it is judged
    finally:
        stream.codec_context.flush_buffers()


def _samples(frame: av.audio.frame.AudioFrame) -> NDArray[np.float32]:
    values = frame.to_ndarray()
    if values.dtype.kind == "f":
        return np.asarray(values, np.float32)
    if values.dtype == np.uint8:
        return np.asarray((values.astype(np.float32) - 128) / 128, np.float32)
    return np.asarray(values / float(2 ** (8 * values.dtype.itemsize - 1)), np.float32)
