"""What engines are told for all containers: registries that are trusted without TLS, sockets that listen, no seccomp.

Rules: dockerd(8) (daemon.json, balena's engine alike), containers-registries.conf(5), and containerd's and CRI's
config.toml with hosts.toml. A registry on the device itself needs no TLS.
"""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from firmward.facts.container.record import EngineSetting
from firmward.facts.listener import is_loopback, split_endpoint
from firmward.model.facts import Unavailable
from firmward.model.location import Location

VALUES_LIMIT = 20_000


def daemon(text: str, path: str) -> Iterator[EngineSetting]:
    """daemon.json"""
    table = _json(text, path)
    at = Location(path)
    others = tuple(filter(_is_own, _list(table.get("insecure-registries"))))
    for registry in _list(table.get("insecure-registries")):
        if not _is_own(registry):
            yield EngineSetting("insecure-registry", registry, at, others)
    others = tuple(host for host in _list(table.get("hosts")) if not host.startswith("tcp://"))
    for host in _list(table.get("hosts")):
        if (
            host.startswith("tcp://")
            and table.get("tlsverify") is not True
            and not _is_own(host.removeprefix("tcp://"))
        ):
            yield EngineSetting("engine-socket", host, at, others)
    if table.get("seccomp-profile") == "unconfined":
        yield EngineSetting("seccomp", "unconfined", at)
    if table.get("no-new-privileges") is True:
        yield EngineSetting("no-new-privileges", "true", at)


def _json(text: str, path: str) -> dict[str, Any]:
    try:
        table = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{path} is no JSON") from error
    if not isinstance(table, dict):
        raise Unavailable(f"{path} holds no object")
    return table


def toml(text: str, path: str) -> Iterator[EngineSetting]:
    """registries.conf and containerd's config.toml: wherever a registry is called insecure."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unavailable(f"{path} is no TOML") from error
    at = Location(path)
    for name in dict.fromkeys(_insecure(table)):
        if not _is_own(name):
            yield EngineSetting("insecure-registry", name, at)


def _insecure(table: dict[str, Any]) -> Iterator[str]:
    pending: list[tuple[str, object]] = [("", table)]
    for _ in range(VALUES_LIMIT):
        if not pending:
            return
        name, value = pending.pop()
        if isinstance(value, list):
            pending += [(name, item) for item in value]
        elif isinstance(value, dict):
            own = str(value.get("location", value.get("prefix", name)))
            if any(value.get(key) is True for key in ("insecure", "insecure_skip_verify", "skip_verify")):
                yield own
            pending += [(name if key in ("tls", "mirror") else str(key), item) for key, item in value.items()]
            yield from (url for url in _list(value.get("endpoint")) if url.startswith("http://"))
            # registries.conf of the first version
            if name == "insecure":
                yield from _list(value.get("registries"))


def _list(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _is_own(registry: str) -> bool:
    """Whether a registry, with its port or network, is on the device itself."""
    bare = registry.removeprefix("http://").partition("/")[0]
    place = split_endpoint(bare, 1)
    return place is not None and is_loopback(place[0])
