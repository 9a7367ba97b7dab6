"""From single pictures to stretches: was the camera seeing, and if not, what is the likelier reason?

One picture proves nothing. A stretch is told only where neighbouring samples agree, and it ends half-way between two
samples of different opinion. Not seeing is a fact about coverage: a pocket is dark, and nobody did wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from edge.contract.inspection import ViewState, ViewStretch
from edge.domain.view_limits import LookLimits

CLASSES = (
    ViewState.SEEING,
    ViewState.COVERED,
    ViewState.DARK,
    ViewState.DEFOCUSED,
    ViewState.GLARE,
    ViewState.CORRUPT,
)
"""The order of the network's probabilities; its own name of the first is "clear"."""
OBSTRUCTED = frozenset({ViewState.COVERED, ViewState.DEFOCUSED})
"""One frame cannot always tell these apart; they are shown as one group, the likelier named."""
_OBSTRUCTED_PLACE = CLASSES.index(ViewState.COVERED)
_US_PER_S = 1_000_000
Span = tuple[int, int]
"""[start, end) in microseconds since the first picture."""


@dataclass(frozen=True, slots=True)
class ViewSample:
    """One picture looked at. `chances`: p of each of CLASSES, empty where no picture could be decoded."""

    at_us: int
    chances: tuple[float, ...] = ()
    detail_share: float = 1.0

    @property
    def not_clear(self) -> float:
        """p that the camera does not see."""
        return 1.0 - self.chances[0]


def is_suspicious(sample: ViewSample, limits: LookLimits) -> bool:
    """Whether it is worth looking again around this picture."""
    return not sample.chances or sample.not_clear > limits.view_not_clear_at


def times_to_refine(samples: Sequence[ViewSample], limits: LookLimits, *, media_us: int) -> list[int]:
    """Where to look again: every `view_refine_s` between neighbours that disagree, and around a lone suspicion."""
    step_us = round(limits.view_refine_s * _US_PER_S)
    ordered = sorted(samples, key=lambda sample: sample.at_us)
    wanted: set[int] = set()
    for before, after in pairwise(ordered):
        if is_suspicious(before, limits) != is_suspicious(after, limits):
            wanted.update(range(before.at_us + step_us, after.at_us, step_us))
    if ordered and is_suspicious(ordered[-1], limits):
        wanted.update(range(ordered[-1].at_us + step_us, media_us, step_us))
    return sorted(wanted - {sample.at_us for sample in ordered})


def view_stretches(
    samples: Sequence[ViewSample],
    limits: LookLimits,
    *,
    recorded: Sequence[Span],
    frozen: Sequence[Span] = (),
) -> tuple[ViewStretch, ...]:
    """Every recorded instant in one state, in time order; where nothing was recorded there is no state.

    A frozen picture hides nothing but time: it takes the place of `seeing` alone.
    """
    if not recorded:
        return ()
    ordered = sorted({sample.at_us: sample for sample in samples}.values(), key=lambda sample: sample.at_us)
    until_us = max(end for _, end in recorded)
    parts = _without_passing(_runs(ordered, limits, until_us), limits) or [_Part(0, until_us, ViewState.UNKNOWN, 0.0)]
    for start_us, end_us in frozen:
        parts = [piece for part in parts for piece in _overlaid(part, start_us, end_us, limits)]
    pieces = [
        _Part(max(part.start_us, start_us), min(part.end_us, end_us), part.state, part.confidence)
        for start_us, end_us in recorded
        for part in parts
        if max(part.start_us, start_us) < min(part.end_us, end_us)
    ]
    return tuple(_stretch(part) for part in _merged(pieces))


# ------------------------------------------------------------------ samples to runs
@dataclass(frozen=True, slots=True)
class _Part:
    start_us: int
    end_us: int
    state: ViewState
    confidence: float


def _runs(ordered: Sequence[ViewSample], limits: LookLimits, until_us: int) -> list[_Part]:
    """Runs of samples that agree, edges half-way between them."""
    if not ordered:
        return []
    kinds = _kinds(ordered, limits)
    causes = _causes(ordered, kinds)
    firsts = [0, *(index for index in range(1, len(causes)) if causes[index] != causes[index - 1])]
    parts = []
    for first, following in zip(firsts, [*firsts[1:], len(causes)], strict=True):
        start_us = 0 if first == 0 else (ordered[first - 1].at_us + ordered[first].at_us) // 2
        end_us = until_us
        if following < len(causes):
            end_us = (ordered[following - 1].at_us + ordered[following].at_us) // 2
        state, confidence = _named(ordered[first:following], kinds[first], limits)
        if start_us < min(end_us, until_us):
            parts.append(_Part(start_us, min(end_us, until_us), state, confidence))
    return parts


