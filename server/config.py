"""The server's settings: one TOML file in the data folder; every key known, every value checked before use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic.main import BaseModel
from pydantic_settings import SettingsConfigDict, SettingsError

from edge.contract.sentences import Sentence, sentence
from edge.platform.addresses import is_loopback, is_plain_beyond_loopback
from edge.platform.settings import ConfigError, FileSettings, config_error, read_toml

_ENV_PREFIX = "TALLYLIGHT_"
CONFIG_NAME = "server.toml"
RESTORE_UNFINISHED = "restore-unfinished"
"""Lies in a data folder while a backup is put back into it: with new keys it would become another server."""
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  (a server that others are to reach listens there)
_EVERY_ADDRESS = {EVERY_ADDRESS: "127.0.0.1", "::": "::1"}
"""Hosts that mean every address of this machine, with the one at which it reaches itself."""
Port = Annotated[int, Field(ge=1, le=65_535)]


def _d(description: str) -> Any:
    """What a setting means, for the file that `init` writes and for the reference in the README."""
    return Field(description=description)


OptionalPath = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]


class _Section(BaseModel, extra="forbid", frozen=True):
    """A table of the file; unknown keys are refused."""


class HttpConfig(_Section):
    """Pages and API."""

    host: Annotated[str, _d("address to listen on; beyond this machine with TLS alone")] = "127.0.0.1"
    port: Annotated[Port, _d("port of the pages and the API")] = 8470
    tls: Annotated[bool, _d("TLS on this machine's own addresses too; beyond it always")] = False
    public_url: Annotated[str, _d("as browsers and gateways reach it; empty: from names, host and port")] = ""
    sign_in_idle_minutes: Annotated[int, Field(ge=1, le=1440), _d("a session unused this long ends")] = 30
    sign_in_longest_hours: Annotated[int, Field(ge=1, le=168), _d("a session ends after this at the latest")] = 12

    @property
    def is_encrypted(self) -> bool:
        """Whether pages and API are served over TLS."""
        return self.tls or not is_loopback(self.host)


class MetricsConfig(_Section):
    """Figures for Prometheus, reachable on this machine alone."""

    enabled: Annotated[bool, _d("whether figures are given")] = True
    port: Annotated[Port, _d("their own port")] = 8471


class BrokerConfig(_Section):
    """The MQTT broker: the embedded one, or any other by URL."""

    url: Annotated[str, _d("an external broker, such as mqtt://127.0.0.1:1883; empty: the embedded one")] = ""
    embedded_host: Annotated[str, _d("where the embedded broker listens")] = "127.0.0.1"
    embedded_port: Annotated[Port, _d("port of the embedded broker")] = 8472
    embedded_tls: Annotated[bool, _d("TLS on this machine's own addresses too; beyond it always")] = False
    gateway_url: Annotated[str, _d("as gateways reach the broker; empty: as this server does")] = ""
    ca_file: Annotated[OptionalPath, _d("PEM file of the CA of an external broker with TLS (mqtts://)")] = None
    admin_user: Annotated[str, _d("user of an external broker's dynamic-security plugin")] = "admin"
    admin_password_file: Annotated[OptionalPath, _d("file with that user's password")] = None
    shared_subscription: Annotated[bool, _d("several ingest workers share one MQTT 5 broker")] = False

    @field_validator("url", "gateway_url")
    @classmethod
    def _is_mqtt(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in {"mqtt", "mqtts"} or not urlsplit(url).hostname):
            raise ValueError(
                sentence(
                    "no_broker_address", "{url} is no broker address, such as mqtt://127.0.0.1:1883", url=repr(url)
                )
            )
        return url

    @property
    def embedded(self) -> bool:
        """Whether the server runs its own broker."""
        return not self.url

    @property
    def is_encrypted(self) -> bool:
        """Whether the embedded broker takes TLS connections alone."""
        return self.embedded and (self.embedded_tls or not is_loopback(self.embedded_host))

    @property
    def server_url(self) -> str:
        """Where this server reaches the broker."""
        host = _EVERY_ADDRESS.get(self.embedded_host, self.embedded_host)
        return self.url or _url("mqtt", host, self.embedded_port, encrypted=self.is_encrypted)


class TlsConfig(_Section):
    """Encrypted connections: by what names this server is reached, and with whose certificate."""

    names: Annotated[tuple[str, ...], _d("names and addresses it is reached by; gateways are told the first")] = ()
    certificate_file: Annotated[OptionalPath, _d("PEM: certificate of your own CA, and chain; empty: made here")] = None
    key_file: Annotated[OptionalPath, _d("PEM of the key of certificate_file")] = None
    ca_file: Annotated[OptionalPath, _d("PEM of the CA of certificate_file, which gateways are given")] = None

    @model_validator(mode="after")
    def _is_whole(self) -> TlsConfig:
        given = (self.certificate_file, self.key_file, self.ca_file)
        if any(given) and not all(given):
            raise ValueError(
                sentence("tls_not_whole", "certificate_file, key_file and ca_file belong together: set all or none")
            )
        return self


class IngestConfig(_Section):
    """How much is taken in at once."""

    chunk_bytes: Annotated[int, Field(ge=1024, le=900_000), _d("bytes per MQTT message of footage")] = 512 * 1024
    window_bytes: Annotated[int, Field(ge=1024), _d("most bytes of one clip on their way")] = 16 * 1024 * 1024
    gateway_bytes: Annotated[int, Field(ge=1024), _d("bytes of one gateway on their way")] = 64 * 1024 * 1024
    worker_bytes: Annotated[int, Field(ge=1024), _d("bytes of all gateways on their way")] = 256 * 1024 * 1024
    grant_idle_s: Annotated[float, Field(gt=0, le=3600), _d("a grant unused this long lapses")] = 60.0
    busy_retry_s: Annotated[float, Field(gt=0, le=3600), _d("a refused gateway asks again after this")] = 5.0
    full_retry_s: Annotated[float, Field(gt=0, le=86_400), _d("the same while the store is full")] = 60.0
    set_aside_rows: Annotated[int, Field(ge=10, le=1_000_000), _d("refused messages kept for a person")] = 10_000
    waiting_clips: Annotated[
        int, Field(ge=1000, le=100_000_000), _d("clips one gateway may have announced and not yet sent")
    ] = 250_000
    record_bytes_day: Annotated[
        int, Field(ge=100_000_000), _d("bytes of reports, events and manifests kept of one gateway in a day")
    ] = 1024**3


class StoreConfig(_Section):
    """Where sealed clips and the database lie."""

    clips: Annotated[OptionalPath, _d("folder of the clips; empty: `clips` in the data folder")] = None
    reserve_bytes: Annotated[int, Field(ge=0), _d("new clips are refused when less would be left free")] = 2 * 1024**3
    database_url: Annotated[str, _d("empty: tallylight.sqlite3 in the data folder")] = ""


class VerifyConfig(_Section):
    """Stored clips are read again in the background, so that one that rots is found."""

    whole_store_days: Annotated[float, Field(ge=0, le=3650), _d("all clips are read in so many days; 0: none")] = 30.0
    rate_bytes_s: Annotated[int, Field(ge=100_000), _d("bytes read in a second at most")] = 20_000_000


class ServerConfig(FileSettings):
    """Everything that can be set. An environment variable such as `TALLYLIGHT_HTTP__PORT` stands before the file."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=_ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    data_dir: Annotated[Path, _d("the folder this file lies in")]
    language: Annotated[Literal["zh-CN", "en"], _d("of pages where the browser names neither")] = "zh-CN"
    rules_file: Annotated[OptionalPath, _d("limits and deadlines; empty: the shipped set cn-traffic")] = None
    http: HttpConfig = HttpConfig()
    tls: TlsConfig = TlsConfig()
    metrics: MetricsConfig = MetricsConfig()
    broker: BrokerConfig = BrokerConfig()
    ingest: IngestConfig = IngestConfig()
    store: StoreConfig = StoreConfig()
    verify: VerifyConfig = VerifyConfig()

    @property
    def clips_dir(self) -> Path:
        return self.store.clips or self.data_dir / "clips"

    @property
    def database_url(self) -> str:
        return self.store.database_url or f"sqlite:///{self.data_dir / 'tallylight.sqlite3'}"

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "keys"

    @property
    def url(self) -> str:
        """The address that links and gateways use, without a slash at its end."""
        own = _url("http", self._name_of(self.http.host), self.http.port, encrypted=self.http.is_encrypted)
        return self.http.public_url.rstrip("/") or own

    @property
    def broker_url(self) -> str:
        """Where gateways reach the broker."""
        broker = self.broker
        own = _url("mqtt", self._name_of(broker.embedded_host), broker.embedded_port, encrypted=broker.is_encrypted)
        return broker.gateway_url or broker.url or own

    @property
    def names(self) -> tuple[str, ...]:
        """All names and addresses that a certificate of this server must be good for, each once."""
        urls = [self.url, self.broker_url] if self.broker.embedded else [self.url]
        told = [urlsplit(url).hostname or "" for url in urls]
        names = [*self.tls.names, *told, self.http.host, self.broker.embedded_host, "localhost", "127.0.0.1", "::1"]
        return tuple(dict.fromkeys(name for name in names if name not in _EVERY_ADDRESS))

    @property
    def is_encrypted(self) -> bool:
        """Whether anything here is served with a certificate."""
        return self.http.is_encrypted or self.broker.is_encrypted

    def unfit_addresses(self) -> list[Sentence]:
        """What keeps the server from starting: plain words beyond this machine, or an address nobody can reach."""
        urls = {
            "http.public_url": self.url,
            "broker.url": self.broker.url,
            "broker.gateway_url": self.broker.gateway_url,
        }
        plain = [f"{key} = {url!r}" for key, url in urls.items() if is_plain_beyond_loopback(url)]
        hosts = {"http.host": (self.http.host, self.http.public_url)}
        if self.broker.embedded:
            hosts["broker.embedded_host"] = (self.broker.embedded_host, self.broker.gateway_url)
        nameless = [
            f"{key} = {host!r}"
            for key, (host, url) in hosts.items()
            if host in _EVERY_ADDRESS and not (self.tls.names or url)
        ]
        unfit = []
        if plain:
            unfit.append(
                sentence(
                    "plain_addresses",
                    "{settings}: beyond this machine nothing is spoken unencrypted; use https:// or mqtts://",
                    settings=tuple(plain),
                )
            )
        if nameless:
            unfit.append(
                sentence(
                    "no_names",
                    "{settings}: say in `tls.names` by which name or address others reach this server",
                    settings=tuple(nameless),
                )
            )
        return unfit

    def _name_of(self, host: str) -> str:
        """What others call an address this server listens on."""
        if is_loopback(host):
            return host
        return self.tls.names[0] if self.tls.names else _EVERY_ADDRESS.get(host, host)


