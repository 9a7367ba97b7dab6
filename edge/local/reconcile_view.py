"""What `reconcile` shows a person."""

from __future__ import annotations

from collections.abc import Callable

from edge.contract.sentences import Sentence, sentence
from edge.local.reconcile_command import Reconciled
from edge.storage.comparing import ListedContent

_SHOWN = 20


def show_reconciled(found: Reconciled, say: Callable[[str], None]) -> None:
    """Line by line: what was compared, and each clip that differs with what becomes of it."""
    if not found.last.is_answered:
        say(sentence("reconcile_unanswered", "The server did not answer: it is busy, or of an older release."))
        return
    say(
        sentence(
            "reconcile_compared",
            "{compared} clips compared: {receipted} have a receipt that the server knows, {waiting} wait for one.",
            compared=found.last.compared,
            receipted=found.receipted,
            waiting=found.waiting.clips,
        )
    )
    if found.disowned:
        say(
            sentence(
                "reconcile_disowned",
                "{disowned} receipts named clips that the server does not have (it was restored from a backup, or lost"
                " them); {again} of these clips are sealed again.",
                disowned=found.disowned,
                again=found.sealed_again,
            )
        )
    for one in found.not_sealed_again[:_SHOWN]:
        say(_lost(one))
    for one in found.unknown[:_SHOWN]:
        say(_unknown(one))
    more = max(0, len(found.not_sealed_again) - _SHOWN) + max(0, found.last.unknown - _SHOWN)
    if more:
        say(sentence("reconcile_more", "{count} more are not shown; --json has them.", count=more))
    if found.is_overdue:
        say(
            sentence("reconcile_overdue", "Some have waited for more than a day: `tallylight-edge status` shows which.")
        )
    elif found.ok:
        say(sentence("reconcile_good", "Both lists agree."))


def _lost(one: ListedContent) -> Sentence:
    match one.copy:
        case "here":
            return sentence(
                "reconcile_here", "clip {clip}: lost at the server, its copy here is sent again", clip=one.clip_id
            )
        case "fetching":
            return sentence(
                "reconcile_fetching", "clip {clip}: lost at the server, fetched from its source again", clip=one.clip_id
            )
        case _:
            return sentence(
                "reconcile_gone",
                "clip {clip}: lost at the server, and no copy is left here: look for it in other backups",
                clip=one.clip_id,
            )


def _unknown(one: ListedContent) -> Sentence:
    return sentence(
        "reconcile_unknown", "clip {clip}: the server has not heard of it yet; it waits to be sent", clip=one.clip_id
    )
