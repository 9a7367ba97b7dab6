"""`tallylight-server backup` and `restore`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from edge.contract.sentences import sentence
from server.cli.output import DEFAULT_DATA, AsJson, DataDir, config_of, operator, print_json, terminal

if TYPE_CHECKING:
    from server.usecases.check_backup import Checked
    from server.usecases.make_backup import BackedUp
    from server.usecases.restore_backup import Restored

_TOLD_AT_ONCE = 50
Flag = Annotated[bool, Parameter(negative=())]


def backup(
    folder: Path,
    *,
    check: Flag = False,
    rehash: Flag = False,
    hard_links: Flag = False,
    rate: str | None = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Back up database, clips, keys and settings while the server runs. Clips that are there are not copied again.

    Parameters
    ----------
    folder
        where to; it holds private keys afterwards: let nobody else read it
    check
        change nothing, read every file of the backup again and name what is wrong
    rehash
        read the clips that are there already, too, and copy those again that are not right
    hard_links
        second names of the same files, where the folder lies on the disk of the clips: protects from deletion alone
    rate
        read no faster than this in a second, such as 20MB
    """
    from edge.platform.clock import SystemClock
    from edge.platform.version import software_version
    from server.cli.progress import bar
    from server.domain.verification import parse_size
    from server.store.pace import Pace
    from server.usecases.check_backup import check_backup
    from server.usecases.make_backup import Manner, make_backup
    from server.usecases.verify_store import Watching

    clock = SystemClock()
    pace = Pace(0 if rate is None else parse_size(rate), clock)
    said = sentence("backup_checking", "reading the backup") if check else sentence("backup_making", "backing up")
    with bar(said, clock) as shown:

        def read(size_bytes: int) -> None:
            shown.advance(size_bytes)
            pace.take(size_bytes)

        watching = Watching(read, on_total=lambda _clips, size_bytes: shown.expect(size_bytes))
        if check:
            checked = check_backup(folder, watching)
        else:
            config = config_of(data)
            manner = Manner(rehash=rehash, hard_links=hard_links)
            done = make_backup(
                config,
                folder,
                software=software_version(),
                now_us=clock.now_us(),
                manner=manner,
                watching=watching,
            )
    if check:
        _tell_checked(checked, as_json=as_json)
        sys.exit(0 if checked.ok else 1)
    _tell_made(done, as_json=as_json)
    sys.exit(0 if not done.clips_not_held else 1)


def restore(folder: Path, *, clips: Path | None = None, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Make a server from a backup, in an empty data folder. It signs nothing until a person decides.

    Parameters
    ----------
    folder
        the backup
    clips
        an empty folder for the clips; without it they go into the data folder
    """
    from edge.platform.clock import SystemClock
    from server.cli.progress import bar
    from server.usecases.restore_backup import restore_backup
    from server.usecases.verify_store import Watching

    clock = SystemClock()
    with bar(sentence("restoring", "restoring"), clock) as shown:
        watching = Watching(shown.advance, on_total=lambda _clips, size_bytes: shown.expect(size_bytes))
        done = restore_backup(
            folder,
            data.absolute(),
            clips_dir=None if clips is None else clips.absolute(),
            by=operator(),
            now_us=clock.now_us(),
            watching=watching,
        )
    _tell_restored(done, as_json=as_json)
    sys.exit(0 if not done.clips_missing else 1)


def _tell_made(done: BackedUp, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "act_index": done.act_index,
                "clips": done.clips,
                "clips_size_bytes": done.clips_size_bytes,
                "copied": done.copied,
                "copied_size_bytes": done.copied_size_bytes,
                "clips_not_held": done.clips_not_held,
                "not_held": [{"clip_id": clip_id, "why": why} for clip_id, why in done.not_held],
            }
        )
        return
    for clip_id, why in done.not_held[:_TOLD_AT_ONCE]:
        terminal.say(sentence("backup_missed", "clip {clip} could not be backed up: {why}", clip=clip_id, why=why))
    if done.clips_not_held:
        terminal.say(
            sentence(
                "backup_incomplete",
                "{count} sealed clips are not in the backup: run `tallylight-server verify`, bring their files back.",
                count=done.clips_not_held,
            )
        )
    terminal.say(
        sentence(
            "backup_made",
            "{folder}: backup up to act {act}; {clips} clips ({size:.1f} GB), {copied} of them copied now.",
            folder=done.folder,
            act=done.act_index,
            clips=done.clips,
            size=done.clips_size_bytes / 1e9,
            copied=done.copied,
        )
    )
    terminal.say(sentence("backup_secret", "It holds the server's private keys: let nobody else read it."))


def _tell_checked(checked: Checked, *, as_json: bool) -> None:
    manifest = checked.manifest
    if as_json:
        print_json(
            {
                "ok": checked.ok,
                "files": checked.files,
                "act_index": manifest.act_index,
                "wrong": [one.as_json() for one in checked.wrong],
                "wrong_left_out": checked.wrong_left_out,
            }
        )
        return
    for one in checked.wrong[:_TOLD_AT_ONCE]:
        terminal.say(one.said)
    wrong = len(checked.wrong) + checked.wrong_left_out
    if wrong:
        terminal.say(
            sentence(
                "backup_bad",
                "{wrong} of {files} files are not as they were put there.",
                wrong=wrong,
                files=checked.files,
            )
        )
    else:
        terminal.say(
            sentence(
                "backup_good",
                "{files} files read, all as they were put there; the backup reaches to act {act}.",
                files=checked.files,
                act=manifest.act_index,
            )
        )


def _tell_restored(done: Restored, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "data_dir": str(done.data_dir),
                "act_index": done.manifest.act_index,
                "clips": done.clips,
                "clips_missing": done.clips_missing,
                "missing": done.missing,
            }
        )
        return
    for clip_id in done.missing[:_TOLD_AT_ONCE]:
        terminal.say(sentence("restore_missing", "clip {clip} is missing in the backup", clip=clip_id))
    terminal.say(
        sentence(
            "restore_done",
            "{folder}: restored up to act {act}, {clips} clips; {missing} are missing.",
            folder=done.data_dir,
            act=done.manifest.act_index,
            clips=done.clips,
            missing=done.clips_missing,
        )
    )
    terminal.say(
        sentence(
            "restore_next",
            "Next: make sure that the old server is off, then `run`. Nothing is signed yet: once `doctor` names no"
            " gateway as not heard, decide with `tallylight-server resume-signing --reason ...`.",
        )
    )
