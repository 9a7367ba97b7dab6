"""The order in which a gateway acts, and what must be durable before it says a word."""

from __future__ import annotations

ORDER = """\
1. Connect both; subscribe; hello. Nothing else before. The server answers with a register where the number is stale;
   keep it, say holding.
2. For each clip: landed (durable, read back, hashed) -> manifest signed and durable -> report -> offer.
3. Answer to an offer: **grant** (send), **receipt** (it is sealed already) or **refusal**.
4. Under a grant: send missing chunks, lowest first, while outstanding bytes (sent, not covered by a have) and the
   next chunk fit the window; one chunk always fits. Each have may free window, name bad chunks, or shrink what is
   held.
5. There is no word for "finished": when all ranges are held and the hash read back from the server's disk is the
   manifest's, the **receipt** comes. Hash differs: a have with nothing held, all bytes once more; then a permanent
   refusal.
6. **Silence**: nothing moved (no grant, no have that covered or asked for a chunk) for longer than the greater of
   {silence_s} s and {round_trips} round trips (offer to grant), and no chunk is waiting to leave (at QoS 1: for
   its PUBACK): offer again with nothing outstanding. Each offer in vain since the ranges last grew doubles the
   patience, up to {longest_s} s. After {forgotten} in vain the fence is forgotten: any grant of the clip counts again,
   since a server restored from a backup counts from lower.
7. **Fence**: the highest `upload` of a clip wins. Chunks, haves and grants of lower ones are dropped by both sides.
8. After a broken connection: both anew, hello, all open clips offered again with nothing outstanding, all un-noted
   reports and events said again, contents compared by holding.
9. Priority: flagged clips, then small ones before large ones, devices in turn. Reports and events are never held back
   by bulk.
"""

STORAGE = """\
Durable: a file is written under a temporary name, fsync, rename, fsync of its folder; a row is committed with the
database's full synchronisation. An fsync that failed is never tried again on the same descriptor: write anew from the
source.

| before | the gateway must have, durably |
|---|---|
| the enrolment request | its private key, its installation id |
| the first connection | gateway id, broker access, key set |
| a report or offer of a clip | the clip's bytes, read back with the same SHA-256; the manifest's envelope |
| saying a report or events for the first time | its bytes, to say the same again |
| forgetting a report or events | the noted that names it |
| holding after a register | the register's envelope, and its broker_ca_pem |
| releasing any copy | the verified receipt's envelope, and its own rule (a day at least, no hold, no clock in doubt) |
| using a counter | that it is never used again in this boot (a new boot id serves as well) |

| the server has, durably, before | |
|---|---|
| grant | the offer, the manifest, its signature checked |
| have | every range named, flushed |
| receipt | the bytes in their final place, read back with the manifest's hash; seal, act and receipt in one step |
| noted | the report's or events' rows |
"""