def _kinds(ordered: Sequence[ViewSample], limits: LookLimits) -> list[bool | None]:
    """Of each sample: seeing (True), not seeing (False), unknown (None), after the neighbours had their say."""
    looked = [sample for sample in ordered if sample.chances]  # what did not decode neither agrees nor disagrees
    blind = [sample.not_clear > limits.view_not_clear_at for sample in looked]
    window, agree = min(limits.view_window, len(looked)), min(limits.view_agree, len(looked))
    if len(looked) == 1:
        blind = [looked[0].not_clear > limits.view_strong_at]
    supported = [False] * len(looked)
    for first in range(len(looked) - window + 1):
        here = range(first, first + window)
        if sum(blind[index] for index in here) >= agree:
            for index in here:
                supported[index] = True
    kinds = []
    for index in range(len(looked)):
        inside = 0 < index < len(looked) - 1 and blind[index - 1] and blind[index + 1]
        kinds.append(not (supported[index] and (blind[index] or inside)))
    told = iter(kinds)
    return [next(told) if sample.chances else None for sample in ordered]


def _causes(ordered: Sequence[ViewSample], kinds: Sequence[bool | None]) -> list[int | None]:
    """Of each sample the class, with obstructed as one; a cause that one sample alone has is its neighbours'."""
    causes: list[int | None] = []
    for index, kind in enumerate(kinds):
        if kind is None or kind:
            causes.append(None if kind is None else 0)
            continue
        beside = [ordered[place] for place in (index - 1, index, index + 1) if 0 <= place < len(ordered)]
        blind = [sample.chances for sample in beside if sample.chances]
        mean = [sum(chances[place] for chances in blind) for place in range(len(CLASSES))]
        grouped = {place: mean[place] for place in range(1, len(CLASSES)) if CLASSES[place] not in OBSTRUCTED}
        grouped[_OBSTRUCTED_PLACE] = sum(mean[CLASSES.index(state)] for state in OBSTRUCTED)
        causes.append(max(grouped, key=lambda place: grouped[place]))
    for index in range(1, len(causes) - 1):
        if causes[index - 1] == causes[index + 1] != causes[index] and causes[index] and causes[index - 1]:
            causes[index] = causes[index - 1]
    return causes


def _named(samples: Sequence[ViewSample], kind: bool | None, limits: LookLimits) -> tuple[ViewState, float]:
    """The state of a run and how sure the look was of it."""
    if kind is None:
        return ViewState.UNKNOWN, 0.0
    mean = [sum(sample.chances[index] for sample in samples) / len(samples) for index in range(len(CLASSES))]
    if kind:
        return ViewState.SEEING, mean[0]
    state = max(CLASSES[1:], key=lambda named: mean[CLASSES.index(named)])
    bare = sum(sample.detail_share < limits.view_detail_share for sample in samples)
    if state in OBSTRUCTED and 2 * bare > len(samples):
        state = ViewState.NO_VISIBLE_DETAIL
    return state, 1.0 - mean[0]


def _without_passing(parts: list[_Part], limits: LookLimits) -> list[_Part]:
    """Stretches that are too short to mean anything are seeing: a hand that passes, a low sun between two trees."""

    def passes(part: _Part, index: int) -> bool:
        if part.state in (ViewState.SEEING, ViewState.UNKNOWN) or len(parts) == 1:
            return False
        is_glare = part.state is ViewState.GLARE
        least_s = limits.view_glare_least_s if is_glare else limits.view_least_s
        beside = [parts[place].state for place in (index - 1, index + 1) if 0 <= place < len(parts)]
        return ViewState.SEEING in beside and part.end_us - part.start_us < least_s * _US_PER_S

    return [
        _Part(part.start_us, part.end_us, ViewState.SEEING, 1.0 - part.confidence) if passes(part, index) else part
        for index, part in enumerate(parts)
    ]


# ------------------------------------------------------------------ together
def _overlaid(part: _Part, start_us: int, end_us: int, limits: LookLimits) -> list[_Part]:
    """The part, frozen where it was seeing; the edge of a black picture is no freeze of the scene beside it."""
    start_us, end_us = max(start_us, part.start_us), min(end_us, part.end_us)
    if part.state is not ViewState.SEEING or end_us - start_us < limits.frozen_least_s * _US_PER_S:
        return [part]
    cut = [
        _Part(part.start_us, start_us, part.state, part.confidence),
        _Part(start_us, end_us, ViewState.FROZEN, 0.95),
        _Part(end_us, part.end_us, part.state, part.confidence),
    ]
    return [piece for piece in cut if piece.end_us > piece.start_us]


def _merged(parts: Sequence[_Part]) -> list[_Part]:
    """Neighbours that touch in one state as one, the confidence weighed by length."""
    out: list[_Part] = []
    for part in sorted(parts, key=lambda part: part.start_us):
        last = out[-1] if out else None
        if last is not None and last.end_us == part.start_us and last.state is part.state:
            lengths = last.end_us - last.start_us, part.end_us - part.start_us
            sure = (last.confidence * lengths[0] + part.confidence * lengths[1]) / sum(lengths)
            out[-1] = _Part(last.start_us, part.end_us, part.state, sure)
        else:
            out.append(part)
    return out


def _stretch(part: _Part) -> ViewStretch:
    confidence = min(1.0, max(0.0, part.confidence)) if isfinite(part.confidence) else 0.0
    return ViewStretch(
        state=part.state,
        from_s=part.start_us / _US_PER_S,
        to_s=part.end_us / _US_PER_S,
        confidence=round(confidence, 3),
    )
