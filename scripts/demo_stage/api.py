"""The server's HTTP API as the demo uses it: signed in as a supervisor, reading what anyone in that role can read."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from demo_stage.programs import StageError
from demo_stage.truth import CLOSED_STATES, Seen, SeenFinding, Truth
from edge.contract.instants import parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.sentences import sentence

_PAGE = 200


class ApiError(StageError):
    """The server answered something else than expected."""

    def __init__(self, *, path: str, answer: httpx.Response) -> None:
        super().__init__(
            sentence(
                "demo_api",
                "{path}: the server answered {status}: {text}",
                path=path,
                status=answer.status_code,
                text=answer.text[:300],
            )
        )
        self.path, self.status = path, answer.status_code


class Api:
    """One signed-in session. Use as a context manager."""

    def __init__(self, url: str, *, ca_file: Path | None = None) -> None:
        """`ca_file`: PEM of the CA of a server that speaks TLS."""
        verify = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False, verify=verify)
        self._csrf = ""

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ready(self) -> bool:
        """Whether the server says that it can work."""
        try:
            return self._http.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def sign_in(self, name: str, password: str) -> None:
        """Raises ApiError where name and password are refused."""
        self._csrf = str(self.post("/api/v1/session", {"name": name, "password": password})["csrf_token"])

    def get(self, path: str, **query: str | int) -> Any:
        """The JSON of a resource. Raises ApiError."""
        return self._get(path, query).json()

    def get_bytes(self, path: str) -> bytes:
        """A resource byte for byte. Raises ApiError."""
        return self._get(path, {}).content

    def post(self, path: str, content: Mapping[str, Any]) -> Any:
        """Post JSON. Raises ApiError."""
        answer = self._http.post(path, json=content, headers={"X-CSRF-Token": self._csrf})
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise ApiError(path=path, answer=answer)
        return answer.json()

    def post_form(self, path: str, fields: Mapping[str, str]) -> None:
        """Send a page's form. Raises ApiError where the page does not lead on."""
        answer = self._http.post(path, data={**fields, "csrf_token": self._csrf})
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise ApiError(path=path, answer=answer)

    def pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        after: str | None = ""
        while after is not None:
            page = self.get(path, limit=_PAGE, **query, **({"after": after} if after else {}))
            yield from page["items"]
            after = page["next"]

    def _get(self, path: str, query: Mapping[str, str | int]) -> httpx.Response:
        answer = self._http.get(path, params=dict(query))
        if answer.status_code != httpx.codes.OK:
            raise ApiError(path=path, answer=answer)
        return answer


def read_seen(api: Api, truth: Truth) -> Seen:
    """What the server says now about everything the truth speaks of."""
    days = {
        officer: api.get(f"/api/v1/officers/{officer}/days/{truth.day}") for officer in truth.duty_officers.values()
    }
    return Seen(
        findings=open_findings(api),
        coverage={device: _coverage(api, device, truth) for device in truth.coverage},
        duty_states={
            duty["number"]: frozenset(stretch["state"] for stretch in duty["stretches"])
            for day in days.values()
            for duty in day["duties"]
        },
    )


def open_findings(api: Api) -> list[SeenFinding]:
    """All findings that are not withdrawn or rectified."""
    return [_finding(item) for item in api.pages("/api/v1/findings") if item["state"] not in CLOSED_STATES]


def count_links(api: Api) -> int:
    """Links between clips and cases that are proposed or confirmed."""
    cases = [case["number"] for case in api.pages("/api/v1/cases")]
    links = [link for number in cases for link in api.get(f"/api/v1/cases/{number}")["links"]]
    return sum(link["state"] in {"proposed", "confirmed"} for link in links)


def public_site_numbers(api: Api) -> frozenset[str]:
    """The sites that the public list names."""
    features = api.get("/sites.geojson")["features"]
    return frozenset(str(feature["properties"]["site_number"]) for feature in features)


def _coverage(api: Api, device: str, truth: Truth) -> list[TimeInterval]:
    day_start, day_end = f"{truth.day}T00:00:00+08:00", f"{truth.day}T23:59:59+08:00"
    answer = api.get(f"/api/v1/devices/{device}/coverage", **{"from": day_start, "until": day_end})
    return [_interval(pair) for pair in answer["recorded"]]


def _finding(item: Mapping[str, Any]) -> SeenFinding:
    there = item["from"] is not None and item["until"] is not None and item["from"] < item["until"]
    return SeenFinding(
        kind=item["kind"],
        cause=item["cause"],
        device=item["device_number"],
        officer=item["officer_number"],
        duty=item["duty_number"],
        interval=_interval([item["from"], item["until"]]) if there else None,
    )


def _interval(pair: list[str]) -> TimeInterval:
    return TimeInterval(parse_rfc3339(pair[0]), parse_rfc3339(pair[1]))
