"""Compose files: the services of a project.

Rules, from the Compose specification: `services` by name; `network_mode`, `pid`, `ipc` and `userns_mode` may be `host`;
volumes in the short form and the long one; limits as `mem_limit` and `pids_limit` or below `deploy.resources.limits`.
balena adds labels (io.balena.features, io.resin.features before) that hand in the engine's socket, folders of the
host, and keys. `extends` takes a service of the same file or of another as what holds where the own says nothing:
mappings are merged, lists put together. A service without image and build is a piece of a whole, and so is one whose
base cannot be read. `${NAME:-default}` is taken for its default.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from posixpath import dirname, join, normpath

from firmward.facts.container import ports
from firmward.facts.container.record import Bind, Container, Published, bind, filled, forbids_new_privileges, unconfined
from firmward.formats import yaml_subset
from firmward.formats.malformed import Malformed
from firmward.formats.yaml_subset import Node
from firmward.model.location import Location

TRUE = frozenset(("true", "yes", "on", "1"))
NAMESPACES = {"network_mode": "network", "pid": "pid", "ipc": "ipc", "userns_mode": "user", "uts": "uts"}
FEATURES = re.compile(r"io\.(?:balena|resin)\.features\.([a-z-]+)")
MOUNTED = {
    "balena-socket": Bind("/var/run/balena.sock"),
    "dbus": Bind("/run/dbus"),
    "sysfs": Bind("/sys"),
    "procfs": Bind("/proc"),
    "kernel-modules": Bind("/lib/modules", read_only=True),  # which lie on the host's read-only root
}
"""What balena mounts where a label asks for it: of the engine, and of the host."""
HANDED = {"supervisor-api": "supervisor", "balena-api": "device"}
"""Whose key a label hands in: the supervisor's of this device, or the device's own for the fleet's server."""
SERVICES_LIMIT = 200
EXTENDS_LIMIT = 8
"""Services that extend one another in a row."""

Read = Callable[[str], str | None]


def parse(text: str, path: str, read: Read = lambda _path: None) -> Iterator[Container]:
    """The services of a file; `read` gives the text of another that one of them extends. Raises Malformed."""
    services = yaml_subset.parse(text).get("services")
    projects = {path: services or Node({}, 1)}
    for name, node in list(services.entries.items())[:SERVICES_LIMIT] if services is not None else ():
        yield _service(name, _extended(node, path, projects, read, EXTENDS_LIMIT), path)


def _extended(node: Node, path: str, projects: dict[str, Node], read: Read, left: int) -> Node:
    """A service with what it extends. Where that cannot be found it keeps its `extends`."""
    told = node.get("extends")
    if told is None or not left:
        return node
    name = told.text or _text(told, "service") or ""
    file = _text(told, "file")
    place = path if file is None else normpath(join(dirname(f"/{path}"), file)).lstrip("/")
    base = _project(place, projects, read).get(name)
    if base is None:
        return node
    whole = _extended(base, place, projects, read, left - 1)
    own = Node({key: value for key, value in node.entries.items() if key != "extends"}, node.line)
    return _merged(whole, own, {})


def _project(path: str, projects: dict[str, Node], read: Read) -> Node:
    if path not in projects:
        text = read(path)
        services = yaml_subset.parse(text).get("services") if text is not None else None
        projects[path] = services or Node({}, 1)
    return projects[path]


def _merged(base: Node, own: Node, known: dict[tuple[int, int], Node]) -> Node:
    """Mappings are merged, lists put together, and of two values the own counts. `known` are pairs that were merged
    before: aliases may lead to one pair on many ways."""
    pair = (id(base), id(own))
    if pair not in known:
        known[pair] = own
        if base.entries and own.entries:
            shared = base.entries.keys() & own.entries.keys()
            both = {key: _merged(base.entries[key], own.entries[key], known) for key in shared}
            known[pair] = Node({**base.entries, **own.entries, **both}, own.line)
        elif base.items and own.items:
            known[pair] = Node((*base.items, *own.items), own.line)
    return known[pair]


