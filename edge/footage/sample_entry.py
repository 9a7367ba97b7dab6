"""What the header of an MP4 says of the pictures themselves: codec, size, and how their parts are counted.

Source: ISO/IEC 14496-12, 8.5.2; 14496-15, 5.3.3 (avcC) and 8.3.3 (hvcC).
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.footage.boxes import IndexDamagedError, boxes_inside

_FIRST_ENTRY = 8
_PICTURE_BYTES = 78
"""From the payload of a visual sample entry to the boxes in it."""
_CODECS = {
    b"avc1": "h264",
    b"avc3": "h264",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"dvh1": "hevc",
    b"dvhe": "hevc",
    b"mp4v": "mpeg4",
    b"jpeg": "mjpeg",
    b"mjpa": "mjpeg",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
}
"""By the names FFmpeg gives them; another stays unnamed."""
_SOUND_CODECS = {b"mp4a": "aac", b"Opus": "opus", b".mp3": "mp3", b"samr": "amr_nb", b"sawb": "amr_wb", b"ac-3": "ac3"}
"""Those that compress: a packet of nothing but zeros is none of theirs."""
_MPEG4_OBJECTS = {0x20: "mpeg4", 0x21: "h264", 0x6C: "mjpeg", **dict.fromkeys(range(0x60, 0x66), "mpeg2video")}
_DECODER_CONFIG = 4
"""The tag of the descriptor that names the codec. Source: ISO/IEC 14496-1, 7.2.6.6."""


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """The first description of a track. `codec`: None where it is not known here. `length_bytes`: how many bytes each
    NAL unit's length has, 0 where the samples have none. `config`: the codec's own record."""

    codec: str | None
    width_px: int
    height_px: int
    length_bytes: int
    config: bytes


def read_sample_entry(description: memoryview | None) -> SampleEntry | None:
    """The first entry of a description table; None where there is none that can be read."""
    if description is None or len(description) < _FIRST_ENTRY + 8:
        return None
    length = int.from_bytes(description[_FIRST_ENTRY : _FIRST_ENTRY + 4], "big")
    entry = description[_FIRST_ENTRY + 8 : _FIRST_ENTRY + length]
    kind = bytes(description[_FIRST_ENTRY + 4 : _FIRST_ENTRY + 8])
    if kind in _SOUND_CODECS or len(entry) < _PICTURE_BYTES:
        return SampleEntry(_SOUND_CODECS.get(kind), 0, 0, 0, b"")
    inside = _boxes(entry[_PICTURE_BYTES:])
    config, length_bytes = b"", 0
    codec = _CODECS.get(kind)
    if b"avcC" in inside and len(inside[b"avcC"]) > 4:
        config = bytes(inside[b"avcC"][:4096])
        length_bytes, codec = (config[4] & 3) + 1, "h264"
    elif b"hvcC" in inside and len(inside[b"hvcC"]) > 21:
        config = bytes(inside[b"hvcC"][:4096])
        length_bytes, codec = (config[21] & 3) + 1, "hevc"
    elif b"esds" in inside:
        codec = _mpeg4_object(bytes(inside[b"esds"]))
    width_px, height_px = (int.from_bytes(entry[at : at + 2], "big") for at in (24, 26))
    return SampleEntry(codec, width_px, height_px, 0 if length_bytes == 3 else length_bytes, config)


def _mpeg4_object(descriptors: bytes) -> str | None:
    """The codec an elementary stream descriptor names: version, tag 3, length, id and flags, tag 4, length, codec."""
    at = 4
    for skipped in (3, 0):
        if at >= len(descriptors) or descriptors[at] not in (3, _DECODER_CONFIG):
            return None
        at += 1
        while at < len(descriptors) and descriptors[at] & 0x80:
            at += 1
        at += 1 + skipped
    return _MPEG4_OBJECTS.get(descriptors[at]) if at < len(descriptors) else None


def _boxes(data: memoryview) -> dict[bytes, memoryview]:
    found: dict[bytes, memoryview] = {}
    try:
        for kind, payload in boxes_inside(data):
            found.setdefault(kind, payload)
    except IndexDamagedError:
        return found  # what stands behind the codec's record does not matter here
    return found
