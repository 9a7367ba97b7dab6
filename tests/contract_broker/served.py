"""The server's ingest half over a real broker: the hardened embedded one, or Mosquitto with dynamic security."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from running_broker import free_port
from scripted_gateway import CLOCK, ScriptedGateway
from server_folder import make_server_folder

from server.config import load_config
from server.ingest.broker_service import BrokerService
from server.ingest.worker import IngestWorker
from server.usecases.context import AppContext
from server.usecases.reconcile_clips import reconcile_clips
from server.usecases.set_up import open_context, set_up
from server.usecases.tls_files import TlsFiles, tls_files

DYNAMIC_SECURITY = Path("/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so")
ADMIN_PASSWORD = "admin-of-the-test"


@dataclass
class DynamicMosquitto:
    """Mosquitto with dynamic security; its state file outlives a restart unless it is emptied.

    `limits`: how much it queues, and what else of its settings a test wants otherwise.
    """

    folder: Path
    port: int
    tls: TlsFiles | None = None
    limits: str = "max_queued_messages 0\nmax_inflight_messages 0\n"
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, emptied: bool = False) -> None:
        state, config = self.folder / "dynamic-security.json", self.folder / "mosquitto.conf"
        if emptied:
            state.unlink(missing_ok=True)
        if not state.exists():
            command = ["mosquitto_ctrl", "dynsec", "init", str(state), "admin", ADMIN_PASSWORD]
            subprocess.run(command, check=True, capture_output=True)
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\nplugin {DYNAMIC_SECURITY}\n"
            f"plugin_opt_config_file {state}\n{self.limits}user root\n{self._tls()}"
        )
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen(["mosquitto", "-c", str(config)], stdout=log, stderr=log)

    def _tls(self) -> str:
        if self.tls is None:
            return ""
        return f"certfile {self.tls.certificate}\nkeyfile {self.tls.key}\ntls_version tlsv1.3\n"

    def take_up_certificate(self) -> None:
        """Mosquitto reads its certificate anew at this signal."""
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Served:
    """A server without pages: broker, logins, ingest worker."""

    kind: str
    context: AppContext
    broker: BrokerService
    worker: IngestWorker
    mosquitto: DynamicMosquitto | None

    def gateway(self, name: str = "north") -> ScriptedGateway:
        """An enrolled gateway, connected."""
        gateway = ScriptedGateway(self.context, name)
        self.broker.gateways_changed()
        return gateway.start()

    def stop_worker(self) -> None:
        self.worker.stop()

    def start_worker(self) -> None:
        """As a new start of the server would: left-overs first, then a worker with a new id."""
        reconcile_clips(self.context, now_us=CLOCK.now_us())
        self.worker = IngestWorker(self.context, on_deaf=self.broker.deaf)
        self.worker.start()
        assert self.worker.wait_connected(30), self.worker.link.last_error


def new_context(
    folder: Path, *, settings: str = "", broker_url: str = "", password_file: Path | None = None, tls: bool = False
) -> AppContext:
    """A server's data folder with settings of its own. `tls`: everything is encrypted on the loopback, too."""
    make_server_folder(folder, now_us=CLOCK.now_us(), port=free_port(3))
    config_path = folder / "server.toml"
    text = config_path.read_text()
    if broker_url:
        external = f'[broker]\nurl = "{broker_url}"\nadmin_password_file = "{password_file}"'
        if tls:
            external += f'\nca_file = "{folder / "keys" / "ca-cert.pem"}"'
        text = text.replace("[broker]", external, 1)
    elif tls:
        text = text.replace("# embedded_tls = false", "embedded_tls = true")
    if tls:
        text = text.replace("# tls = false", "tls = true")
    config_path.write_text(text + settings)
    return open_context(load_config(folder), CLOCK)


@contextmanager
def serving(
    kind: str,
    folder: Path,
    *,
    settings: str = "",
    tls: bool = False,
    mosquitto: DynamicMosquitto | None = None,
    server_port: int = 0,
) -> Iterator[Served]:
    """Everything started, and ended whatever happens. `kind`: embedded or mosquitto; `tls`: with no plain port.

    `mosquitto`: one with settings of its own, not started yet; the server reaches it at `server_port` where that is
    not its own port.
    """
    if kind == "mosquitto":
        (folder / "broker").mkdir(parents=True, exist_ok=True)
        mosquitto = mosquitto or DynamicMosquitto(folder / "broker", free_port())
        if tls:
            set_up(folder / "server", now_us=CLOCK.now_us(), port=free_port(3))
            mosquitto.tls = tls_files(load_config(folder / "server"))
        mosquitto.start()
        password_file = folder / "admin-password"
        password_file.write_text(ADMIN_PASSWORD)
        url = f"{'mqtts' if tls else 'mqtt'}://127.0.0.1:{server_port or mosquitto.port}"
        context = new_context(
            folder / "server", settings=settings, broker_url=url, password_file=password_file, tls=tls
        )
    else:
        context = new_context(folder / "server", settings=settings, tls=tls)
    broker = BrokerService(context)
    context = replace(context, gateways_changed=broker.gateways_changed)
    broker.start()
    assert broker.wait_ready(30), broker.trouble()
    served = Served(kind, context, broker, IngestWorker(context, on_deaf=broker.deaf), mosquitto)
    reconcile_clips(context, now_us=CLOCK.now_us())
    served.worker.start()
    try:
        assert served.worker.wait_connected(30), served.worker.link.last_error
        yield served
    finally:
        served.worker.stop()
        broker.stop()
        if mosquitto is not None:
            mosquitto.kill()
        context.db.close()


def has_dynamic_security() -> bool:
    return shutil.which("mosquitto_ctrl") is not None and DYNAMIC_SECURITY.exists()


def wait_a_little() -> None:
    """Long enough for a message that was sent to have arrived, had it been let through."""
    time.sleep(0.7)
