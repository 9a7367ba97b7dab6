"""Mosquitto with its dynamic-security plugin, set up as the README says, for the stages that measure and break."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

from demo_stage.programs import Programs, StageError, port_is_free

MOSQUITTO = "mosquitto"
_ADMIN = "admin"
_README_ENV = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}


class Mosquitto:
    """A broker of its own below one folder, on a port of the loopback (or of `host`)."""

    def __init__(
        self, folder: Path, programs: Programs, *, port: int, host: str = "127.0.0.1", keys: Path | None = None
    ) -> None:
        """`keys`: the server's folder of keys, for TLS. Raises StageError where Mosquitto or its plugin is missing."""
        self._folder, self._programs, self.port, self.host, self._keys = folder, programs, port, host, keys
        plugins = sorted(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
        self._program = next((path for path in map(Path, _PLACES) if path.exists()), None)
        if self._program is None or not plugins:
            raise StageError("Mosquitto with dynamic security is needed: apt-get install mosquitto mosquitto-clients")
        self._plugin = plugins[0]

    @property
    def server_env(self) -> dict[str, str]:
        """What makes a server use this broker."""
        encrypted = {"TALLYLIGHT_BROKER__CA_FILE": str(self._keys / "ca-cert.pem")} if self._keys else {}
        return {
            "TALLYLIGHT_BROKER__URL": f"{'mqtts' if self._keys else 'mqtt'}://{self.host}:{self.port}",
            "TALLYLIGHT_BROKER__ADMIN_PASSWORD_FILE": str(self._password_file),
            **encrypted,
        }

    def start(self) -> None:
        """Start it; its logins outlive a restart. Raises StageError where its port is taken."""
        if not port_is_free(self.port):
            raise StageError(f"port {self.port} of 127.0.0.1, wanted for Mosquitto, is in use")
        self._folder.mkdir(parents=True, exist_ok=True)
        state, config = self._folder / "dynamic-security.json", self._folder / "mosquitto.conf"
        if not state.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(16), encoding="utf-8")
            arguments = ["dynsec", "init", str(state), _ADMIN, self._password_file.read_text(encoding="utf-8")]
            subprocess.run(["mosquitto_ctrl", *arguments], check=True, capture_output=True)
        certificate = (
            f"certfile {self._keys / 'tls-cert.pem'}\nkeyfile {self._keys / 'tls.pem'}\n" if self._keys else ""
        )
        config.write_text(
            f"listener {self.port} {self.host}\n{certificate}allow_anonymous false\nplugin {self._plugin}\n"
            f"plugin_opt_config_file {state}\nmax_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\n"
            "message_size_limit 1048576\n"
            "user root\n",
            encoding="utf-8",
        )
        self._programs.start(MOSQUITTO, [str(self._program), "-c", str(config)], env=_README_ENV)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._programs.kill(MOSQUITTO)

    @property
    def _password_file(self) -> Path:
        return self._folder / "admin-password"


_PLACES = ("/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto")
