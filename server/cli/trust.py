"""Keys and certificates: the key that signs receipts, and what encrypted connections rest on."""

from __future__ import annotations

from edge.contract.sentences import sentence
from server.cli.output import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    config_of,
    database_of,
    operator,
    print_json,
    print_table,
    terminal,
)


def list_keys(*, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every key that ever signed here, and from when to when."""
    from sqlalchemy import select

    from edge.contract.instants import UtcMicros, rfc3339
    from server.store.tables import ServerKeyRow

    with database_of(config_of(data)).reading() as session:
        rows = [
            {
                "key_id": row.key_id,
                "since": rfc3339(UtcMicros(row.since_us)),
                "until": None if row.until_us is None else rfc3339(UtcMicros(row.until_us)),
            }
            for row in session.scalars(select(ServerKeyRow).order_by(ServerKeyRow.since_us))
        ]
    if as_json:
        print_json(rows)
        return
    in_use = sentence("key_in_use_now", "in use")
    head = (sentence("head_key", "key"), sentence("head_since", "since"), sentence("head_until", "until"))
    print_table(head, [(row["key_id"] or "", row["since"] or "", row["until"] or in_use) for row in rows])


def rotate_key(*, reason: str, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Sign with a new key from now on; the server must be stopped. Old receipts stay verifiable."""
    from edge.platform.clock import SystemClock
    from server.usecases.folder_lock import folder_locked
    from server.usecases.signing_keys import rotate_signing_key

    config = config_of(data)
    with folder_locked(config.data_dir):
        done = rotate_signing_key(
            database_of(config), config.keys_dir, by=operator(), reason=reason, now_us=SystemClock().now_us()
        )
    if as_json:
        print_json({"key_id": done.key_id, "before": done.before, "key_set": done.number})
        return
    terminal.say(
        sentence(
            "key_rotated",
            "From now on {key} signs; {before} is past and its private half is gone. Make a backup now: one made "
            "before this belongs to the old key, and gateways would no longer believe a server restored from it.",
            key=done.key_id,
            before=done.before,
        )
    )


def show_certificate(*, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """The certificate in use, its names and its end, and which gateways do not hold the CA yet."""
    from edge.contract.instants import instant_of, rfc3339
    from server.usecases.own_ca import names_of
    from server.usecases.tls_files import broker_ca_pem, load_certificate, tls_files, tls_fingerprint
    from server.usecases.tls_handover import gateways_behind

    config = config_of(data)
    files = tls_files(config)
    certificate, ca_pem = load_certificate(files.certificate), broker_ca_pem(config)
    with database_of(config).reading() as session:
        behind = gateways_behind(session, ca_pem) if ca_pem else []
    names, ends = sorted(names_of(certificate)), rfc3339(instant_of(certificate.not_valid_after_utc))
    fingerprint = tls_fingerprint(files.certificate).hex()
    if as_json:
        shown = {"names": names, "until": ends, "key_sha256": fingerprint, "gateways_without_ca": behind}
        print_json({"certificate": str(files.certificate), **shown})
        return
    what, how = sentence("head_what", "what"), sentence("head_how", "how it is")
    print_table(
        (what, how),
        [
            (sentence("certificate_file", "certificate"), str(files.certificate)),
            (sentence("certificate_names", "names"), ", ".join(names)),
            (sentence("certificate_until", "good until"), ends),
            (sentence("certificate_key", "SHA-256 of its key"), fingerprint),
            (sentence("certificate_behind", "gateways that do not hold its CA"), ", ".join(behind) or "-"),
        ],
    )


def renew_certificate(*, new_key: bool = False, data: DataDir = DEFAULT_DATA) -> None:
    """Issue the server's certificate anew; a running server takes it up by itself. It is also done two months before
    its end. With `--new-key` codes that were printed before are worth nothing; enrolled gateways keep connecting.
    """
    from edge.platform.clock import SystemClock
    from server.usecases.tls_files import renew, tls_files

    config = config_of(data)
    path = tls_files(config).certificate
    if renew(config, now_us=SystemClock().now_us(), with_new_key=new_key):
        said = sentence(
            "certificate_renewed", "{path} was issued anew; a running server takes it up by itself.", path=path
        )
    else:
        said = sentence("certificate_foreign", "{path} comes from your own CA: renew it there.", path=path)
    terminal.say(said)


def change_ca(*, finish: bool = False, leave_behind: bool = False, data: DataDir = DEFAULT_DATA) -> None:
    """Begin a new CA: gateways are given it beside the old one. With `--finish`, once all hold it, it takes over."""
    from edge.platform.clock import SystemClock
    from server.usecases.tls_files import begin_new_ca
    from server.usecases.tls_handover import finish_new_ca

    config, now_us = config_of(data), SystemClock().now_us()
    if not finish:
        begin_new_ca(config, now_us=now_us)
        said = sentence(
            "ca_begun",
            "A new CA is given to every gateway at its next word. `tallylight-server tls show` names those that do not "
            "hold it yet; when there is none, run this again with --finish.",
        )
    elif finish_new_ca(config, database_of(config), leave_behind=leave_behind, now_us=now_us):
        said = sentence(
            "ca_finished", "The new CA has taken over. Browsers need {path} anew.", path=config.keys_dir / "ca-cert.pem"
        )
    else:
        said = sentence("ca_none_begun", "No new CA was begun: run this without --finish first.")
    terminal.say(said)
