"""Other ways for a file from one program to another on this machine: the broker alone, curl or tus to HTTP, rsync."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench_stage.way import Sent, Watched, end, listens, run, wait_until, with_checkout
from demo_stage.programs import Programs, StageError, port_is_free

CURL = ("curl", "-sS", "--fail", "-o", os.devnull, "-T", "{file}", "{url}/{name}")


class RawMessages:
    """paho to paho over the same kind of broker: no file, no hash, no answer."""

    name = "raw_paho"

    def __init__(self, folder: Path, *, port: int, size_bytes: int) -> None:
        self._folder, self._port, self._size_bytes = folder, port, size_bytes
        self._script = str(Path(__file__).with_name("raw_messages.py"))

    def start(self, ended: ExitStack) -> None:
        self._folder.mkdir(parents=True)
        self._programs = ended.enter_context(Programs(self._folder))
        config = self._folder / "open.conf"
        config.write_text(
            f"listener {self._port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n"
            "set_tcp_nodelay true\nuser root\n",
            encoding="utf-8",
        )
        self._programs.start("broker", ["mosquitto", "-c", str(config)])
        wait_until(lambda: not port_is_free(self._port), "Mosquitto does not come up")
        self._receiver = subprocess.Popen(
            [sys.executable, self._script, "receive", str(self._port), str(self._size_bytes)],
            stdout=subprocess.PIPE,
            env=with_checkout(),
        )
        ended.callback(end, self._receiver)
        if self._receiver.stdout is None or self._receiver.stdout.readline() != b"ready\n":
            raise StageError("the receiver of raw messages did not start")

    def send(self, file: Path) -> Sent:
        watched = Watched({"receiver": self._receiver.pid, "broker": self._programs.pid("broker")})
        said, used_s = run([sys.executable, self._script, "send", str(self._port), str(file)])
        return watched.sent(float(said), sender=used_s)


class HttpUpload:
    """A client that puts a file to an application that uvicorn serves."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        python: str,
        app: Path,
        port: int,
        client: Sequence[str],
        keys: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        """`client`: its command; `{url}`, `{file}` and `{name}` are filled in. It may print the seconds it
        took, or when it began and ended.

        `keys`: a server's folder of keys, made by then, for TLS.
        """
        self.name, self._folder, self._python, self._app, self._port = name, folder, python, app, port
        self._client, self._keys, self._host = client, keys, host

    def start(self, ended: ExitStack) -> None:
        self._folder.mkdir(parents=True)
        self._programs = ended.enter_context(Programs(self._folder / "log"))
        named = f"{self._app.stem}:app"
        served = [self._python, "-m", "uvicorn", named, "--port", str(self._port), "--log-level", "warning"]
        served += ["--host", self._host]
        if self._keys is not None:
            served += ["--ssl-certfile", str(self._keys / "tls-cert.pem"), "--ssl-keyfile", str(self._keys / "tls.pem")]
        env = {**with_checkout(), "BENCH_FOLDER": str(self._folder)}
        self._programs.start("http", [*served, "--app-dir", str(self._app.parent)], env)
        wait_until(lambda: listens(self._host, self._port), f"{self._app.name} does not come up")

    def send(self, file: Path) -> Sent:
        watched = Watched({"server": self._programs.pid("http")})
        url = f"{'https' if self._keys else 'http'}://{self._host}:{self._port}/files"
        values = {"url": url, "file": str(file), "name": file.name}
        began_s = time.perf_counter()
        said, used_s = run([word.format(**values) for word in self._client])
        wall_s = time.perf_counter() - began_s
        times = [float(word) for word in re.findall(r"\d+\.\d+", said)]
        took_s = times[-1] - (times[0] if len(times) > 1 else 0.0) if times else wall_s
        return watched.sent(took_s, client=used_s)


def plain_upload(
    folder: Path,
    *,
    port: int,
    name: str = "curl_fastapi",
    client: Sequence[str] = CURL,
    keys: Path | None = None,
    host: str = "127.0.0.1",
) -> HttpUpload:
    """curl to FastAPI, which hashes and fsyncs as we do, with the interpreter and libraries of this program."""
    app = Path(__file__).with_name("plain_upload_app.py")
    return HttpUpload(name, folder, python=sys.executable, app=app, port=port, client=client, keys=keys, host=host)


class Rsync:
    """rsync to a daemon, whole files, fsynced where this rsync can."""

    name = "rsync"

    def __init__(self, folder: Path, *, port: int) -> None:
        self._folder, self._port = folder, port

    def start(self, ended: ExitStack) -> None:
        (self._folder / "files").mkdir(parents=True)
        config = self._folder / "rsyncd.conf"
        config.write_text(
            f"[files]\npath = {self._folder / 'files'}\nread only = false\nuid = root\ngid = root\n"
            "use chroot = false\n",
            encoding="utf-8",
        )
        self._programs = ended.enter_context(Programs(self._folder / "log"))
        daemon = ["rsync", "--daemon", "--no-detach", f"--port={self._port}", f"--config={config}"]
        self._programs.start("rsync", [*daemon, "--address=127.0.0.1"])
        wait_until(lambda: not port_is_free(self._port), "the rsync daemon does not come up")

    def send(self, file: Path) -> Sent:
        watched = Watched({"server": self._programs.pid("rsync")})
        began_s = time.perf_counter()
        _, used_s = run(["rsync", "-W", "--fsync", str(file), f"rsync://127.0.0.1:{self._port}/files/"])
        return watched.sent(time.perf_counter() - began_s, client=used_s)
