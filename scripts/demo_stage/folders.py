"""Where the demo keeps its things, and what it remembers from one run to the next."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from demo_stage.programs import StageError, port_is_free
from edge.contract.sentences import sentence

ACCOUNT = "supervisor"


@dataclass(frozen=True, slots=True)
class Folders:
    """The data folder. The truth lies where neither program reads."""

    data: Path

    @property
    def server(self) -> Path:
        return self.data / "server"

    @property
    def gateway(self) -> Path:
        return self.data / "gateway"

    @property
    def footage(self) -> Path:
        return self.data / "footage"

    @property
    def commissioning(self) -> Path:
        return self.data / "commissioning"

    @property
    def registers(self) -> Path:
        return self.data / "registers"

    @property
    def truth(self) -> Path:
        return self.data / "truth" / "truth.json"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def memory(self) -> Path:
        return self.data / "demo.json"


@dataclass(frozen=True, slots=True)
class Memory:
    """What stays the same for a data folder: whose footage it is, the broker's port, the demo's own sign-in."""

    seed: int | None
    footage: str | None
    broker_port: int
    password: str


def usual_folder(root: Path, *, seed: int, footage: Path | None, day: str) -> Path:
    """Where a demo goes when nobody says: each seed, each footage folder and each day has its own."""
    if footage is None:
        return root / f"seed-{seed}-{day}"
    return root / f"own-{hashlib.sha256(str(footage).encode()).hexdigest()[:8]}-{day}"


def remember(folders: Folders, *, seed: int, footage: Path | None, port: int) -> Memory:
    """The memory of this data folder, made on the first run. Raises StageError where it is for something else."""
    wanted = (None, str(footage)) if footage else (seed, None)
    if folders.memory.exists():
        memory = Memory(**json.loads(folders.memory.read_text(encoding="utf-8")))
        if (memory.seed, memory.footage) != wanted:
            town = sentence("demo_held_town", "the town of seed {seed}", seed=memory.seed)
            footage_held = sentence("demo_held_folder", "the folder {folder}", folder=memory.footage)
            raise StageError(
                sentence(
                    "demo_other",
                    "{folder} holds the demo of {held}. Give this one a folder of its own with --data,"
                    " or remove {folder} to begin anew.",
                    folder=folders.data,
                    held=footage_held if memory.footage else town,
                )
            )
        return memory
    if folders.data.exists() and any(folders.data.iterdir()):
        raise StageError(
            sentence(
                "demo_not_empty",
                "{folder} is not empty and holds no demo. Give the demo an empty folder with --data.",
                folder=folders.data,
            )
        )
    folders.data.mkdir(parents=True, exist_ok=True)
    memory = Memory(wanted[0], wanted[1], broker_port=port + 2, password=secrets.token_urlsafe(9))
    folders.memory.touch(mode=0o600)
    folders.memory.write_text(json.dumps(asdict(memory)) + "\n", encoding="utf-8")
    return memory


def check_ports(*, http: int, metrics: int, broker: int) -> None:
    """Raises StageError when one of the ports is taken."""
    pages, figures = sentence("demo_pages", "the pages"), sentence("demo_metrics", "the metrics")
    for port, purpose in ((http, pages), (metrics, figures)):
        if not port_is_free(port):
            raise StageError(
                sentence(
                    "demo_port",
                    "Port {port} on 127.0.0.1, wanted for {purpose}, is in use by another program"
                    " (perhaps another demo is still running). End that program, or choose other ports with --port.",
                    port=port,
                    purpose=purpose,
                )
            )
    if not port_is_free(broker):
        raise StageError(
            sentence(
                "demo_port_and_folder",
                "Port {port} on 127.0.0.1, wanted for {purpose}, is in use by another program"
                " (perhaps another demo is still running). End that program, or choose other ports with --port"
                " and another folder with --data.",
                port=broker,
                purpose=sentence("demo_broker", "the broker"),
            )
        )
