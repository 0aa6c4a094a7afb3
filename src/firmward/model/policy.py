"""The policy: what the maker declares of a product, one `device.toml`.

What is not declared is not allowed. Unknown keys are refused with the nearest known one, and so is a private key or a
password, since the policy travels to every device.
"""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from firmward.model import allowance
from firmward.model.clock import years_on
from firmward.model.decode import decode
from firmward.model.errors import InputError

SCHEMA = 1
SIZE_LIMIT = 1 << 20
"""Bytes; a policy is a few kilobytes."""

PROTOCOLS = ("tcp", "udp")
NO_POLICY = "needs the maker's declaration: give it with --policy device.toml"
"""Why a check that asks about the declaration is unknown without one."""


def _one_of(*choices: str, default: Any = None, key: str | None = None) -> Any:
    metadata: dict[str, object] = {"choices": choices}
    if key:
        metadata["key"] = key
    return field(default=default, metadata=metadata)


def _like(pattern: str, example: str) -> Any:
    """A text of this form. Devices read it, and one that they cannot read would end their updates."""
    return field(default=None, metadata={"pattern": pattern, "example": example})


def _port(**rest: Any) -> Any:
    return field(metadata={"bounds": (1, 65535)}, **rest)


@dataclass(frozen=True, slots=True)
class Device:
    product: str
    model: str | None = None
    version: str | None = None
    board: str | None = None
    architecture: str | None = _one_of("arm", "arm64", "x86-64", "x86", "riscv64", "mips", "mipsel", "powerpc")
    system: str | None = _one_of("yocto", "openwrt", "buildroot", "debian", "alpine", "balena", "other")


@dataclass(frozen=True, slots=True)
class Support:
    until: date | None = None
    years_from_activation: int | None = None
    contact: str | None = None
    after: str | None = _one_of("warn", "reduced-network", "local-only", "off")

    def end(self, today: date) -> date | None:
        """The last day of support that a device needs which is activated today; None where none is declared."""
        years = self.years_from_activation
        counted = None if not years or years < 0 else years_on(today, years)
        return max((day for day in (self.until, counted) if day is not None), default=None)


@dataclass(frozen=True, slots=True)
class Listen:
    """A socket that the device may open. `peer` is who may reach it: a zone, a CIDR, or lan wan bastion local any."""

    port: int = _port()
    protocol: str = _one_of(*PROTOCOLS, default="tcp")
    service: str | None = None
    peer: str = field(default="any", metadata={"key": "from"})


@dataclass(frozen=True, slots=True)
class Egress:
    """A destination that the device may call: a name, `*.name`, a CIDR, lan or gateway."""

    to: str
    port: int | None = _port(default=None)
    protocol: str = _one_of(*PROTOCOLS, default="tcp")
    rate: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredService:
    name: str
    user: str | None = None
    writes: tuple[str, ...] = ()
    memory: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredAccount:
    name: str
    login: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    name: str
    vlan: int | None = field(default=None, metadata={"bounds": (1, 4094)})


@dataclass(frozen=True, slots=True)
class Flow:
    source: str = field(metadata={"key": "from"})
    to: str = ""
    port: int | None = _port(default=None)
    protocol: str = _one_of(*PROTOCOLS, default="tcp")


@dataclass(frozen=True, slots=True)
class Filesystem:
    verified: str | None = _one_of("verity", "package", "none")
    writable: tuple[str, ...] = ()
    setuid: tuple[str, ...] | None = None
    encrypted: tuple[str, ...] = ()
    key_store: str | None = _one_of("tpm", "caam", "optee", "derived", "none")


@dataclass(frozen=True, slots=True)
class Kernel:
    profile: str | None = _one_of("router", "camera", "gateway", "controller")
    modules: tuple[str, ...] = ()
    live_patching: bool = False


@dataclass(frozen=True, slots=True)
class Boot:
    """`rollback_index` grows when older images must not start any more: the boot loader keeps the highest."""

    keys: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    console: str = _one_of("off", "output-only", default="off")
    rollback_index: int = field(default=0, metadata={"bounds": (0, 4095)})
    floor: str | None = _one_of("tpm", "boot-loader", "file")


