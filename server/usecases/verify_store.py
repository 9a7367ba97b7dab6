"""Everything that was promised, looked at again: database, acts, keys, receipts and the bytes of sealed clips.

Nothing is changed but the record of what was looked at and what a person must know of it. Runs beside the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from edge.contract.identifiers import ClipId
from edge.contract.instants import UtcMicros
from edge.contract.sentences import Sentence, sentence, sentence_of
from server.domain.acts import ChainBrokenError
from server.domain.verification import MOST_TOLD, STOP_ACTS_BROKEN, WHOLE, Amount, Portion, Subject, Wrong
from server.store.act_log import latest_act, verify_acts
from server.store.clip_checks import GOOD, CheckDue, longest_unchecked, note_sealed, sealed_clips, sealed_total
from server.store.clip_files import ClipFiles
from server.store.database import Database
from server.store.history_mark import HistoryMark
from server.store.tables import Act, Clip, ServerKeyRow
from server.usecases.receive_sighting import SEALED
from server.usecases.verify_files import names_of_finished, wrong_among_files, wrong_in_file
from server.usecases.verify_record import ServerKeys, record_of, server_keys, wrong_in_record, wrong_seal_act
from server.usecases.verify_sightings import wrong_sightings, wrong_unsealed_sightings

_ACTS_AT_ONCE = 1_000
OnClip = Callable[[str, str], None]
"""Told a clip's id and its outcome: `good`, or the code of what is wrong."""


@dataclass
class Verified:
    """What was looked at, and what is wrong. Beyond MOST_TOLD items only their number is kept."""

    acts: int = 0
    clips: int = 0
    size_bytes: int = 0
    clips_in_all: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    wrong_left_out: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything that was looked at is as it was written."""
        return not self.wrong

    def note(self, found: Iterable[Wrong]) -> None:
        """Keep what was found."""
        for one in found:
            if len(self.wrong) < MOST_TOLD:
                self.wrong.append(one)
            else:
                self.wrong_left_out += 1


@dataclass(frozen=True, slots=True)
class Scope:
    """Which clips: a part of all, or those longest unchecked up to an amount."""

    portion: Portion = WHOLE
    oldest: Amount | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every clip is looked at."""
        return self.oldest is None and self.portion.is_whole


@dataclass(frozen=True, slots=True)
class Watching:
    """Who is told how far it is: bytes read just now, a clip that is done, and the size of the task once known."""

    on_bytes: Callable[[int], None] = lambda _bytes: None
    on_clip: OnClip = lambda _clip_id, _outcome: None
    on_total: Callable[[int, int], None] = lambda _clips, _size_bytes: None


def verify_store(
    db: Database,
    files: ClipFiles,
    scope: Scope,
    *,
    mark: HistoryMark | None,
    now_us: UtcMicros,
    watching: Watching | None = None,
) -> Verified:
    """Look at all that the scope names; of what no clip is about, everything."""
    done, watching = Verified(), watching or Watching()
    try:
        keys = _verify_history(db, scope, mark, done)
        done.note(wrong_among_files(db, files, now_us=now_us))
        _verify_clips(db, files, scope, keys, done, watching)
        if scope.oldest is None:
            done.note(wrong_unsealed_sightings(db, scope.portion))
    except DatabaseError as error:
        done.note([_of_database(str(error.orig))])
        _verify_by_name(files, done, watching)
    return done


def verify_files_alone(files: ClipFiles, faults: Iterable[str], watching: Watching) -> Verified:
    """The same where SQLite finds `faults` in the database: its rows are believed in nothing."""
    done = Verified()
    done.note(_of_database(fault) for fault in faults)
    _verify_by_name(files, done, watching)
    return done


def verify_clip(session: Session, files: ClipFiles, due: CheckDue, keys: ServerKeys, watching: Watching) -> list[Wrong]:
    """What is wrong with one clip: its rows and those of its sightings first, then its bytes."""
    clip = session.get(Clip, due.clip_id)
    if clip is None or clip.state != SEALED:
        return []  # what its act says of that is told with the acts
    wrong = [*wrong_in_record(record_of(session, clip), keys), *wrong_sightings(session, clip.clip_id)]
    found = wrong_in_file(files.final_path(ClipId(due.clip_id)), due.clip_id, due.size_bytes, watching.on_bytes)
    return wrong if found is None else [*wrong, found]


def outcome_of(wrong: Sequence[Wrong]) -> str:
    """What is kept of a clip that was looked at: GOOD, or the code of the first thing that is wrong."""
    return wrong[0].said.code if wrong else GOOD


