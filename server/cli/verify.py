"""`tallylight-server verify`: look again at everything that was promised."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from edge.contract.sentences import sentence
from server.cli.output import DEFAULT_DATA, AsJson, DataDir, config_of, database_of, print_json, terminal

if TYPE_CHECKING:
    from server.usecases.verify_store import Verified

_TOLD_AT_ONCE = 200


def verify(
    *,
    part: str = "1/1",
    oldest: str | None = None,
    rate: str | None = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Read sealed clips again and compare files, receipts and acts; name what is not as it was written.

    Beside a running server too. It ends with 1 where something is wrong; signing then stops until a person decides.

    Parameters
    ----------
    part
        only part N of M, such as 3/30: a timer that counts through them sees everything once
    oldest
        only the clips that were looked at longest ago: as many as 500, or as much as 20GB
    rate
        read no faster than this in a second, such as 20MB
    """
    from edge.platform.clock import SystemClock
    from server.cli.progress import bar
    from server.domain.verification import parse_amount, parse_portion, parse_size
    from server.store.clip_files import ClipFiles
    from server.store.database_check import database_faults
    from server.store.history_mark import read_mark
    from server.store.pace import Pace
    from server.usecases.setting_paths import database_path
    from server.usecases.tell_verified import verify_and_tell
    from server.usecases.verify_store import Scope, Watching, verify_files_alone

    scope = Scope(parse_portion(part), None if oldest is None else parse_amount(oldest))
    rate_bytes_s = 0 if rate is None else parse_size(rate)
    config, clock = config_of(data), SystemClock()
    files, pace = ClipFiles(config.clips_dir), Pace(rate_bytes_s, clock)
    with bar(sentence("verifying", "reading sealed clips"), clock) as shown:

        def read(size_bytes: int) -> None:
            shown.advance(size_bytes)
            pace.take(size_bytes)

        watching = Watching(read, on_total=lambda _clips, size_bytes: shown.expect(size_bytes))
        if faults := database_faults(database_path(config), thorough=scope.is_whole):
            done = verify_files_alone(files, faults, watching)
        else:
            done = verify_and_tell(
                database_of(config), files, scope, mark=read_mark(config.data_dir), clock=clock, watching=watching
            )
    if as_json:
        print_json(_document(done))
    else:
        _say(done)
    sys.exit(0 if done.ok else 1)


def _document(done: Verified) -> dict[str, object]:
    return {
        "ok": done.ok,
        "acts": done.acts,
        "clips": done.clips,
        "clips_in_all": done.clips_in_all,
        "size_bytes": done.size_bytes,
        "wrong": [one.as_json() for one in done.wrong],
        "wrong_left_out": done.wrong_left_out,
    }


def _say(done: Verified) -> None:
    from server.domain.verification import worst_first

    for one in worst_first(done.wrong)[:_TOLD_AT_ONCE]:
        terminal.say(one.said)
    left_out = max(0, len(done.wrong) - _TOLD_AT_ONCE) + done.wrong_left_out
    if left_out:
        terminal.say(sentence("verify_more", "{count} more are not shown.", count=left_out))
    values = {
        "acts": done.acts,
        "clips": done.clips,
        "all": done.clips_in_all,
        "size": done.size_bytes / 1e9,
    }
    if done.ok:
        terminal.say(
            sentence(
                "verify_good",
                "{acts} acts in an unbroken chain; {clips} of {all} sealed clips read ({size:.1f} GB),"
                " all as they were sealed.",
                **values,
            )
        )
    else:
        terminal.say(
            sentence(
                "verify_bad",
                "{wrong} items are not as they were written; {clips} of {all} sealed clips read ({size:.1f} GB).",
                wrong=len(done.wrong) + done.wrong_left_out,
                **values,
            )
        )
    if any(one.stop_code for one in done.wrong):
        terminal.say(
            sentence(
                "verify_stopped",
                "No receipt is signed until a person has looked and decided: `tallylight-server doctor` shows how.",
            )
        )