@dataclass(frozen=True, slots=True)
class Build:
    """What an image is made from, and how large. Paths are relative to the folder of the policy.

    `tools` is a folder or image with the programs of the initramfs (busybox, dmsetup) for the device's processor, the
    root file system itself when it is not said; `data` what the data partition starts with. `boot_size` is that of the
    signed kernel's partition in each slot, `slot_size` that of the root file system's. `boot_loader` and
    `boot_loader_tree` are what the maker built for a board whose boot loader firmward does not build.
    """

    rootfs: str | None = None
    kernel: str | None = None
    device_tree: str | None = None
    tools: str | None = None
    data: str | None = None
    boot_loader: str | None = None
    boot_loader_tree: str | None = None
    layout: str = _one_of("verity", "initramfs", default="verity")
    compression: str = _one_of("xz", "gzip", "lz4", "zstd", default="xz")
    boot_size: str | None = None
    slot_size: str | None = None
    data_size: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    server: str | None = None
    mechanism: str | None = _one_of("firmward", "rauc", "swupdate", "mender", "opkg", "apt", "none", "other")
    channel: str = "stable"
    automatic: bool = True
    keys: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    health_seconds: int = field(default=120, metadata={"bounds": (1, 3600)})
    window: str | None = _like(allowance.WINDOW, "02:00-04:00")
    quota: str | None = _like(allowance.QUOTA, "50M/month")
    rate: str | None = _like(allowance.RATE, "1M/s")
    grace: str | None = None
    director: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    memory: str | None = None
    cpu: str | None = None
    traffic: str | None = None
    server: str | None = None
    containment: str = _one_of("watch", "limit", "quarantine", default="watch")


@dataclass(frozen=True, slots=True)
class Modes:
    advanced: str = _one_of("none", "button", "jumper", "local-port", default="none")


@dataclass(frozen=True, slots=True)
class Tamper:
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """A version that was given out, and its day."""

    version: str
    day: date = field(metadata={"key": "date"})


@dataclass(frozen=True, slots=True)
class Review:
    """A review that people made. `release` is the version that they looked at, `report` where the result is kept,
    `following` the day by which the next one is due."""

    kind: str = field(metadata={"choices": ("code-review", "penetration-test")})
    day: date = field(metadata={"key": "date"})
    owner: str
    release: str | None = None
    report: str | None = None
    following: date | None = field(default=None, metadata={"key": "next"})


@dataclass(frozen=True, slots=True)
class AcceptedRisk:
    """A dated, owned exception. Without a key it covers every finding of the check."""

    check: str
    reason: str
    owner: str
    expires: date
    key: str | None = None

    def is_expired(self, today: date) -> bool:
        """A risk is accepted through its last day."""
        return today > self.expires


@dataclass(frozen=True, slots=True)
class Policy:
    """One product's declaration; every section may be left out."""

    schema: int = SCHEMA
    device: Device | None = None
    support: Support | None = None
    listen: tuple[Listen, ...] = ()
    egress: tuple[Egress, ...] = ()
    service: tuple[DeclaredService, ...] = ()
    account: tuple[DeclaredAccount, ...] = ()
    zone: tuple[Zone, ...] = ()
    flow: tuple[Flow, ...] = ()
    filesystem: Filesystem | None = None
    kernel: Kernel | None = None
    boot: Boot | None = None
    build: Build | None = None
    update: Update | None = None
    agent: Agent | None = None
    modes: Modes | None = None
    tamper: Tamper | None = None
    release: tuple[Release, ...] = ()
    review: tuple[Review, ...] = ()
    accepted: tuple[AcceptedRisk, ...] = ()

    @property
    def board(self) -> str | None:
        return None if self.device is None else self.device.board

    def allows_listening(self, protocol: str, port: int) -> bool:
        return any(listen.port == port and listen.protocol == protocol for listen in self.listen)


SECRET = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|\$(?:1|2[abxy]|5|6|y|7|gy)\$[^\s\"']{8,}")
SECRET_KEY = re.compile(r"(?i)^(?:password|passwd|passphrase|secret|private_key|token)$")


def parse_policy(text: str, name: str = "device.toml") -> Policy:
    """Read a policy. Raises InputError that says which key, in which place, and what was expected."""
    if len(text) > SIZE_LIMIT:
        raise InputError(f"{name}: larger than {SIZE_LIMIT} bytes")
    if SECRET.search(text):
        raise InputError(f"{name}: holds a private key or a password hash; the policy travels to every device")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{name}: is not TOML: {error}") from error
    _refuse_secrets(table, name)
    if table.get("schema", SCHEMA) != SCHEMA:
        raise InputError(f"{name}: schema {table.get('schema')!r} is not known, this firmward reads schema {SCHEMA}")
    try:
        return decode(Policy, table, "")
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _refuse_secrets(table: object, place: str) -> None:
    if isinstance(table, dict):
        for key, value in table.items():
            if SECRET_KEY.match(key):
                raise InputError(f"{place}: {key}: secrets do not belong into a policy, which travels to every device")
            _refuse_secrets(value, place)
    elif isinstance(table, list):
        for item in table:
            _refuse_secrets(item, place)
