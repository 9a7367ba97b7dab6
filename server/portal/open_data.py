"""The public list as open data: GeoJSON (RFC 7946) and CSV, from the allow-list of public fields and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields

from starlette.requests import Request
from starlette.responses import Response

from server.pages.csv_out import csv_text
from server.usecases.views import PublicSite

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
PUBLIC_COLUMNS = tuple(field.name for field in fields(PublicSite))
_POSITION = ("longitude_deg", "latitude_deg")


def sites_csv(sites: Iterable[PublicSite]) -> str:
    """One row per site; columns are the fields of PublicSite. Dates are local dates, positions WGS 84 degrees."""
    return csv_text(PUBLIC_COLUMNS, ([getattr(site, name) for name in PUBLIC_COLUMNS] for site in sites))


def sites_geojson(sites: Iterable[PublicSite]) -> str:
    """One point feature per site; properties are the fields of PublicSite without the position."""
    features = [_feature(site) for site in sites]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))


def open_data_answer(request: Request, text: str, media_type: str, file_name: str) -> Response:
    """The bytes with their SHA-256 as ETag; 304 where the reader has them already."""
    body = text.encode()
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "ETag": f'"{digest}"',
        "Link": f'<{LICENCE}>; rel="license"',
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }
    if f'"{digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _feature(site: PublicSite) -> dict[str, object]:
    properties = {name: _plain(getattr(site, name)) for name in PUBLIC_COLUMNS if name not in _POSITION}
    return {
        "type": "Feature",
        "id": site.site_number,
        "geometry": {"type": "Point", "coordinates": [site.longitude_deg, site.latitude_deg]},
        "properties": properties,
    }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str) else str(value)
