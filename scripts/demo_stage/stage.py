"""Setting the stage with the real commands: a server, an account, registers, a gateway that is enrolled and runs."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from demo_stage.api import Api
from demo_stage.folders import ACCOUNT, Folders, Memory
from demo_stage.programs import Programs, StageError, command
from edge.contract.sentences import sentence

SERVER, EDGE = "tallylight-server", "tallylight-edge"
_CODE = re.compile(r"TL1-[A-Z2-7]+-[A-Z2-7]+")
_READY_S = 90
_NOT_READY = sentence("demo_ready", "the server did not become ready within {limit} s", limit=_READY_S)


class Stage:
    """The two programs on their ports, with their data below one folder."""

    def __init__(
        self,
        folders: Folders,
        memory: Memory,
        programs: Programs,
        *,
        port: int,
        server_env: Mapping[str, str] | None = None,
        edge_env: Mapping[str, str] | None = None,
        server_command: Sequence[str] = (),
        vouched: bool = False,
        tls_host: str = "",
        within: Sequence[str] = (),
    ) -> None:
        """`server_command` stands in for the installed command when the server is started.

        `vouched`: the dockings were written with this machine's own clock, so that it may be believed. `tls_host`: the
        server listens there, encrypted. `within`: words before each command of the gateway, which then runs elsewhere.
        """
        self._within = tuple(within)
        self._folders, self._memory, self._programs = folders, memory, programs
        self._server_command = server_command or (command(SERVER),)
        self.broker_port = memory.broker_port
        self.url = f"https://{tls_host}:{port}" if tls_host else f"http://127.0.0.1:{port}"
        self._ca_file = folders.server / "keys" / "ca-cert.pem" if tls_host else None
        self._server_env = {
            "TALLYLIGHT_HTTP__PORT": str(port),
            "TALLYLIGHT_METRICS__PORT": str(port + 1),
            "TALLYLIGHT_BROKER__EMBEDDED_PORT": str(memory.broker_port),
            "TALLYLIGHT_STORE__RESERVE_BYTES": str(200 * 1024 * 1024),
            **(
                {
                    "TALLYLIGHT_HTTP__HOST": tls_host,
                    "TALLYLIGHT_HTTP__TLS": "true",
                    "TALLYLIGHT_TLS__NAMES": f'["{tls_host}"]',
                }
                if tls_host
                else {}
            ),
            **(server_env or {}),
        }
        self._edge_env = {
            "TALLYLIGHT_EDGE_STATUS_INTERVAL_S": "5",
            "TALLYLIGHT_EDGE_CLOCK_VOUCHED": "true" if vouched else "false",
            **(edge_env or {}),
        }

    def make_server(self) -> None:
        """Make the server's data folder, unless it is there."""
        if not (self._folders.server / "server.toml").exists():
            self._server("init")

    def make_account(self) -> None:
        """Make the supervisor's account, unless it is there."""
        made = self._folders.server / "demo-account"
        if not made.exists():
            account = ("account", "add", ACCOUNT, "--role", "supervisor", "--units", "*", "--password-stdin")
            self._server(*account, told=self._memory.password + "\n")
            made.touch()

    def take_registers(self, folder: Path, kinds: Iterable[str]) -> None:
        """Import CSV files; a file that is on record already changes nothing."""
        for kind in kinds:
            if (folder / f"{kind}.csv").exists():
                self._server("import", kind, str(folder / f"{kind}.csv"))

    def launch_server(self) -> None:
        """Start the server; returns at once."""
        self._programs.start(
            SERVER, [*self._server_command, "run", "--data", str(self._folders.server)], self._server_env
        )

    def start_server(self) -> None:
        """Start the server and wait until it says that it is ready."""
        self.launch_server()
        with Api(self.url, ca_file=self._ca_file) as api:
            self.wait_for(api.ready, _NOT_READY, limit_s=_READY_S)

    def enrol_gateway(self, source: Path, *, rest_s: float = 2.0) -> None:
        """Make the gateway's data folder and enrol it with a fresh code, unless it is enrolled.

        `rest_s`: the footage is finished long since, so it need not be watched for as long as on a real dock.
        """
        gateway = self._folders.gateway
        settings = gateway / "edge.toml"
        if not settings.exists():
            self._programs.run_to_end(EDGE, "init", "--data", str(gateway), "--source", str(source))
            text = settings.read_text(encoding="utf-8").replace("# rest_s = 10.0", f"rest_s = {rest_s}")
            text = text.replace("# scan_interval_s = 5.0", f"scan_interval_s = {min(rest_s, 1.0)}")
            settings.write_text(text, encoding="utf-8")
        if not (gateway / "identity.json").exists():
            code = _CODE.search(self._server("gateway", "add", f"demo-{secrets.token_hex(4)}"))
            if code is None:
                raise StageError(sentence("demo_no_code", "`tallylight-server gateway add` printed no enrolment code."))
            self._programs.run_to_end(
                EDGE, "enrol", self.url, code.group(), "--data", str(gateway), within=self._within
            )

    def commission_monitors(self, folder: Path) -> None:
        """Tell the gateway what each monitor saw when it was put up: one folder of films for each, named after it."""
        done = self._folders.gateway / "demo-commissioned"
        if done.exists():
            return
        for films in sorted(folder.iterdir()):
            why = ("--by", ACCOUNT, "--reason", "put up and looked at on site")
            sources = [argument for film in sorted(films.iterdir()) for argument in ("--from", str(film))]
            self._programs.run_to_end(
                EDGE, "commission", films.name, *sources, *why, "--data", str(self._folders.gateway)
            )
        done.touch()

    def start_gateway(self) -> None:
        """Start the edge agent."""
        running = [*self._within, command(EDGE), "run", "--config", str(self._folders.gateway / "edge.toml")]
        self._programs.start(EDGE, running, self._edge_env)

    def check(self) -> None:
        """Raises ProgramFailedError when a program has ended."""
        self._programs.check()

    def wait_for(self, done: Callable[[], bool], otherwise: str, *, limit_s: float, every_s: float = 0.3) -> None:
        """Wait until `done`, seeing to it that the programs still run. Raises StageError after `limit_s`."""
        until = time.monotonic() + limit_s
        while not done():
            self._programs.check()
            if time.monotonic() > until:
                raise StageError(
                    sentence(
                        "demo_logs",
                        "{why}. The programs' logs lie in {folder}.",
                        why=otherwise,
                        folder=self._folders.logs,
                    )
                )
            time.sleep(every_s)

    def wait_or_go_on(self, done: Callable[[], bool], *, limit_s: float, every_s: float = 0.5) -> None:
        """Wait until `done`, or until `limit_s` have passed; whoever called looks again."""
        until = time.monotonic() + limit_s
        while not done() and time.monotonic() < until:
            self._programs.check()
            time.sleep(every_s)

    def _server(self, *arguments: str, told: str = "") -> str:
        return self._programs.run_to_end(
            SERVER, *arguments, "--data", str(self._folders.server), env=self._server_env, told=told
        )
