"""One container as it would be started, whoever describes it, and one setting of an engine."""

import re
from dataclasses import dataclass
from enum import StrEnum

from firmward.model.location import Location


@dataclass(frozen=True, slots=True)
class Published:
    """One port of the host, and the container's, `target`, that it leads to. `address` is empty for all."""

    protocol: str
    port: int
    target: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder, file or device of the host that is seen inside, at `target`; empty where that is not told."""

    source: str
    read_only: bool = False
    target: str = ""


class Form(StrEnum):
    """How a container is described."""

    COMPOSE = "compose"
    COMMAND = "command"
    QUADLET = "quadlet"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Container:
    """`name` is the service's or the container's; `shared` are the namespaces of the host that it is in; `unconfined`
    what it is let out of (seccomp, apparmor, selinux). What may be left out is None where nothing says it: `image`,
    `user`. `is_whole` is false for a piece that another file completes, so that what is missing says nothing.
    `limits` are those set, of memory and pids. `maps_root` says that its root is the host's. `keys` names whose keys
    it is handed by a label, and `starts` says that what runs here starts it by itself, as far as this is known;
    `published` are the ports of the host that lead into it. `form` says how it is described, `lines` are those of its
    description that set up its wall, with their numbers: none of its environment.
    """

    name: str
    at: Location
    image: str | None = None
    privileged: bool = False
    shared: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    devices: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    unconfined: tuple[str, ...] = ()
    user: str | None = None
    read_only: bool = False
    limits: frozenset[str] = frozenset()
    no_new_privileges: bool = False
    is_whole: bool = True
    is_image: bool = True
    maps_root: bool = False
    keys: tuple[str, ...] = ()
    starts: bool = False
    published: tuple[Published, ...] = ()
    form: Form = Form.OTHER
    lines: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EngineSetting:
    """Something in an engine's configuration: the `key` names the row, `value` what is said, `at` where; `others`
    is what stands beside it in its list and is no fault."""

    key: str
    value: str
    at: Location
    others: tuple[str, ...] = ()


_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w*:?-([^${}]*)\}")


def filled(text: str) -> str:
    """A text with the defaults of its variables; what only the device knows keeps its `$`."""
    return _DEFAULT.sub(lambda match: match.group(1), text)


def bind(text: str) -> Bind | None:
    """A mount as `-v` writes it, `source:target:options`; None for a volume of the engine."""
    source, sign, rest = filled(text).partition(":")
    if not sign or not source.startswith(("/", ".", "~", "%")):
        return None
    target, _, options = rest.partition(":")
    return Bind(source, "ro" in options.split(","), target)


def bind_of_options(text: str) -> Bind | None:
    """A mount as `--mount` writes it, `type=bind,source=/a,target=/b,readonly`."""
    pairs = dict(item.partition("=")[::2] for item in filled(text).split(","))
    source = pairs.get("source", pairs.get("src", ""))
    if pairs.get("type", "volume") != "bind" or not source:
        return None
    read_only = any(pairs.get(key, "false").lower() in ("", "true", "1") for key in ("readonly", "ro"))
    target = next((pairs[key] for key in ("target", "destination", "dst") if key in pairs), "")
    return Bind(source, read_only, target)


def unconfined(options: tuple[str, ...]) -> tuple[str, ...]:
    """What `--security-opt` words let a container out of."""
    rows = {"seccomp=unconfined": "seccomp", "apparmor=unconfined": "apparmor", "label=disable": "selinux"}
    return tuple(dict.fromkeys(rows[word] for option in options if (word := option.replace(":", "=", 1)) in rows))


def forbids_new_privileges(options: tuple[str, ...]) -> bool:
    words = {option.replace(":", "=", 1).lower() for option in options}
    return not words.isdisjoint(("no-new-privileges", "no-new-privileges=true"))
