"""What no schema can say: connections, signatures, counters, the order of acts, limits. Figures come from the code."""

from __future__ import annotations

from edge.contract import dsse, events, messages, wire_model
from edge.contract.enrolment import ENROLMENT_PATH
from edge.contract.inspection import FaultCode, ReferenceState, SoundState, ViewState
from edge.contract.instants import MICROS_PER_HOUR
from edge.contract.topics import ROOT
from edge.domain import upload
from edge.domain.uplink import LEAST_ROOM_BYTES, MOST_ROOM_BYTES, ROOM_S
from edge.transport.links import MOST_WAITING
from server.config import IngestConfig
from server.domain import presence
from server.usecases.enrol_gateway import CODE_LIFE_US
from wire_document.order_prose import ORDER, STORAGE

_INGEST, _MIB = IngestConfig(), 1 << 20
_TOPIC_ID = "^[a-z0-9-]{8,40}$"
PARAMETERS = {
    "gateway": (_TOPIC_ID, "The gateway's id, from its enrolment; also its user name at the broker."),
    "worker": (_TOPIC_ID, "The ingest worker's id, from the grant."),
    "upload": ("^[0-9]{1,16}$", "The fence, from the grant: a number that rises over all grants of the server."),
    "index": ("^[0-9]{1,16}$", "Which chunk: its first byte is index x chunk_bytes."),
    "check": ("^[0-9a-f]{16}$", "First 64 bits of BLAKE3 over the payload, lower-case hex."),
}

ENROLMENT = f"""\
A person types in a code, `TL1-SECRET-FINGERPRINT`: both parts are RFC 4648 base32 without padding, of 16 random bytes
(26 characters) and of the SHA-256 of the server's TLS key (32 bytes, 52 characters). Lower case and spaces around it
are forgiven by turning it to capitals. The code serves once, for {CODE_LIFE_US // MICROS_PER_HOUR} hours.

1. Make an Ed25519 key and an installation id (form of an id, above); both durable before anything is sent.
2. Connect to the address the person names, TLS 1.3, asking no CA; compare the SHA-256 of the certificate's
   SubjectPublicKeyInfo (DER) with the fingerprint. Different: send nothing.
3. POST {ENROLMENT_PATH} (JSON): `secret` as in the code, in capitals; `public_key`, base64 of its 32 raw bytes;
   `proof`, base64 of the signature over the UTF-8 text `tallylight enrolment`, line feed, secret, line feed,
   public_key (no line feed at its end; the last two as they stand in the request).
4. Status 200: check that `key_set` is signed by one of the keys it names itself (the TLS fingerprint vouches for it),
   keep the whole answer durably. 403: refused, the code says why; nothing was changed. 422: the request has not the
   form of its schema. 429 and 5xx: the same code
   with the same key may be sent again, also after a lost answer: it gets the same answer.
"""

_CONNECTIONS = f"""\
This document alone is meant to be enough to write another gateway. It describes the gateway's side: a `send` goes up,
a `receive` comes down. Must and never are meant literally. **Nothing but the server's application messages
acknowledges anything**: the broker may lose, repeat, reorder and delay, and a PUBACK proves nothing.

Two MQTT connections to the same broker with the same user (gateway id) and password: *control* (subscribes to
`{ROOT}/down/GATEWAY/#` at QoS 1 and sends all events) and *bulk* (subscribes to nothing and sends chunks), so that no
word waits behind footage. MQTT 3.1.1, or 5 where the broker answers it. Clean start (clean session), no will, nothing
retained (a retained message is somebody else's: drop it), events at QoS 1, chunks at 0, keep-alive 15 s, TCP_NODELAY,
a new random client id at every connection (user name, a minus, 32 hex digits), never a replay of what an earlier
connection had in flight. An unanswered CONNECT is given up after 5 s. Pause between attempts: 0.2 s, doubled up to 10
s; a login that is refused is tried again the same way, since the broker learns of a new gateway some seconds after
its enrolment. The broker lets a gateway publish under `{ROOT}/up/GATEWAY/` and `{ROOT}/data/WORKER/GATEWAY/` and
subscribe under `{ROOT}/down/GATEWAY/`; anything else is dropped or cuts the connection.
"""

_FORMS = f"""\
- *Id* (gateway, worker, installation, boot, docking, sighting): 8 to 40 of a-z, 0-9 and minus. Numbers of the field
  (device, duty, case) are text, kept as given, never in a topic.
- *Time*: RFC 3339 with an offset; we write UTC, six digits, Z. Interval: [start, end), two times. Byte range: [start,
  end).
- *clip_id*: first 32 hex digits of SHA-256 over (size as 8 bytes big endian, then the 32 bytes of the content's
  SHA-256).
- *Key id*: first 32 hex digits of SHA-256 over the 32 raw bytes of the Ed25519 public key. Hex is lower-case
  everywhere.
- Integers stay within 53 bits. Base64 is the standard alphabet with padding. JSON is UTF-8. No NaN.
- Unknown fields and unknown words in text fields (reasons, codes, states) are ignored or kept; missing optional
  fields mean their default. `type` is `tallylight.vMAJOR.KIND`: another MAJOR than {events.MAJOR_VERSION} is refused
  and told.
"""

