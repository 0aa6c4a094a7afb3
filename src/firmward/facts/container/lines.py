"""The lines of a container's description that say how it is walled in: those that a cure may write anew.

What may hold a secret, its environment above all, is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from firmward.facts import sandbox
from firmward.facts.container.record import Container, Form
from firmward.model.facts import Unavailable
from firmward.model.tree import Tree

LIMIT, LENGTH = 200, 1000
KEYS = frozenset((
    *("image", "build", "privileged", "network_mode", "pid", "ipc", "userns_mode", "volumes", "cap_add", "cap_drop"),
    *("devices", "security_opt", "labels", "read_only", "tmpfs", "mem_limit", "pids_limit", "user", "extends", "ports"),
    *("restart", "container_name", "networks", "cpus", "hostname", "depends_on", "deploy", "<<", "logging", "init"),
))  # fmt: skip
QUADLET = re.compile(
    r"(?:Image|Network|AddCapability|AddDevice|Volume|Mount|ReadOnly|User|PidsLimit|Memory|UserNS|ContainerName|Tmpfs"
    r"|PublishPort|PodmanArgs|NoNewPrivileges|SecurityLabelDisable|SeccompProfile|DropCapability)="
)


def of(tree: Tree, container: Container, form: Form) -> Container:
    at = container.at
    try:
        text = tree.text(at.path) if at.path is not None and at.line is not None else None
    except Unavailable:
        text = None
    if text is None or at.line is None:
        return container
    numbered = list(enumerate(text.split("\n"), 1))[at.line - 1 : at.line - 1 + LIMIT]
    found = tuple(_WAYS[form](numbered))
    # a hole would make a place look like another
    plain = all(len(line) <= LENGTH and not sandbox.SECRET.search(line) for _, line in found)
    return replace(container, form=form, lines=found if plain else ())


def _of_compose(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The keys of the service, and what is below those that are known; its name stands on the first line."""
    head = lines[0][1] if lines else ""
    lines = [one for one in lines[1:] if one[1].strip() and not one[1].lstrip().startswith("#")] if lines else []
    own = len(lines[0][1]) - len(lines[0][1].lstrip()) if lines else 0
    if lines and own <= len(head) - len(head.lstrip()):
        return
    inside = False
    for number, line in lines:
        indent = len(line) - len(line.lstrip())
        if indent < own or line.startswith(("---", "...")):
            return
        if indent == own and not line.lstrip().startswith("- "):
            inside = line.strip().partition(":")[0].strip("\"'") in KEYS
        if inside:
            yield number, line


def _of_command(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in lines:
        yield number, line
        if not line.endswith("\\"):
            return


def _of_quadlet(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for number, line in lines:
        if line.startswith("["):
            return
        if QUADLET.match(line) and not line.endswith("\\"):
            yield number, line


_WAYS = {Form.COMPOSE: _of_compose, Form.COMMAND: _of_command, Form.QUADLET: _of_quadlet}
