"""`edge.toml` as `init` writes it: every setting, its default and what it means."""

from __future__ import annotations

import json
from pathlib import Path

from edge.config import CONFIG_NAME, DEFAULT_PATTERNS
from edge.contract.sentences import sentence
from edge.platform.durable import make_directory, write_durably
from edge.platform.settings import refuse_folder_of

_HEAD = """\
# Tallylight edge agent. Times in seconds end in _s. Unknown keys are refused. Relative paths start at this folder.
# Any setting at the top level can be given as an environment variable instead, such as TALLYLIGHT_EDGE_LANGUAGE=en.

# Journal, keys and landing copies. Put it on a local disk that keeps what it was told to write.
data_dir = "."

# What may be deleted at the source. A watched folder supports "keep" alone: nothing in it is ever changed or deleted.
# release = "keep"

# Say true where something the kernel cannot see keeps this machine's clock right, such as the host of a container.
# clock_vouched = false

# How many clips are uploaded side by side.
# uploads_in_flight = 4

# The most that footage may take of the uplink, in kbit/s. 0: as fast as the link goes.
# uplink_kbit_s = 0

# Hours of the day in which footage may leave, such as ["20:00-06:00"]; flagged clips leave at any hour. Empty: always.
# uplink_hours = []
# uplink_time_zone = "Asia/Shanghai"

# How many files are looked into side by side, each in a process of its own. 0: as many as there are cores, minus one.
# inspection_workers = 0

# The gateway's own copy of a clip is kept this long after its receipt, or until space is needed.
# landing_keep_days = 7.0

# Filling of the disk: warn, drop copies whose receipt is held, stop copying from devices.
# disk_warn_percent = 80.0
# disk_drop_released_percent = 90.0
# disk_stop_copying_percent = 95.0

# How often the state is sent, and how long to wait for an answer before a report is sent again.
# status_interval_s = 30.0
# resend_interval_s = 10.0

# Language of what this program says at a terminal: auto (from the locale), zh-CN or en.
# language = "auto"
"""

_SOURCE = """
[[sources]]
name = {name}
# The folder that is watched, with its subfolders. It is only read.
folder = {folder}

# Regular expressions over the whole file name without its extension. Named groups: device, start, sequence.
# start: digits YYYYMMDDhhmmss, optionally with T, - or _ between date and time, and Z at the end for UTC.
# patterns = [
{patterns}
# ]

# The zone of times without an offset in names and sidecars.
# time_zone = "Asia/Shanghai"

# A file counts as finished when its size and time of change have rested this long.
# rest_s = 10.0
# scan_interval_s = 5.0

# How often the full list of a fixed monitor's files is reported while it records.
# list_interval_s = 600.0

# What the creation time inside the files means: utc, local, or the end of the recording.
# container_time = "utc"
"""


class SettingsExistError(Exception):
    """There is a settings file already; it is not overwritten."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            sentence(
                "settings_exist",
                "{path} exists already and was left as it is: edit it, or choose another folder with --data",
                path=path,
            )
        )
        self.path = path


def settings_text(source: Path | None) -> str:
    """The text of a settings file that watches `source`, or that shows how to add one."""
    patterns = "\n".join(f"#   '{pattern}'," for pattern in DEFAULT_PATTERNS)
    if source is not None:
        folder = json.dumps(str(source.absolute()), ensure_ascii=False)
        return _HEAD + _SOURCE.format(name='"folder"', folder=folder, patterns=patterns)
    example = _SOURCE.format(name='"folder"', folder='"/path/to/recordings"', patterns=patterns)
    commented = "\n".join(line if not line or line.startswith("#") else f"# {line}" for line in example.splitlines())
    return f"{_HEAD}\n# A folder to watch; remove the # and repeat the whole block for each further one.\n{commented}\n"


def write_settings(data_dir: Path, source: Path | None) -> Path:
    """Make the data folder and its settings file. Raises SettingsExistError or ConfigError."""
    path = data_dir / CONFIG_NAME
    refuse_folder_of("tallylight-server", data_dir / "server.toml")
    make_directory(data_dir)
    if path.exists():
        raise SettingsExistError(path=path)
    write_durably(path, settings_text(source).encode())
    return path
