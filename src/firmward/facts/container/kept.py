"""What dockerd keeps of a container that exists: hostconfig.json, and config.v2.json beside it.

Rules: the engine's API writes both ("HostConfig" and "Config" of a container's inspection). A limit of 0, or null, is
none; NetworkMode, PidMode and IpcMode may be `host`.
"""

import json
from collections.abc import Iterator
from posixpath import dirname
from typing import Any

from firmward.facts.container import ports, record
from firmward.facts.container.record import Bind, Container, Published
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

MODES = {"NetworkMode": "network", "PidMode": "pid", "IpcMode": "ipc", "UsernsMode": "user", "UTSMode": "uts"}


def parse(tree: Tree, text: str, path: str) -> Container:
    host = _object(text, path)
    beside = f"{dirname(path)}/config.v2.json"
    config = _object(tree.text(beside) or "{}", beside)
    options = _texts(host.get("SecurityOpt"))
    inner = config.get("Config")
    settings = inner if isinstance(inner, dict) else {}
    limits = {kind for kind, key in (("memory", "Memory"), ("pids", "PidsLimit")) if _is_set(host.get(key))}
    devices = host.get("Devices")
    return Container(
        name=str(config.get("Name", "")).strip("/") or dirname(path).rpartition("/")[2][:12],
        at=Location(path),
        image=str(settings["Image"]) if settings.get("Image") else None,
        privileged=host.get("Privileged") is True,
        shared=tuple(space for key, space in MODES.items() if host.get(key) == "host"),
        binds=_binds(host),
        devices=tuple(
            str(device.get("PathOnHost", ""))
            for device in (devices if isinstance(devices, list) else ())
            if isinstance(device, dict)
        ),
        added=_texts(host.get("CapAdd")),
        unconfined=record.unconfined(options),
        user=str(settings["User"]) if settings.get("User") else None,
        read_only=host.get("ReadonlyRootfs") is True,
        limits=frozenset(limits),
        no_new_privileges=record.forbids_new_privileges(options),
        published=ports.bounded(_published(host.get("PortBindings"))),
    )


def _published(table: object) -> Iterator[Published]:
    """`{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}`"""
    for inner, places in table.items() if isinstance(table, dict) else ():
        target, _, protocol = str(inner).partition("/")
        for place in places if isinstance(places, list) else ():
            if isinstance(place, dict) and place.get("HostPort"):
                address = str(place.get("HostIp") or "")
                yield from ports.long(str(place["HostPort"]), target, address, protocol or "tcp")


def _object(text: str, path: str) -> dict[str, Any]:
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{path} is no JSON") from error
    if not isinstance(table, dict):
        raise Unavailable(f"{path} holds no object")
    return table


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _is_set(value: object) -> bool:
    return isinstance(value, int) and value > 0


def _binds(host: dict[str, Any]) -> tuple[Bind, ...]:
    listed = [record.bind(text) for text in _texts(host.get("Binds"))]
    mounts = host.get("Mounts")
    for mount in mounts if isinstance(mounts, list) else ():
        if isinstance(mount, dict) and mount.get("Type") == "bind" and isinstance(mount.get("Source"), str):
            listed.append(Bind(mount["Source"], mount.get("ReadOnly") is True, str(mount.get("Target") or "")))
    return tuple(one for one in listed if one is not None)