_SIGNING = f"""\
Every control message is a CloudEvent 1.0 in structured JSON mode. `source` is `/gateways/GATEWAY`, `id` is
`BOOTID.COUNTER`; The server's `source` is `/server`, its bootid and counter are null.
`gatewayid` must be the gateway of the topic, the kind in `type` that of the topic.

Signed ones are the payload of a DSSE envelope. Signed bytes (PAE), all in one without line ends:
`DSSEv1` SP LEN(type) SP type SP LEN(payload) SP payload; LEN is the decimal number of bytes, type is payloadType in
UTF-8 (`{dsse.EVENT_PAYLOAD_TYPE}`, `{dsse.MANIFEST_PAYLOAD_TYPE}` or `{dsse.KEY_SET_PAYLOAD_TYPE}`), payload the
bytes before base64. Signature: Ed25519 over that. There is no canonical JSON: the payload's bytes are signed as they
are, and kept and passed on as they came; never parse and write them anew. **payloadType must be the envelope's first
member**: a reader tells an envelope from a bare event by it. The key id inside the payload (`keyid`; in a manifest
`key_id`) must be the signing key's; the envelope's own keyid is only a hint where to look.

The gateway signs hello, report, events, offer and, as an envelope of its own within report and offer, the manifest.
The server signs receipt, noted, register and permanent refusals. status, holding, grant, have and other refusals are
bare. What should be signed and is not, or does not verify, or names another gateway, kind or key, is set aside
without an answer by either side; a gateway tells it as an event `message_set_aside`, at most once a minute for each
reason.

*boot id*: a new one at each start of the program. *counter*: counts up within a boot over all kinds, manifests too,
and is never given twice; it is at most 2147483647. (gateway, bootid, counter) names a message: said again, it is the
same bytes. Two boots of one gateway that speak at the same time (more than {presence.OVERLAP_S:g} s after the later
one's hello) are taken for two machines: the later one is refused (`gateway_cloned`) until the other was silent for
{presence.SILENCE_S:g} s.
"""

_KEYS = f"""\
The key set names all keys of the server, past ones too, as the payload of an envelope. The first comes with the
enrolment. A later one (`key_sets` of a register, oldest first) is taken if its number is exactly one higher, it is
signed by a key of the set held whose `until` is null, and it keeps every key of that set as it was (no key gone or
changed, no `until` changed once set). It is durable before it counts. A receipt counts if its key was in use at
`sealed`; every other signed word only if its key's `until` is null in the newest set. A message by an unknown key may
wait ({MOST_WAITING} of them) until a register brings the key. A server that lost its keys needs every gateway to be
enrolled anew.
"""

_LIMITS = f"""\
- Control message: {wire_model.MAX_CONTROL_BYTES} bytes, envelope and all. Chunk: the grant's chunk_bytes (usually
  {_INGEST.chunk_bytes}). Nothing larger is ever sent.
- A clip: 2^50 bytes. Held ranges in one message: 20000. Bad chunks in one have: 1000.
- Report: {messages.MAX_FILES_PER_REPORT} files. Events: 200. Noted: {messages.MAX_NOTED} items. Holding:
  {messages.MAX_COMPARED} contents.
- Uploads side by side: 4 is usual. Chunks handed to the connection and not yet taken by the broker: about {ROOM_S:g}
  s of what the link takes, {LEAST_ROOM_BYTES // _MIB} to {MOST_ROOM_BYTES // _MIB} MiB. All other sizes stand in the
  schemas.
- A gateway's share (settings): {_INGEST.waiting_clips} clips announced and not sealed, and in a day
  {_INGEST.record_bytes_day // _MIB} MiB of reports, events and manifests. Beyond it an offer is refused as `busy`, a
  report or events message stays unnoted; both are said again later. Reports have nine tenths of it: send clips, and
  there is room.
- Silence at the server: a grant without progress lapses after {_INGEST.grant_idle_s:g} s; its bytes stay, and the
  next offer finds them.
"""

_WORDS = f"""\
Text today, and open to more: file faults {", ".join(FaultCode)}; views {", ".join(ViewState)}; sound
{", ".join(SoundState)}; views against their reference {", ".join(ReferenceState)}. A gateway that does not look
leaves `view`, `sound` and `reference` out: that says nothing, and is not taken for `seeing`. The least inspection is
a verdict. `capture.start` null goes with start_source none. No stretch and no interval ends before it begins.
Originals are never corrected: the device's own clock stays in `capture`, and what was measured of it stands in
`clock` (offset = device minus gateway). `time_zone` is an IANA name.
"""

_VECTORS = """\
Every example is what programs really say, with keys for tests: the gateway's Ed25519 private key is the bytes 0 to
31, the server's 32 to 63. Ed25519 gives the same signature each time, so an implementation can be held against the
examples: sign the decoded payload's bytes and compare. Decoded payloads stand as examples at the schema named by
`x-content-schema`.
"""


def description() -> str:
    """The whole text, with a heading for each part."""
    silence = ORDER.format(
        silence_s=f"{upload.SILENCE_S:g}",
        round_trips=upload.ROUND_TRIPS_OF_SILENCE,
        longest_s=f"{upload.LONGEST_SILENCE_S:g}",
        forgotten=upload.OFFERS_UNTIL_THE_FENCE_IS_FORGOTTEN,
    )
    parts = {
        "Connections": _CONNECTIONS,
        "Forms": _FORMS,
        "Signatures, boot ids and counters": _SIGNING,
        "Enrolment": ENROLMENT,
        "Order of acts": silence,
        "What is on stable storage before which word": STORAGE,
        "Keys": _KEYS,
        "Limits": _LIMITS,
        "Words": _WORDS,
        "Examples are test vectors": _VECTORS,
    }
    return "\n".join(f"## {title}\n{text}" for title, text in parts.items())
