"""Disks that lose power: ext4 in a file, on a loop device, shut down with nothing of what waits in memory written.

Source: ext4's EXT4_IOC_SHUTDOWN (fs/ext4/ext4.h) with EXT4_GOING_FLAGS_NOLOGFLUSH: what was not fsynced is lost, the
journal is replayed at the next mount. A drive that lies about its flush is not modelled.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from demo_stage.programs import StageError

_EXT4_IOC_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = 2
_CLONE_NEWNS = 0x00020000
_BUSY_S = 10.0


class Volume:
    """One disk, mounted at `mount_point` from the file `image`."""

    def __init__(self, image: Path, mount_point: Path, *, size_bytes: int) -> None:
        """Raises StageError where it cannot be made or mounted."""
        self._image, self.mount_point = image, mount_point
        image.touch()
        os.truncate(image, size_bytes)
        _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
        mount_point.mkdir()
        self.mount()

    def mount(self) -> None:
        """Make it readable and writable again; ext4 replays its journal."""
        _run("mount", "-o", "loop", str(self._image), str(self.mount_point))

    def cut(self) -> None:
        """The power fails. Whoever still writes gets an error."""
        folder = os.open(self.mount_point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(folder, _EXT4_IOC_SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def unmount(self) -> None:
        """Take it away; what a dead program still holds is waited for."""
        until = time.monotonic() + _BUSY_S
        while True:
            done = subprocess.run(["umount", str(self.mount_point)], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            if time.monotonic() > until:
                raise StageError(f"{self.mount_point} cannot be unmounted: {done.stderr.strip()}")
            time.sleep(0.02)


def keep_mounts_to_ourselves() -> None:
    """From now on what this program mounts is seen by it and its children alone, and gone when they are, however they
    end. Raises StageError where that is not allowed.
    """
    if sys.platform != "linux":
        raise StageError("disks are cut on Linux only")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        number = ctypes.get_errno()
        advice = "run it as root" if number == errno.EPERM else "this system has no mount namespaces"
        raise StageError(f"disks of our own cannot be mounted ({os.strerror(number)}): {advice}")
    _run("mount", "--make-rprivate", "/")


def why_no_disk_can_be_cut() -> str:
    """What stands against it here; "" where a disk was made, mounted and cut. Mounts are kept to ourselves from then
    on.
    """
    try:
        keep_mounts_to_ourselves()
        with tempfile.TemporaryDirectory(prefix="power-") as folder:
            volume = Volume(Path(folder, "image"), Path(folder, "disk"), size_bytes=16 << 20)
            try:
                volume.cut()
            finally:
                volume.unmount()
    except (StageError, OSError) as error:
        return f"no disk can be cut here: {error}"
    return ""


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise StageError(f"{command[0]} is needed: apt-get install e2fsprogs mount") from error
    if done.returncode != 0:
        raise StageError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
