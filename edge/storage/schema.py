"""The journal's tables. Times are integer UTC microseconds; booleans are 0 or 1.

A content is one file's bytes (one clip); a sighting is one meeting with it. Content states: landed, offered, sending,
receipted, refused; `landing_name` NULL means that the landing copy was released. A seen file is in exactly one state:
resting, landed, listed (with the reason). Deleted are seen files that are gone from their source, and messages of the
outbox that the server has noted; `noted_us` was set by older releases, which kept them. Those that nothing else here
says (dockings, events) go to `told_message`, bounded by bytes, for a server that is restored from a backup.

Every question a running agent or `status` asks again and again has its index, so that its price follows what waits and
never what was. `content.device` is the device of the first inspected sighting ("": unknown; NULL: none inspected yet);
A former receipt is one that the server, by its signed word, does not know (any more); its content waits again.
`tally` counts contents per device (scope `device:NUMBER`, `device:` for what names none) and in all (scope `all`).
"""

SCHEMA_VERSION = 5

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE boot (
  boot_id TEXT PRIMARY KEY, started_us INTEGER NOT NULL, next_counter INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE content (
  clip_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, size_bytes INTEGER NOT NULL,
  landing_name TEXT, state TEXT NOT NULL, landed_us INTEGER NOT NULL, flagged INTEGER NOT NULL DEFAULT 0,
  receipt BLOB, act_index INTEGER, act_hash TEXT, receipted_us INTEGER,
  refusal_reason TEXT, refused_us INTEGER, retry_at_us INTEGER,
  device TEXT, is_sighted INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE docking (
  docking_id TEXT PRIMARY KEY, source TEXT NOT NULL, folder TEXT NOT NULL, device TEXT,
  docked_us INTEGER NOT NULL, until_us INTEGER NOT NULL, statement_sha256 TEXT NOT NULL,
  offset_us INTEGER, offset_uncertainty_us INTEGER, offset_measured_us INTEGER, gateway_synchronised INTEGER,
  battery_percent REAL, free_bytes INTEGER, total_bytes INTEGER, reported INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE seen_file (
  source TEXT NOT NULL, path TEXT NOT NULL, size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
  generation INTEGER NOT NULL DEFAULT 1, state TEXT NOT NULL, reason TEXT, clip_id TEXT, docking_id TEXT,
  rested_since_us INTEGER NOT NULL, beside TEXT, PRIMARY KEY (source, path)
) STRICT;

CREATE TABLE sighting (
  sighting_id TEXT PRIMARY KEY, clip_id TEXT NOT NULL REFERENCES content (clip_id), docking_id TEXT NOT NULL,
  device TEXT, file_name TEXT NOT NULL, path TEXT NOT NULL, source TEXT NOT NULL,
  seen_us INTEGER NOT NULL, modified_us INTEGER NOT NULL, generation INTEGER NOT NULL,
  sidecar BLOB, inspection TEXT, manifest BLOB, inspected_us INTEGER,
  UNIQUE (source, path, generation)
) STRICT;

CREATE TABLE outbox (
  boot_id TEXT NOT NULL, counter INTEGER NOT NULL, kind TEXT NOT NULL, message BLOB NOT NULL,
  made_us INTEGER NOT NULL, noted_us INTEGER, PRIMARY KEY (boot_id, counter)
) STRICT;

CREATE TABLE register_copy (number INTEGER PRIMARY KEY, envelope BLOB NOT NULL, received_us INTEGER NOT NULL) STRICT;
"""

_FROM_1 = """
ALTER TABLE content ADD COLUMN refused_us INTEGER;
ALTER TABLE content ADD COLUMN device TEXT;
ALTER TABLE content ADD COLUMN is_sighted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE seen_file ADD COLUMN beside TEXT;
UPDATE content SET
  is_sighted = EXISTS (SELECT 1 FROM sighting AS s WHERE s.clip_id = content.clip_id),
  device = (SELECT coalesce(s.device, '') FROM sighting AS s WHERE s.clip_id = content.clip_id
            AND s.manifest IS NOT NULL ORDER BY s.seen_us, s.sighting_id LIMIT 1);
UPDATE content SET refused_us = 0, retry_at_us = 0 WHERE state = 'refused';
DROP INDEX content_by_state;
DROP INDEX docking_by_folder;
DROP INDEX sighting_uninspected;
DROP INDEX sighting_by_clip;
DROP INDEX outbox_waiting;
"""

_INDEXES = """
CREATE TABLE tally (scope TEXT PRIMARY KEY, clips INTEGER NOT NULL, receipted INTEGER NOT NULL) STRICT;

CREATE INDEX content_by_state ON content (state, landed_us, clip_id, size_bytes);
CREATE INDEX content_by_size ON content (size_bytes);
CREATE INDEX content_by_act ON content (act_index) WHERE act_index IS NOT NULL;
CREATE INDEX content_by_receipt ON content (receipted_us) WHERE receipted_us IS NOT NULL;
CREATE INDEX content_ready ON content (device, size_bytes, clip_id)
  WHERE retry_at_us IS NULL AND landing_name IS NOT NULL AND state IN ('landed', 'offered', 'sending');
CREATE INDEX content_flagged ON content (device, size_bytes, clip_id)
  WHERE flagged = 1 AND retry_at_us IS NULL AND landing_name IS NOT NULL AND state IN ('landed', 'offered', 'sending');
CREATE INDEX content_put_off ON content (retry_at_us) WHERE retry_at_us IS NOT NULL;
CREATE INDEX content_refusals ON content (state, refusal_reason, clip_id) WHERE refusal_reason IS NOT NULL;
CREATE INDEX content_here ON content (clip_id) WHERE landing_name IS NOT NULL;
CREATE INDEX content_lost ON content (clip_id) WHERE landing_name IS NULL AND state <> 'receipted';
CREATE INDEX content_to_drop ON content (receipted_us, clip_id, size_bytes)
  WHERE state = 'receipted' AND landing_name IS NOT NULL;
CREATE INDEX content_unsighted ON content (landed_us) WHERE is_sighted = 0;

CREATE INDEX docking_by_statement ON docking (source, folder, statement_sha256, reported, until_us);
CREATE INDEX docking_by_device ON docking (device, source, statement_sha256, docked_us);
CREATE INDEX docking_last ON docking (device, until_us, docking_id);
CREATE INDEX docking_last_reported ON docking (device, until_us) WHERE reported = 1;
CREATE INDEX docking_unreported ON docking (until_us, docking_id) WHERE reported = 0;

CREATE INDEX seen_file_by_clip ON seen_file (clip_id) WHERE clip_id IS NOT NULL;
CREATE INDEX seen_file_by_docking ON seen_file (docking_id) WHERE docking_id IS NOT NULL;
CREATE INDEX seen_file_resting ON seen_file (source, path) WHERE state = 'resting';
CREATE INDEX seen_file_listed ON seen_file (reason, path) WHERE reason IS NOT NULL;

CREATE INDEX sighting_by_clip ON sighting (clip_id, seen_us, sighting_id);
CREATE INDEX sighting_by_time ON sighting (seen_us);
CREATE INDEX sighting_uninspected ON sighting (seen_us, sighting_id) WHERE manifest IS NULL;
CREATE INDEX sighting_uninspected_of_docking ON sighting (docking_id) WHERE manifest IS NULL;

CREATE INDEX outbox_waiting ON outbox (made_us, boot_id, counter) WHERE noted_us IS NULL;
"""

_TALLIES = """
INSERT INTO tally SELECT 'all', count(*), coalesce(sum(state = 'receipted'), 0) FROM content;
INSERT INTO tally SELECT 'device:' || coalesce(met.device, ''), count(*), sum(content.state = 'receipted')
  FROM (SELECT DISTINCT device, clip_id FROM sighting) AS met JOIN content USING (clip_id) GROUP BY met.device;
INSERT OR IGNORE INTO tally SELECT DISTINCT 'device:' || device, 0, 0 FROM docking WHERE device IS NOT NULL;
"""

_VIEW_HISTORY = """
CREATE INDEX sighting_of_device ON sighting (device, modified_us) WHERE inspection IS NOT NULL;
"""

_FORMER_RECEIPTS = """
CREATE TABLE former_receipt (
  clip_id TEXT NOT NULL, act_index INTEGER NOT NULL, act_hash TEXT NOT NULL, receipt BLOB NOT NULL,
  receipted_us INTEGER NOT NULL, disowned_us INTEGER NOT NULL, PRIMARY KEY (act_index, clip_id, act_hash)
) STRICT;
"""

_TOLD_MESSAGES = """
CREATE TABLE told_message (
  boot_id TEXT NOT NULL, counter INTEGER NOT NULL, kind TEXT NOT NULL, message BLOB NOT NULL,
  made_us INTEGER NOT NULL, noted_us INTEGER NOT NULL, PRIMARY KEY (boot_id, counter)
) STRICT;
"""

SCHEMA = _TABLES + _INDEXES + _TALLIES + _VIEW_HISTORY + _FORMER_RECEIPTS + _TOLD_MESSAGES
UPGRADES = {1: _FROM_1 + _INDEXES + _TALLIES, 2: _VIEW_HISTORY, 3: _FORMER_RECEIPTS, 4: _TOLD_MESSAGES}
"""From each older version: the statements that make it the version after it."""
