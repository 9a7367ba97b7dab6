"""What a probe found in one file. It comes out of a limited worker, so it is validated like any foreign message."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge.contract.inspection import (
    Fault,
    FaultCode,
    FileVerdict,
    Inspection,
    ReferenceCheck,
    SoundStretch,
    ViewStretch,
)
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval

INSPECT_TARGET = "edge.footage.inspect_call:inspect_call"
"""What a limited worker is to run; named here, so that only that child loads PyAV."""
MAX_RECORDED = 2000
"""As many stretches as a manifest carries."""
MAX_STRETCHES = 500
"""As many states of view or of sound as a manifest carries."""

Span = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
"""[start, end) in microseconds since the file's first frame."""


class FileLooks(BaseModel):
    """What was seen and heard. `view_model`: the network that looked, None where no picture was looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    view: Annotated[tuple[ViewStretch, ...], Field(max_length=MAX_STRETCHES)] = ()
    sound: Annotated[tuple[SoundStretch, ...], Field(max_length=MAX_STRETCHES)] = ()
    view_model: Annotated[str, Field(max_length=200)] | None = None
    reference: ReferenceCheck | None = None


class LookOrder(BaseModel):
    """What a look goes by. `limits`, `reference_limits`: fields of LookLimits and ReferenceLimits by name.

    `record`, `arrays`: files of the reference to hold the view against, `reference` its name. `expects_sound`: whether
    recordings of such a device have sound, None where nobody knows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    limits: dict[str, float] = Field(default_factory=dict)
    expects_sound: bool | None = None
    record: str | None = None
    arrays: str | None = None
    reference: str | None = None
    reference_limits: dict[str, float] = Field(default_factory=dict)


def probe_time_limit_s(size_bytes: int) -> float:
    """30 s and three times as long as a slow gateway hashes the file (100 MB/s)."""
    return 30.0 + 3.0 * size_bytes / 100e6


class ProbeResult(BaseModel):
    """The structure of a file. Times since the first frame, when `sound_from_us` says when the sound begins;
    `created_us` as if the container's word were UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    verdict: FileVerdict
    container: Annotated[str, Field(max_length=64)] | None = None
    media_us: Annotated[int, Field(ge=0)] | None = None
    width_px: int | None = None
    height_px: int | None = None
    video_codec: Annotated[str, Field(max_length=32)] | None = None
    has_sound: bool | None = None
    sound_from_us: int = 0
    created_us: int | None = None
    recorded: Annotated[tuple[Span, ...], Field(max_length=MAX_RECORDED)] = ()
    faults: Annotated[tuple[Fault, ...], Field(max_length=150)] = ()
    view: Annotated[tuple[ViewStretch, ...], Field(max_length=MAX_STRETCHES)] = ()
    sound: Annotated[tuple[SoundStretch, ...], Field(max_length=MAX_STRETCHES)] = ()
    view_model: Annotated[str, Field(max_length=200)] | None = None
    reference: ReferenceCheck | None = None

    def with_looks(self, looks: FileLooks) -> ProbeResult:
        """The same with what was seen and heard."""
        return self.model_copy(update={name: getattr(looks, name) for name in FileLooks.model_fields})

    def inspection(self, further: tuple[Fault, ...] = ()) -> Inspection:
        """The part that the manifest carries, with faults found outside the file added."""
        return Inspection(
            verdict=self.verdict,
            container=self.container,
            media_us=self.media_us,
            width_px=self.width_px,
            height_px=self.height_px,
            video_codec=self.video_codec,
            has_sound=self.has_sound,
            faults=self.faults + further,
            view=self.view,
            sound=self.sound,
            view_model=self.view_model,
            reference=self.reference,
        )

    def recorded_from(self, start_us: UtcMicros | None) -> tuple[TimeInterval, ...]:
        """The recorded stretches on the clock that `start_us` is on; none where the start is not known."""
        if start_us is None:
            return ()
        return tuple(
            TimeInterval(UtcMicros(start_us + begin_us), UtcMicros(start_us + end_us))
            for begin_us, end_us in self.recorded
            if end_us > begin_us
        )


def unreadable(code: FaultCode, detail: str, *, container: str | None = None) -> ProbeResult:
    """The result for a file that gives nothing to look at, in words of another's own."""
    return nothing_inside(Fault(code=code, detail=detail[:500]), container=container)


def nothing_inside(fault: Fault, *, container: str | None = None) -> ProbeResult:
    """The result for a file that gives nothing to look at."""
    return ProbeResult(verdict=FileVerdict.UNREADABLE, container=container, faults=(fault,))
