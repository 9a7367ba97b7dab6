"""A gateway written from asyncapi.yaml alone enrols at the real server and brings clips to their receipts."""

from __future__ import annotations

import ast
import json
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from running_broker import free_port
from scripted_gateway import CLOCK, content_id, until
from served import ADMIN_PASSWORD, DynamicMosquitto, has_dynamic_security, new_context
from sqlalchemy import select

from edge.contract.events import open_down
from edge.contract.topics import DownKind
from edge.platform.signing import PublicKeys
from server.app import Server
from server.config import load_config
from server.store.tables import Act, Clip, ReportRow, SetAside
from server.usecases.enrol_gateway import invite_gateway
from server.usecases.set_up import set_up
from server.usecases.tls_files import tls_files, tls_fingerprint

pytestmark = pytest.mark.broker
PROGRAM = Path(__file__).parent / "document_gateway.py"
FORMS = PROGRAM.with_name("document_wire.py")


@dataclass
class Whole:
    """A whole server over TLS, pages and all."""

    server: Server

    def code(self, name: str = "foreign") -> str:
        context = self.server.context
        fingerprint = tls_fingerprint(tls_files(context.config).certificate)
        invitation = invite_gateway(
            context.db, name, unit_number=None, tls_fingerprint=fingerprint, by="test", now_us=CLOCK.now_us()
        )
        return str(invitation.code)

    def bring(self, folder: Path, code: str, clip: Path, *more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, PROGRAM, folder, self.server.config.url, code, clip, *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=folder.parent)


@pytest.fixture(params=["embedded", "mosquitto"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Whole]:
    folder, mosquitto = tmp_path / "server", None
    if request.param == "mosquitto":
        if not has_dynamic_security():
            pytest.skip("mosquitto with its dynamic-security plugin is not installed")
        (tmp_path / "broker").mkdir()
        mosquitto = DynamicMosquitto(tmp_path / "broker", free_port())
        set_up(folder, now_us=CLOCK.now_us(), port=free_port(3))
        mosquitto.tls = tls_files(load_config(folder))
        mosquitto.start()
        (tmp_path / "admin-password").write_text(ADMIN_PASSWORD)
        url = f"mqtts://127.0.0.1:{mosquitto.port}"
        new_context(folder, broker_url=url, password_file=tmp_path / "admin-password", tls=True).db.close()
    else:
        new_context(folder, tls=True).db.close()
    settings = folder / "server.toml"
    settings.write_text(settings.read_text().replace("# enabled = true", "enabled = false"))
    server = Server(load_config(folder))
    server.start()
    try:
        assert until(lambda: _answers(server.config.http.port))
        yield Whole(server)
    finally:
        server.stop()
        if mosquitto is not None:
            mosquitto.kill()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def clip_of(folder: Path, size_bytes: int, seed: int = 3) -> Path:
    clip = folder / f"clip-{seed}.mp4"
    clip.write_bytes(random.Random(seed).randbytes(size_bytes))
    return clip


def validator_of(schema: str) -> Draft7Validator:
    components = yaml.safe_load((Path(__file__).parents[2] / "asyncapi.yaml").read_text(encoding="utf-8"))["components"]
    return Draft7Validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def told(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert run.returncode == 0, run.stderr[-2000:]
    said: dict[str, Any] = json.loads(run.stdout)
    return said


def test_it_knows_nothing_of_the_programs_it_speaks_with() -> None:
    imported: set[str] = set()
    for node in [node for path in (PROGRAM, FORMS) for node in ast.walk(ast.parse(path.read_text()))]:
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"blake3", "cryptography", "document_wire", "paho"}


def test_it_brings_a_clip_to_its_receipt_and_its_report_is_noted(whole: Whole, tmp_path: Path) -> None:
    clip = clip_of(tmp_path, 5_000_000)
    said = told(whole.bring(tmp_path / "foreign", whole.code(), clip))
    assert said["register"] == 1
    assert {"register", "grant", "noted", "receipt"} <= set(said["heard"])
    context, clip_id = whole.server.context, content_id(clip.read_bytes())
    with context.db.reading() as session:
        sealed = session.get_one(Clip, clip_id)
        act = session.get_one(Act, said["receipt"]["act_index"])
        assert (sealed.state, act.hash) == ("sealed", said["receipt"]["act_hash"])
        assert context.clip_files.path_of(sealed.stored_path or "").read_bytes() == clip.read_bytes()
        assert len(session.scalars(select(ReportRow)).all()) == 1
        assert session.scalars(select(SetAside.reason)).all() == []
    validator_of("EnrolmentAnswer").validate(json.loads((tmp_path / "foreign" / "answer.json").read_bytes()))
    kept = (tmp_path / "foreign" / f"{clip_id}.receipt").read_bytes()
    keys = PublicKeys({context.signer.key_id: context.signer.public_bytes})
    assert open_down(kept, DownKind.RECEIPT, gateway_id=said["receipt"]["gateway_id"], verifier=keys).signed


def test_a_chunk_that_came_damaged_is_named_and_sent_again(whole: Whole, tmp_path: Path) -> None:
    clip = clip_of(tmp_path, 3_000_000)
    said = told(whole.bring(tmp_path / "foreign", whole.code(), clip, "--spoil", "2"))
    assert said["bad"] == [2]
    assert said["sent"] == 7


def test_after_silence_it_offers_again_and_only_what_is_missing_goes_under_the_new_fence(
    whole: Whole, tmp_path: Path
) -> None:
    clip = clip_of(tmp_path, 3_000_000)
    said = told(whole.bring(tmp_path / "foreign", whole.code(), clip, "--lose", "1"))
    assert said["sent"] == 6
    assert len(said["fences"]) == 2
    assert said["fences"] == sorted(said["fences"])
    assert said["first_held"] == [[0, 524_288], [1_048_576, 3_000_000]]


def test_a_code_serves_once(whole: Whole, tmp_path: Path) -> None:
    clip, code = clip_of(tmp_path, 1000), whole.code()
    told(whole.bring(tmp_path / "first", code, clip))
    assert whole.bring(tmp_path / "second", code, clip).stderr == "refused: used_code\n"


def test_after_a_crash_it_goes_on_where_the_server_says_and_the_same_content_is_sealed_once(
    whole: Whole, tmp_path: Path
) -> None:
    clip, code, folder = clip_of(tmp_path, 6_000_000), whole.code(), tmp_path / "foreign"
    assert whole.bring(folder, code, clip, "--cut-after", "6").returncode == 7
    second = told(whole.bring(folder, code, clip))
    assert second["sent"] <= 12 - sum(end - start for start, end in second["first_held"]) // 524_288
    assert second["first_held"] != []
    third = told(whole.bring(folder, code, clip))
    assert (third["receipt"], third["sent"]) == (second["receipt"], 0)
