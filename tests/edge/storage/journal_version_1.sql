-- The tables as the first release made them; never changed again.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE boot (
  boot_id TEXT PRIMARY KEY, started_us INTEGER NOT NULL, next_counter INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE content (
  clip_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, size_bytes INTEGER NOT NULL,
  landing_name TEXT, state TEXT NOT NULL, landed_us INTEGER NOT NULL, flagged INTEGER NOT NULL DEFAULT 0,
  receipt BLOB, act_index INTEGER, act_hash TEXT, receipted_us INTEGER,
  refusal_reason TEXT, retry_at_us INTEGER
) STRICT;
CREATE INDEX content_by_state ON content (state, flagged, size_bytes);

CREATE TABLE docking (
  docking_id TEXT PRIMARY KEY, source TEXT NOT NULL, folder TEXT NOT NULL, device TEXT,
  docked_us INTEGER NOT NULL, until_us INTEGER NOT NULL, statement_sha256 TEXT NOT NULL,
  offset_us INTEGER, offset_uncertainty_us INTEGER, offset_measured_us INTEGER, gateway_synchronised INTEGER,
  battery_percent REAL, free_bytes INTEGER, total_bytes INTEGER, reported INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX docking_by_folder ON docking (source, folder, docked_us);

CREATE TABLE seen_file (
  source TEXT NOT NULL, path TEXT NOT NULL, size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
  generation INTEGER NOT NULL DEFAULT 1, state TEXT NOT NULL, reason TEXT, clip_id TEXT, docking_id TEXT,
  rested_since_us INTEGER NOT NULL, PRIMARY KEY (source, path)
) STRICT;

CREATE TABLE sighting (
  sighting_id TEXT PRIMARY KEY, clip_id TEXT NOT NULL REFERENCES content (clip_id), docking_id TEXT NOT NULL,
  device TEXT, file_name TEXT NOT NULL, path TEXT NOT NULL, source TEXT NOT NULL,
  seen_us INTEGER NOT NULL, modified_us INTEGER NOT NULL, generation INTEGER NOT NULL,
  sidecar BLOB, inspection TEXT, manifest BLOB, inspected_us INTEGER,
  UNIQUE (source, path, generation)
) STRICT;
CREATE INDEX sighting_by_clip ON sighting (clip_id);
CREATE INDEX sighting_uninspected ON sighting (seen_us) WHERE manifest IS NULL;

CREATE TABLE outbox (
  boot_id TEXT NOT NULL, counter INTEGER NOT NULL, kind TEXT NOT NULL, message BLOB NOT NULL,
  made_us INTEGER NOT NULL, noted_us INTEGER, PRIMARY KEY (boot_id, counter)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (made_us) WHERE noted_us IS NULL;

CREATE TABLE register_copy (number INTEGER PRIMARY KEY, envelope BLOB NOT NULL, received_us INTEGER NOT NULL) STRICT;
PRAGMA user_version = 1;
