"""What each kind of message means, when it is said, and what must be so before it is."""

from __future__ import annotations

from edge.contract.messages import MAX_COMPARED, MAX_FILES_PER_REPORT, RefusalReason
from edge.contract.topics import DownKind, UpKind
from edge.domain.upload import RETRY_AFTER_S, SHORTEST_RETRY_S
from server.domain.receiving import MAX_BATCH_CHUNKS, MAX_BATCH_S
from server.usecases.receive_events import SERVER_CODES
from server.usecases.seal_clip import MOST_WRONG_BYTES

SUMMARY: dict[UpKind | DownKind, str] = {
    UpKind.HELLO: "First word of every pair of connections: who is there, and what it holds. Signed.",
    UpKind.STATUS: "How the gateway is; the only message that may be lost. Bare.",
    UpKind.REPORT: "A clip's manifest, or a docking with the list of its files; said until noted. Signed.",
    UpKind.EVENTS: "What happened and must not be lost; said until noted. Signed.",
    UpKind.OFFER: "A clip to upload; answered by grant, receipt or refusal. Signed.",
    UpKind.HOLDING: "Register and receipts held; with contents, a question which of them the server has. Bare.",
    DownKind.GRANT: "Leave to send a clip: fence, worker, chunk size, window, ranges held. Bare.",
    DownKind.HAVE: "All ranges of a clip that the server holds. Bare.",
    DownKind.RECEIPT: "The clip is sealed in its final store. Signed, and the only thing that ends an upload well.",
    DownKind.REFUSAL: "Not now (bare), or never (signed). Never releases or deletes anything.",
    DownKind.NOTED: "Which reports and events are durable at the server, and the answer to a holding. Signed.",
    DownKind.REGISTER: "One numbered snapshot of what this gateway needs; replaces the one before. Signed.",
}

