"""What a gateway saw in a file: its structure, whether the camera was seeing and the microphone hearing, its view.

Seconds (`from_s`, `to_s`) count from the first picture of the file, as it is shown. A reader that meets a state or a
code it does not know keeps it as text. Fields added later are left out of the JSON while they say nothing, so that a
manifest that says no more than an older gateway's is the same bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from edge.contract.wire_model import Count, ShortText, WireModel


class FileVerdict(StrEnum):
    """The structure of a file."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"


class FaultCode(StrEnum):
    """What is wrong with a file. `Fault.code` is text, so that a newer gateway may know more."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    NOT_MEDIA = "not_media"
    WRONG_EXTENSION = "wrong_extension"
    INDEX_MISSING = "index_missing"
    INDEX_CUT = "index_cut"
    INDEX_DAMAGED = "index_damaged"
    TABLE_BOMB = "table_bomb"
    DATA_CUT = "data_cut"
    DATA_HOLE = "data_hole"
    SOUND_HOLE = "sound_hole"
    HEAD_MISSING = "head_missing"
    NOT_ENDED = "not_ended"
    SECOND_RECORDING = "second_recording"
    SAMPLES_PAST_END = "samples_past_end"
    FRAMES_MISSING = "frames_missing"
    CLOCK_STEP = "clock_step"
    RATE_SHORTFALL = "rate_shortfall"
    STILL_GROWING = "still_growing"
    DUPLICATE = "duplicate"
    NO_VIDEO = "no_video"
    NO_TIMES = "no_times"
    TIMES_DISAGREE = "times_disagree"
    START_IN_FUTURE = "start_in_future"
    SIDECAR_UNREADABLE = "sidecar_unreadable"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"


Second = Annotated[float, Field(ge=0, le=1_000_000)]
"""A place in a file; no file lasts eleven days."""


def _says_nothing(value: Any) -> bool:
    return value is None or value == () or value == {}


class Fault(WireModel):
    """One fault with its place; seconds and samples are None where it concerns the whole file.

    `samples`: [first, until) of the picture's samples in decoding order. `values`: what fills the places of the
    sentence of its code (`contract/fault_words.py`). `detail`: that sentence in English, for who knows no codes.
    """

    code: Annotated[str, Field(max_length=40)]
    from_s: float | None = None
    to_s: float | None = None
    detail: ShortText = ""
    samples: Annotated[tuple[Count, Count] | None, Field(exclude_if=_says_nothing)] = None
    values: dict[str, str | int | float] = Field(default_factory=dict, max_length=12, exclude_if=_says_nothing)


class ViewState(StrEnum):
    """What the picture shows over a stretch. Only `seeing` shows the road; the others are facts, not accusations.

    `obstructed`: covered or out of focus, one frame cannot always tell which. `no_visible_detail`: too little to see,
    without a cause. `unknown`: no picture could be looked at.
    """

    SEEING = "seeing"
    COVERED = "covered"
    DEFOCUSED = "defocused"
    DARK = "dark"
    GLARE = "glare"
    CORRUPT = "corrupt"
    NO_VISIBLE_DETAIL = "no_visible_detail"
    FROZEN = "frozen"
    UNKNOWN = "unknown"


class SoundState(StrEnum):
    """What the sound track holds over a stretch. A quiet room is `hearing`; `muted` is digital silence."""

    HEARING = "hearing"
    MUTED = "muted"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class _Stretch(WireModel):
    """[from_s, to_s) in one state. A stretch that ends before it begins is refused: no band could be drawn of it."""

    state: Annotated[str, Field(max_length=32)]
    from_s: Second
    to_s: Second

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.from_s > self.to_s:
            raise ValueError(f"a stretch must not end before it begins: from {self.from_s} s to {self.to_s} s")
        return self


class ViewStretch(_Stretch):
    """[from_s, to_s) in one state; `confidence` 0..1 is the look's own, never a proof."""

    confidence: Annotated[float, Field(ge=0, le=1)]


class SoundStretch(_Stretch):
    """[from_s, to_s) in one state."""


class ReferenceState(StrEnum):
    """A monitor's view against its commissioning. Too little to see is `unknown`, never `ok`."""

    OK = "ok"
    SUSPECT = "suspect"
    MOVED = "moved"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class ReferenceCheck(WireModel):
    """The view of one clip against the reference the device was commissioned with.

    `dx_px`, `dy_px`: where the scene went, in pixels of the stream (right and down positive); `rotation_deg`
    counter-clockwise; `scale`: 1.01 is one percent closer. All None where nothing could be measured. `samples_used` of
    `samples` pictures bore a measurement. `reference`: SHA-256 of the reference's record.
    """

    state: Annotated[str, Field(max_length=32)]
    reference: Annotated[str, Field(max_length=64)]
    samples: Count
    samples_used: Count
    dx_px: float | None = None
    dy_px: float | None = None
    rotation_deg: float | None = None
    scale: float | None = None
    from_s: Second | None = None
    to_s: Second | None = None


class Inspection(WireModel):
    """What the gateway saw in the file. `view_model`: name and SHA-256 of the network that looked, "NAME@HEX"."""

    verdict: FileVerdict
    container: Annotated[str, Field(max_length=64)] | None = None
    media_us: Count | None = None
    width_px: Count | None = None
    height_px: Count | None = None
    video_codec: Annotated[str, Field(max_length=32)] | None = None
    has_sound: bool | None = None
    faults: Annotated[tuple[Fault, ...], Field(max_length=200)] = ()
    view: Annotated[tuple[ViewStretch, ...], Field(max_length=500, exclude_if=_says_nothing)] = ()
    sound: Annotated[tuple[SoundStretch, ...], Field(max_length=500, exclude_if=_says_nothing)] = ()
    view_model: Annotated[ShortText | None, Field(exclude_if=_says_nothing)] = None
    reference: Annotated[ReferenceCheck | None, Field(exclude_if=_says_nothing)] = None
