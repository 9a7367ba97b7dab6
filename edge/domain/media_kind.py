"""Is it a medium, and which: by the first bytes and by the extension of the name. Neither is believed alone."""

from __future__ import annotations

from enum import StrEnum

HEAD_BYTES = 1024
"""As many first bytes as `container_of_magic` wants to see."""


class Container(StrEnum):
    """A family of file formats that share a structure."""

    MP4 = "mp4"
    MATROSKA = "matroska"
    MPEG_TS = "mpegts"
    AVI = "avi"
    FLV = "flv"
    ASF = "asf"
    MPEG_PS = "mpeg"
    RAW_VIDEO = "raw_video"
    OGG = "ogg"
    WAV = "wav"
    MP3 = "mp3"
    AAC = "aac"
    AMR = "amr"


SOUND_ONLY = frozenset({Container.WAV, Container.MP3, Container.AAC, Container.AMR})
"""Here a missing picture is no fault."""

_BY_EXTENSION = {
    "mp4": Container.MP4,
    "m4v": Container.MP4,
    "m4a": Container.MP4,
    "mov": Container.MP4,
    "3gp": Container.MP4,
    "mkv": Container.MATROSKA,
    "webm": Container.MATROSKA,
    "ts": Container.MPEG_TS,
    "mts": Container.MPEG_TS,
    "m2ts": Container.MPEG_TS,
    "tts": Container.MPEG_TS,
    "avi": Container.AVI,
    "flv": Container.FLV,
    "wmv": Container.ASF,
    "asf": Container.ASF,
    "mpg": Container.MPEG_PS,
    "mpeg": Container.MPEG_PS,
    "ps": Container.MPEG_PS,
    "dav": Container.RAW_VIDEO,
    "h264": Container.RAW_VIDEO,
    "264": Container.RAW_VIDEO,
    "h265": Container.RAW_VIDEO,
    "265": Container.RAW_VIDEO,
    "m1v": Container.RAW_VIDEO,
    "m2v": Container.RAW_VIDEO,
    "ogv": Container.OGG,
    "ogg": Container.OGG,
    "wav": Container.WAV,
    "mp3": Container.MP3,
    "aac": Container.AAC,
    "amr": Container.AMR,
}
_MP4_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"moof", b"pnot"})
_PREFIXES = (
    (b"\x1a\x45\xdf\xa3", Container.MATROSKA),
    (b"FLV\x01", Container.FLV),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Container.ASF),
    (b"\x00\x00\x01\xba", Container.MPEG_PS),
    (b"DHAV", Container.RAW_VIDEO),
    (b"OggS", Container.OGG),
    (b"ID3", Container.MP3),
    (b"#!AMR", Container.AMR),
)
_MPEG_SEQUENCE, _MPEG_4_SEQUENCE = 0xB3, 0xB0
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
"""Packet length and place of the sync byte in it."""


def container_of_name(file_name: str) -> Container | None:
    """What the extension promises; None where it is no medium's."""
    _, dot, extension = file_name.rpartition(".")
    return _BY_EXTENSION.get(extension.lower()) if dot else None


def container_of_magic(head: bytes) -> Container | None:
    """What the first bytes (up to HEAD_BYTES) say; None where they are no medium's that is known here."""
    for prefix, container in _PREFIXES:
        if head.startswith(prefix):
            return container
    if head[4:8] in _MP4_BOXES:
        return Container.MP4
    if head.startswith(b"RIFF"):
        return {b"AVI ": Container.AVI, b"WAVE": Container.WAV}.get(head[8:12])
    if _has_ts_sync(head):
        return Container.MPEG_TS
    if head[:4] == b"\x00\x00\x00\x01" or head[:3] == b"\x00\x00\x01":
        return _raw_video(head)
    return _frame_sync(head)


def ts_begins_at(head: bytes) -> int | None:
    """Where the packets of a transport stream begin whose first one is torn; None where none can be made out."""
    for length, _ in _TS_PACKETS:
        for at in range(1, length + 1):
            places = range(at, len(head), length)
            if len(places) > 3 and all(head[place] == 0x47 for place in places):
                return at
    return None


def is_medium(file_name: str, head: bytes) -> bool:
    """Whether the file is to be landed, whatever is in it."""
    return container_of_name(file_name) is not None or container_of_magic(head) is not None


def _has_ts_sync(head: bytes) -> bool:
    for length, offset in _TS_PACKETS:
        places = range(offset, len(head), length)
        if len(places) >= 3 and all(head[place] == 0x47 for place in places):
            return True
    return False


def _raw_video(head: bytes) -> Container | None:
    """Annex B: after the start code a parameter set or delimiter of H.264 or H.265 comes first; of MPEG a sequence."""
    first = head[head.index(b"\x01") + 1] if len(head) > 4 else 0
    if first in (_MPEG_SEQUENCE, _MPEG_4_SEQUENCE):
        return Container.RAW_VIDEO
    is_h264 = first & 0x80 == 0 and first & 0x1F in (7, 9)
    is_h265 = (first >> 1) & 0x3F in (32, 33, 35) and first & 0x81 == 0
    return Container.RAW_VIDEO if is_h264 or is_h265 else None


def _frame_sync(head: bytes) -> Container | None:
    """ADTS and MPEG audio begin with a sync word of 11 or 12 bits; the rest must make sense, text must not pass."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 0x0F < 13:
        return Container.AAC
    is_layer_3 = head[1] & 0xE6 == 0xE2
    has_rate = head[2] >> 4 not in (0, 15) and (head[2] >> 2) & 3 != 3
    return Container.MP3 if is_layer_3 and has_rate else None