OF_KIND: dict[UpKind | DownKind, str] = {
    UpKind.HELLO: """\
Say it once when both connections stand and the subscription is confirmed, before any other word; after either
connection breaks, make both anew and say it again. `installation_id` is chosen once, at the first start.
`register_number` is the number of the register held, 0 for none. `latest_act_*` are those of the receipt with the
highest act index ever held here, former receipts too; null where there was none: by it a server restored from an old
backup finds out. The event's `time` tells the server how far this clock is from its own. `clock_synchronised`:
whether a time service keeps it. Answered by a register unless the number is the current one.
""",
    UpKind.STATUS: """\
Every half minute or so while connected. Clips and bytes that wait for their receipts, since when the oldest waits,
and the room on the disk of the landing copies.
""",
    UpKind.REPORT: f"""\
`content.subject` is `clip` or `docking`. A clip's report carries its manifest's envelope (the very bytes that its
offer will carry) and is said as soon as the clip is inspected, before the bytes go and also where no offer will be
needed. A docking's report lists every file the device showed, landed (`clip_id`) or not (`reason`), from `docked` to
`until` by the gateway's clock; a list of more than {MAX_FILES_PER_REPORT} files goes in numbered parts with one
docking_id. Durable here before it is said; the same bytes are said again about every ten seconds until a noted names
(bootid, counter). Keep at most 16 messages or 4 MiB under way un-noted, oldest first. What was said three times in
vain goes behind the others: a server says nothing of what it cannot believe.
""",
    UpKind.EVENTS: f"""\
As a report: durable, said again until noted. `code` is a word of the gateway's own; unknown ones are kept as they
are. Codes that are the server's own are set aside: {", ".join(sorted(SERVER_CODES))}.
""",
    UpKind.OFFER: """\
Only for a clip that is landed: durable here, read back, hashed. Each offer is a new event (new counter) around the
same manifest envelope. `flagged` puts it before others in a person's eyes. A further meeting with a content that has
its receipt needs no offer; its sighting travels in a report.
""",
    UpKind.HOLDING: f"""\
Said after a register was made durable (at once: it is what stops the server from sending the register again). With
`contents` (at most {MAX_COMPARED}; act of the receipt held, or none) it asks for a comparison: after each connection
and every hour or so, newest receipts first. The answer is the missing receipts, each as a receipt, and a noted whose
`items` names this message and whose `compared` names what differs. Unanswered for 15 s: ask again, at most four
times.
""",
    DownKind.GRANT: """\
Take it if `clip_id` was offered and `upload` is higher than that of any grant of this clip before (the fence); else
drop it. It replaces everything known: `held` are the ranges to leave out, nothing is outstanding, serials begin anew.
A range beyond the clip's size means that both sides mean different clips: drop the grant, offer again later. A clip
of 0 bytes is never granted; its receipt comes at once. Where `held` is the whole clip, send nothing and wait for the
receipt.
""",
    DownKind.HAVE: f"""\
Take it if `upload` is that of the grant in force and `serial` is higher than the last one; else drop it. `held` is
complete, never an increment, and may shrink: it is the only truth about what arrived. A chunk is outstanding from
when it was sent until a have covers it; one named in `bad_chunks` (its check failed) or no longer covered is sent
again. Afterwards outstanding bytes may be up to `window_bytes`, one chunk in any case. The server answers at the
latest every {MAX_BATCH_CHUNKS} chunks or {MAX_BATCH_S:g} s, and when half a window came. Ranges named were written
and flushed before.
""",
    DownKind.RECEIPT: """\
Before it counts, all of these must hold: the signature, by a key of the key set that was in use at `sealed` (its
`until` is null or later); `clip_id`, `size_bytes` and `sha256` are those of the copy here; `act_index` and `act_hash`
are there, and no receipt of another clip held here names that act index. Then the envelope is kept, byte for byte as
it came, durably; only afterwards may a copy be released by its rule. The first receipt kept stays; the same may come
any number of times. It may name another gateway (`gatewayid`, `gateway_id`): a content is sealed once, and its stored
bytes go to all who offer it. A receipt that fails is dropped and told as an event `receipt_refused`; the clip is
offered again.
""",
    DownKind.REFUSAL: f"""\
Bare and not permanent: offer again after `retry_after_s` (at least {SHORTEST_RETRY_S:g} s; {RETRY_AFTER_S:g} s where
it is null). It counts only while an offer waits for its answer; while sending it is late, and dropped. Signed and
permanent: do not offer that clip again, keep its bytes, tell a person. Permanent and unsigned: drop it. Reasons known
today: {", ".join(RefusalReason)}; others are to be read by `permanent` and `retry_after_s` alone. hash_differs comes
after {MOST_WRONG_BYTES} times all bytes: after the first the server says a have with nothing held.
""",
    DownKind.NOTED: """\
Each item names a report or events message by the (bootid, counter) of its event: from now on it need not be said
again, and may leave the outbox once that is durable here. With `compared` it is the answer to the holding that `items`
names: contents in `not_held` carry receipts this server's history does not have (keep each as a former receipt, offer
the clip anew, tell it as an event); those in `unknown` were never heard of (report and offer them); all others it has
as they were named. `forgotten`, where it is not null: the server is a backup made at its start and put back at its
end. Once for each such interval say again what was noted since a day before its start: reports of dockings and events
as they were (same bytes, same name; keep them for it, as many as fit), and a report of each manifest made since.
""",
    DownKind.REGISTER: """\
Taken if its number is higher than that of the one held; the envelope is kept as it came. `key_sets` are followed
first, before the signature is looked at (see Keys). `broker_ca_pem`, where it is not empty, is trusted at the broker
from the next connection on, in place of what was trusted; it must be durable before the holding that answers.
`flagged_clips` go first. Duties name devices and times, never persons.
""",
}

CHUNK = """\
`upload` and `worker` are those of the grant in force. `index` counts from 0 in steps of the grant's chunk_bytes;
`check` is the first 64 bits of BLAKE3 over the payload, 16 lower-case hex digits. Lowest missing index first. The
payload is read from the landed copy. A chunk of another grant, of a wrong length or at a wrong place is dropped
without a word; one whose check fails is named in the next have. They go at QoS 0; QoS 1 is
taken as well and costs both ends more: its PUBACK says only that the link is not stuck. Let little wait in the
operating system (Linux: TCP_NOTSENT_LOWAT of 128 KiB), so that what has left is nearly on the wire.
"""