def believed_keys(session: Session) -> tuple[ServerKeys, list[Wrong]]:
    """The server's keys, each as the acts have it, and those that are not."""
    begun: dict[str, str] = {}
    acts = select(Act.subject_id, Act.data_json).where(Act.subject_kind == "server_key")
    for key_id, data_json in session.execute(acts):
        public_key = json.loads(data_json).get("public_key")
        begun[key_id] = str(public_key or begun.get(key_id, ""))
    return server_keys(list(session.scalars(select(ServerKeyRow))), begun)


# ---------------------------------------------------------------------------------------------- parts
def _verify_history(db: Database, scope: Scope, mark: HistoryMark | None, done: Verified) -> ServerKeys:
    with db.reading() as session:
        done.clips_in_all = sealed_total(session)[0]
        try:
            done.acts = verify_acts(session)
        except ChainBrokenError as error:
            said = sentence_of(error)
            if isinstance(said, Sentence):
                done.note([Wrong(Subject.ACT, str(error.index), said, STOP_ACTS_BROKEN)])
        done.note(_beyond_the_end(session, mark))
        keys, wrong = believed_keys(session)
        done.note(wrong)
        done.note(_seals_without_clip(session, scope.portion))
    return keys


def _beyond_the_end(session: Session, mark: HistoryMark | None) -> Iterator[Wrong]:
    if mark is None:
        return
    act = session.get(Act, mark.act_index)
    if act is not None and act.hash == mark.act_hash:
        return
    newest = latest_act(session)
    said = sentence(
        "verify_acts_cut",
        "act {act} was written here and is not in the database, whose last one is {last}: it lost its end, or an older"
        " one was put in its place",
        act=mark.act_index,
        last=0 if newest is None else newest[0],
    )
    yield Wrong(Subject.ACT, str(mark.act_index), said, STOP_ACTS_BROKEN)


def _seals_without_clip(session: Session, portion: Portion) -> Iterator[Wrong]:
    """Every seal in the chain must still have its clip. By pages: the chain is long and the server writes on."""
    after = 0
    while True:
        query = select(Act).where(Act.verb == "seal", Act.index > after).order_by(Act.index).limit(_ACTS_AT_ONCE)
        acts = session.scalars(query).all()
        if not acts:
            return
        after = acts[-1].index
        for act in acts:
            if _in_portion(portion, act.subject_id):
                wrong = wrong_seal_act(act, session.get(Clip, act.subject_id))
                if wrong is not None:
                    yield wrong
        session.expunge_all()


def _in_portion(portion: Portion, clip_id: str) -> bool:
    try:
        return portion.holds(clip_id)
    except ValueError:  # no clip id at all: the act was changed, and every part tells it
        return True


def _verify_clips(
    db: Database, files: ClipFiles, scope: Scope, keys: ServerKeys, done: Verified, watching: Watching
) -> None:
    sizes = [one.size_bytes for one in _chosen(db, scope)]
    watching.on_total(len(sizes), sum(sizes))
    for one in _chosen(db, scope):
        with db.reading() as session:  # a reading of its own for each: a long one would keep the log from being cut
            wrong = verify_clip(session, files, one, keys, watching)
        done.clips += 1
        done.size_bytes += one.size_bytes
        done.note(wrong)
        watching.on_clip(one.clip_id, outcome_of(wrong))


def _chosen(db: Database, scope: Scope) -> Iterator[CheckDue]:
    if scope.oldest is not None:
        note_sealed(db, since_us=0)
        with db.reading() as session:
            due = list(longest_unchecked(session, clips=scope.oldest.clips, size_bytes=scope.oldest.size_bytes))
        yield from due
        return
    after = ""
    while True:
        with db.reading() as session:
            page = sealed_clips(session, after=after)
        if not page:
            return
        after = page[-1].clip_id
        yield from (one for one in page if scope.portion.holds(one.clip_id))


def _verify_by_name(files: ClipFiles, done: Verified, watching: Watching) -> None:
    """The database tells nothing any more; each sealed file still says by its name what it must hold."""
    for name in names_of_finished(files):
        path = files.final_path(ClipId(name))
        wrong = wrong_in_file(path, name, None, watching.on_bytes)
        done.clips += 1
        done.size_bytes += path.stat().st_size if path.is_file() else 0
        done.note([] if wrong is None else [wrong])


def _of_database(fault: str) -> Wrong:
    said = sentence(
        "verify_database",
        "the database is damaged ({fault}). Stop the server, put the database aside and restore it from a backup",
        fault=fault,
    )
    return Wrong(Subject.DATABASE, "database", said)
