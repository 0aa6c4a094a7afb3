"""`docker run` and its like, as units and scripts start them.

Rules, from docker-run(1) and podman-run(1): options stand before the image, what comes behind it is the program's. An
option takes a value unless it is one of the switches below.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmward.facts.container import ports, record
from firmward.facts.container.record import Bind, Container
from firmward.model.location import Location

ENGINES = frozenset(("docker", "podman", "balena", "balena-engine", "nerdctl"))
_SWITCHES = """
detach init interactive tty privileged read-only rm no-healthcheck oom-kill-disable publish-all sig-proxy quiet
disable-content-trust replace no-hosts rmi env-host http-proxy read-only-tmpfs tls-verify no-hostname no-trunc passwd
"""
SWITCHES = frozenset(_SWITCHES.split())
SHORT_SWITCHES = frozenset("ditPq")
LONG_NAMES = {"p": "publish", "v": "volume", "u": "user", "m": "memory", "h": "hostname"}
NAMESPACES = {"network": "network", "net": "network", "pid": "pid", "ipc": "ipc", "userns": "user", "uts": "uts"}


@dataclass(slots=True)
class Options:
    """The options by their long names, and the words from the image on."""

    values: dict[str, list[str]] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def all(self, *names: str) -> tuple[str, ...]:
        return tuple(value for name in names for value in self.values.get(name, ()))

    def last(self, *names: str) -> str | None:
        values = self.all(*names)
        return values[-1] if values else None

    def says(self, name: str) -> bool:
        value = self.last(name)
        return value is not None and value.lower() not in ("false", "0")

    def add(self, name: str, value: str) -> None:
        self.values.setdefault(LONG_NAMES.get(name, name), []).append(value)


def of_command(words: tuple[str, ...], service: str, at: Location) -> Container | None:
    """The container that the words behind the engine's name start; None for any other command."""
    start = next((place for place, word in enumerate(words) if word in ("run", "create")), None)
    if start is None or any(word not in ("container",) and _is_command(word) for word in words[:start]):
        return None
    options = read(words[start + 1 :])
    if not options.words:
        return None
    name = options.last("name") or service
    return described(name if "$" not in name else service, at, options.words[0], options)


def _is_command(word: str) -> bool:
    """Whether a word before `run` makes it another command, such as `docker compose run`."""
    return word in ("compose", "exec", "image", "volume", "network", "buildx", "machine", "pod", "stack", "service")


def read(words: Iterable[str]) -> Options:
    pending = list(words)[::-1]
    found = Options()
    while pending:
        word = pending.pop()
        if word.startswith("--") and len(word) > 2:
            name, sign, value = word[2:].partition("=")
            if not sign and name not in SWITCHES:
                value = pending.pop() if pending else ""
            found.add(name, value)
        elif word.startswith("-") and len(word) > 1 and word != "--":
            _short(word[1:], pending, found)
        else:
            rest = [] if word == "--" else [word]
            found.words = (*rest, *reversed(pending))
            break
    return found


def _short(cluster: str, pending: list[str], found: Options) -> None:
    for position, letter in enumerate(cluster):
        if letter in SHORT_SWITCHES:
            found.add(letter, "")
            continue
        rest = cluster[position + 1 :].removeprefix("=")
        found.add(letter, rest or (pending.pop() if pending else ""))
        return


def described(name: str, at: Location, image: str | None, options: Options) -> Container:
    security = options.all("security-opt")
    limits = {key for key, names in (("memory", ("memory",)), ("pids", ("pids-limit",))) if options.all(*names)}
    return Container(
        name=name,
        at=at,
        image=image,
        privileged=options.says("privileged"),
        shared=tuple(dict.fromkeys(space for key, space in NAMESPACES.items() if options.last(key) == "host")),
        binds=binds(options.all("volume"), options.all("mount")),
        devices=tuple(device.partition(":")[0] for device in options.all("device")),
        added=tuple(word for text in options.all("cap-add") for word in text.split(",")),
        unconfined=record.unconfined(security),
        user=options.last("user"),
        read_only=options.says("read-only"),
        limits=frozenset(limits),
        no_new_privileges=record.forbids_new_privileges(security),
        published=ports.bounded(one for text in options.all("publish") for one in ports.short(text)),
    )


def binds(volumes: Iterable[str], mounts: Iterable[str]) -> tuple[Bind, ...]:
    found = (*map(record.bind, volumes), *map(record.bind_of_options, mounts))
    return tuple(one for one in found if one is not None)