class RestoreUnfinishedError(ConfigError):
    """A backup was being put back here; that is to be finished, or the folder removed."""

    def __init__(self, *, data_dir: Path) -> None:
        why = sentence(
            "restore_unfinished",
            "a restore was cut off here. Run `tallylight-server restore` with the same backup again",
        )
        super().__init__(path=data_dir, key="", why=why)


def refuse_unfinished(data_dir: Path) -> None:
    """Nothing is made or run in a folder into which a backup is being put back. Raises RestoreUnfinishedError."""
    try:
        is_unfinished = (data_dir / RESTORE_UNFINISHED).exists()
    except PermissionError:  # whoever may not look into the folder is told so of its settings
        return
    if is_unfinished:
        raise RestoreUnfinishedError(data_dir=data_dir)


def load_config(data_dir: Path) -> ServerConfig:
    """The settings in a data folder. Raises ConfigError."""
    refuse_unfinished(data_dir)
    path = data_dir / CONFIG_NAME
    values = read_toml(path, made_by="tallylight-server init")
    try:
        return ServerConfig(**{**values, "data_dir": data_dir.absolute()})
    except (ValidationError, SettingsError) as error:
        raise config_error(path, error, env_prefix=_ENV_PREFIX) from error


def _url(scheme: str, host: str, port: int, *, encrypted: bool) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}{'s' if encrypted else ''}://{named}:{port}"
