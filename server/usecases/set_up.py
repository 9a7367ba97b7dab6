"""A data folder: its keys, its settings, its database. Made once, by `init`; opened at every start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from edge.contract.sentences import Sentence, sentence
from edge.platform.clock import Clock
from edge.platform.durable import make_directory, write_durably
from edge.platform.faults import unreadable
from edge.platform.settings import refuse_folder_of
from edge.platform.signing import KeyFileError, SigningKey
from server.config import CONFIG_NAME, ServerConfig, load_config, refuse_unfinished
from server.domain.broker_access import MASTER_KEY_BYTES
from server.store.act_log import append_act
from server.store.clip_files import ClipFiles
from server.store.database import Database
from server.store.rule_files import load_rules
from server.store.tables import Clip, ServerKeyRow
from server.usecases.context import AppContext
from server.usecases.receive_sighting import QUARANTINED, RECEIVING, SEALED
from server.usecases.settings_file import settings_text
from server.usecases.signing_keys import KEY_IN_USE, DatabaseOfAnotherServerError, signing_key_in_use
from server.usecases.tls_files import keep_certificate, tls_files, tls_fingerprint

SIGNING_KEY, BROKER_MASTER = KEY_IN_USE, "broker-master.key"


class StoreMissingError(Exception):
    """The database names clips, and where they lie is no store of clips: their disk is not mounted."""

    def __init__(self, *, clips_dir: Path) -> None:
        super().__init__(
            sentence(
                "store_missing",
                "{clips_dir}: the clips on record are not there. Mount their disk, or set store.clips to where they"
                " lie. Where they are lost for good, make the folder {clips_dir}/parts: the server then starts, and"
                " signs nothing until a person decides",
                clips_dir=clips_dir,
            )
        )
        self.clips_dir = clips_dir


@dataclass(frozen=True, slots=True)
class SetUp:
    """What `init` made; False: it was there already and was left as it is."""

    config_path: Path
    made_config: bool
    made_keys: bool


def set_up(data_dir: Path, *, now_us: UtcMicros, port: int | None = None, names: tuple[str, ...] = ()) -> SetUp:
    """Make whatever is missing in a data folder; what is there stays. Can be repeated after a power cut."""
    refuse_unfinished(data_dir)
    refuse_folder_of("tallylight-edge", data_dir / "edge.toml")
    make_directory(data_dir)
    path = data_dir / CONFIG_NAME
    made_config = not path.exists()
    if made_config:
        write_durably(path, settings_text(port, names).encode())
    config = load_config(data_dir)
    made_keys = _make_keys(config.keys_dir) | keep_certificate(config, now_us=now_us)
    db = Database(config.database_url)
    try:
        db.migrate()
        _clip_files(db, config.clips_dir)
        with db.writing() as session:
            _record_key(session, SigningKey.load(config.keys_dir / SIGNING_KEY), data_dir, now_us)
    finally:
        db.close()
    return SetUp(path, made_config, made_keys)


def open_context(config: ServerConfig, clock: Clock) -> AppContext:
    """The parts of a server over a folder that `set_up` made. Raises what its parts raise, each with what to do."""
    db = Database(config.database_url)
    db.migrate()
    signer = signing_key_in_use(db, config.keys_dir)
    keep_certificate(config, now_us=clock.now_us())
    return AppContext(
        config=config,
        db=db,
        clip_files=_clip_files(db, config.clips_dir),
        rules=load_rules(config.rules_file),
        clock=clock,
        signer=signer,
        broker_master_key=_master_key(config.keys_dir / BROKER_MASTER),
        tls_fingerprint=tls_fingerprint(tls_files(config).certificate),
    )


def _clip_files(db: Database, clips_dir: Path) -> ClipFiles:
    """The store of clips, made where there is none yet. Raises StoreMissingError."""
    files = ClipFiles(clips_dir)
    if not files.is_made:
        with db.reading() as session:
            on_record = select(Clip.clip_id).where(Clip.state.in_((RECEIVING, SEALED, QUARANTINED))).limit(1)
            if session.scalar(on_record) is not None:
                raise StoreMissingError(clips_dir=clips_dir)
        files.make()
    return files


def _master_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except FileNotFoundError as error:
        raise KeyFileError(path=path, why=sentence("key_missing", "it is missing")) from error
    except OSError as error:
        raise KeyFileError(path=path, why=unreadable(error)) from error
    except ValueError as error:
        raise KeyFileError(path=path, why=sentence("not_hexadecimal", "it is not hexadecimal")) from error
    if len(key) != MASTER_KEY_BYTES:
        raise KeyFileError(path=path, why=_wrong_length(len(key)))
    return key


def _wrong_length(size_bytes: int) -> Sentence:
    return sentence("wrong_length", "it has {size} bytes, not {wanted}", size=size_bytes, wanted=MASTER_KEY_BYTES)


def _make_keys(keys_dir: Path) -> bool:
    make_directory(keys_dir)
    made = False
    if not (keys_dir / SIGNING_KEY).exists():
        SigningKey.generate().save(keys_dir / SIGNING_KEY)
        made = True
    if not (keys_dir / BROKER_MASTER).exists():
        write_durably(keys_dir / BROKER_MASTER, secrets.token_bytes(MASTER_KEY_BYTES).hex().encode())
        made = True
    return made


def _record_key(session: Session, key: SigningKey, data_dir: Path, now_us: UtcMicros) -> None:
    known = set(session.scalars(select(ServerKeyRow.key_id)))
    if key.key_id in known:
        return
    if known:
        raise DatabaseOfAnotherServerError(data_dir=data_dir, key_id=key.key_id)
    session.add(ServerKeyRow(key_id=key.key_id, public_key=key.public_bytes, since_us=now_us, until_us=None))
    append_act(
        session,
        at_us=now_us,
        actor="system",
        verb="begin",
        subject_kind="server_key",
        subject_id=key.key_id,
        data={"public_key": key.public_bytes.hex()},
    )
