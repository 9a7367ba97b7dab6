"""Figures of the ingest worker for Prometheus. No label carries a number of the field or a name."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

MESSAGES = Counter("tallylight_messages_total", "Control messages taken in, by kind", ["kind"], registry=REGISTRY)
SET_ASIDE = Counter("tallylight_set_aside_total", "Messages refused, by reason", ["reason"], registry=REGISTRY)
CHUNKS = Counter("tallylight_chunks_total", "Chunks, by what became of them", ["outcome"], registry=REGISTRY)
CHUNK_BYTES = Counter("tallylight_chunk_bytes_total", "Bytes of chunks written", registry=REGISTRY)
SEALED = Counter("tallylight_sealed_total", "Clips sealed", registry=REGISTRY)
QUARANTINED = Counter(
    "tallylight_quarantined_total", "Clips whose bytes were twice not those announced", registry=REGISTRY
)
REFUSALS = Counter("tallylight_refusals_total", "Offers refused, by reason", ["reason"], registry=REGISTRY)
OVER_LIMIT = Counter(
    "tallylight_over_limit_total", "Messages of gateways that were over a limit of theirs", ["limit"], registry=REGISTRY
)
OPEN_UPLOADS = Gauge("tallylight_open_uploads", "Grants in use", registry=REGISTRY)
QUEUED = Gauge("tallylight_queued_messages", "Messages received and not yet worked off", registry=REGISTRY)
FLUSH_SECONDS = Histogram("tallylight_flush_seconds", "Time from flush to the journalled ranges", registry=REGISTRY)
BROKER_UP = Gauge("tallylight_broker_up", "Whether the broker answered the last ping", registry=REGISTRY)
JUDGED = Counter("tallylight_judged_total", "Subjects judged", registry=REGISTRY)