def supervised(text: str, path: str) -> Iterator[Container]:
    """The services of balena's apps.json: `apps`, their `releases`, their `services`. A service's image and labels
    stand beside its `composition`, which is what a compose file says of it; in older forms there is no such table.
    Raises Malformed.
    """
    try:
        apps = _node(json.loads(text)).get("apps")
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    for app in list(apps.entries.values())[:SERVICES_LIMIT] if apps is not None else ():
        releases = app.get("releases")
        for release in (app, *(releases.entries.values() if releases is not None else ())):
            yield from _supervised(release, path)


def _supervised(release: Node, path: str) -> Iterator[Container]:
    services = release.get("services")
    entries = services.entries if services is not None else {}
    for key, node in list(entries.items())[:SERVICES_LIMIT]:
        own = node.get("composition")
        whole = Node({**(own.entries if own is not None else {}), **node.entries}, node.line)
        found = _service(_text(node, "serviceName") or key, whole, path)
        features = (*_features(node), *(_features(own) if own is not None else ()))
        yield replace(found, binds=_all_binds(whole, features), keys=_keys(features), starts=True)


def _node(value: object) -> Node:
    """JSON as the YAML that it is too; the line is not known."""
    if isinstance(value, dict):
        return Node({str(key): _node(item) for key, item in value.items()}, 1)
    if isinstance(value, list):
        return Node(tuple(map(_node, value)), 1)
    return Node(json.dumps(value) if isinstance(value, bool | int | float) else str(value or ""), 1)


def _service(name: str, node: Node, path: str) -> Container:
    features = tuple(_features(node))
    options = _texts(node, "security_opt")
    limits = {
        kind
        for kind, own in (("memory", "mem_limit"), ("pids", "pids_limit"))
        if node.get(own) is not None or node.get("deploy", "resources", "limits", kind) is not None
    }
    return Container(
        name=name,
        at=Location(path, node.line),
        image=_text(node, "image"),
        privileged=_says(node, "privileged"),
        shared=tuple(space for key, space in NAMESPACES.items() if _text(node, key) == "host"),
        binds=_all_binds(node, features),
        devices=tuple(text.partition(":")[0] for text in _texts(node, "devices")),
        added=_texts(node, "cap_add"),
        unconfined=unconfined(options),
        user=_text(node, "user"),
        read_only=_says(node, "read_only"),
        limits=frozenset(limits),
        no_new_privileges=forbids_new_privileges(options),
        keys=_keys(features),
        published=ports.bounded(_published(node)),
        is_whole=(node.get("image") or node.get("build")) is not None and node.get("extends") is None,
    )


def _text(node: Node, key: str) -> str | None:
    found = node.get(key)
    return filled(found.text) if found is not None and found.text is not None else None


def _says(node: Node, key: str) -> bool:
    return (_text(node, key) or "").lower() in TRUE


def _texts(node: Node, key: str) -> tuple[str, ...]:
    found = node.get(key)
    return tuple(filled(item.text) for item in found.items if item.text) if found is not None else ()


def _binds(node: Node) -> Iterator[Bind]:
    found = node.get("volumes")
    for item in found.items if found is not None else ():
        short = bind(item.text) if item.text is not None else None
        if short is not None:
            yield short
        elif _text(item, "type") == "bind" and (source := _text(item, "source")):
            yield Bind(source, _says(item, "read_only"), _text(item, "target") or "")


def _published(node: Node) -> Iterator[Published]:
    found = node.get("ports")
    for item in found.items if found is not None else ():
        if item.text is not None:
            yield from ports.short(item.text)
        elif (target := _text(item, "target")) and (published := _text(item, "published")):
            protocol = _text(item, "protocol") or "tcp"
            yield from ports.long(published, target, _text(item, "host_ip") or "", protocol)


def _all_binds(node: Node, features: Iterable[str]) -> tuple[Bind, ...]:
    handed = (MOUNTED[feature] for feature in features if feature in MOUNTED)
    return tuple(dict.fromkeys((*_binds(node), *handed)))


def _keys(features: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(HANDED[feature] for feature in features if feature in HANDED))


def _features(node: Node) -> Iterator[str]:
    """What of balena's the labels ask for."""
    labels = node.get("labels")
    if labels is None:
        return
    values = {key: value.text or "" for key, value in labels.entries.items()}
    values |= dict((item.text or "").partition("=")[::2] for item in labels.items)
    for key, value in values.items():
        feature = FEATURES.fullmatch(key.strip())
        if feature is not None and value.strip().lower() in TRUE:
            yield feature[1]
