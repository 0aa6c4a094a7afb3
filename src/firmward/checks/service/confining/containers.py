"""The lines that describe a container, written anew without what takes its wall down.

In a compose file each setting stands on lines of its own, so that each finding has its own change, and comments stay.
On the command line of an engine, and in a quadlet, several settings may share a line: there all that can be cured is
cured by one change, which all findings bring. What is not plain (an alias, a variable, another file) is left to a
person.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from firmward.facts.container.record import Form
from firmward.facts.containers import Container
from firmward.model.remedy import Change, RemoveLine, ReplaceLine

MEMORY, PIDS = "256m", "256"
SOCKET = re.compile(r"(?:docker|balena|balena-engine|containerd|podman|crio)\.sock\b|(?:/run/(?:docker|podman))(?::|$)")
USUAL = frozenset((
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
))  # fmt: skip
RAW = re.compile(r"(?:/dev$|/dev:|all$|/dev/(?:mem|kmem|port|sd|mmcblk|mtd|nvme|ubi|vd|dm-|mapper|root))")
LOOSE = re.compile(r"(?:(?:seccomp|apparmor)[=:]unconfined|label[=:]disable)$")


def _is_unusual(word: str) -> bool:
    return word.upper().removeprefix("CAP_") not in USUAL


IN_LISTS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "docker-socket": ("volumes", lambda text: SOCKET.search(text) is not None),
    "capability": ("cap_add", _is_unusual),
    "device": ("devices", lambda text: RAW.match(text) is not None),
    "unconfined": ("security_opt", lambda text: LOOSE.match(text) is not None),
    "fleet-key": ("labels", lambda text: "io.balena.features." in text or "io.resin.features." in text),
}
"""By row: the list of compose, and what has to go from it."""
ALONE = {
    "host-network": "network_mode",
    "host-pid": "pid",
    "host-ipc": "ipc",
    "host-user": "userns_mode",
}


def cured(container: Container, row: str) -> tuple[Change, ...]:
    """The changes for a row of container-unsafe; none where only a person can."""
    if container.at.path is None or not container.lines:
        return ()
    if container.form is Form.COMPOSE:
        return tuple(_in_compose(container, row))
    if container.form in (Form.COMMAND, Form.QUADLET) and row in _on_lines(container)[1]:
        return _on_lines(container)[0]
    return ()


# ---------------------------------------------------------------------- compose


def _in_compose(container: Container, row: str) -> Iterator[Change]:
    path = container.at.path or ""
    indent = _indent(container.lines[0][1])
    own = [line for line in container.lines if _indent(line[1]) == indent and ":" in line[1]]
    if row == "privileged":
        for number, text in _keyed(own, "privileged"):
            yield ReplaceLine(path, number, text, re.sub(r"(:\s*)[^\s#]+", r"\1false", text, count=1))
    elif row in ALONE:
        for number, text in _keyed(own, ALONE[row]) if len(own) > 1 else ():
            yield RemoveLine(path, number, text)
    elif row in IN_LISTS:
        yield from _out_of_list(container, own, *IN_LISTS[row])
    else:
        added = list(_additions(container, row, own))
        for number, text in [*_keyed(own, "image"), *_keyed(own, "build")][:1] if added else ():
            yield ReplaceLine(path, number, text, "\n".join((*(f"{indent}{one}" for one in added), text)))


def _additions(container: Container, row: str, own: list[tuple[int, str]]) -> Iterator[str]:
    if row == "writable-root":
        yield "read_only: true"
        if not _keyed(own, "tmpfs"):
            yield "tmpfs: [/tmp, /run]"
    elif row == "no-limits":
        if "memory" not in container.limits:
            yield f"mem_limit: {MEMORY}"
        if "pids" not in container.limits:
            yield f"pids_limit: {PIDS}"
    elif row == "new-privileges" and not _keyed(own, "security_opt"):
        yield 'security_opt: ["no-new-privileges:true"]'


def _keyed(lines: Iterable[tuple[int, str]], key: str) -> list[tuple[int, str]]:
    return [line for line in lines if re.match(rf"\s*[\"']?{key}[\"']?\s*:", line[1])]


def _out_of_list(
    container: Container, own: list[tuple[int, str]], key: str, goes: Callable[[str], bool]
) -> Iterator[Change]:
    path = container.at.path or ""
    heads = _keyed(own, key)
    if len(heads) != 1:
        return
    number, text = heads[0]
    flow = re.match(r"(?P<head>[^:]*:\s*)\[(?P<items>[^\[\]{}]*)\](?P<rest>\s*(?:#.*)?)$", text)
    if flow is not None:
        kept = [item.strip() for item in flow["items"].split(",") if not goes(item.strip().strip("\"'"))]
        yield ReplaceLine(path, number, text, f"{flow['head']}[{', '.join(kept)}]{flow['rest']}")
        return
    items = list(_items(container, number))
    gone = [item for item in items if any(goes(_value(line)) for _, line in item)]
    for item in reversed(gone):
        for place, line in reversed(item):
            yield RemoveLine(path, place, line)
    if gone and len(gone) == len(items):
        yield ReplaceLine(path, number, text, f"{text.rstrip()} []")


def _items(container: Container, head: int) -> Iterator[list[tuple[int, str]]]:
    """The members of the block list, or mapping, below a line; each with its lines."""
    inside = [line for line in container.lines if line[0] > head]
    indent = _indent(next((text for number, text in container.lines if number == head), ""))
    item: list[tuple[int, str]] = []
    first = None
    for number, text in inside:
        deeper = len(_indent(text)) > len(indent) or (text.lstrip().startswith("- ") and _indent(text) == indent)
        if not deeper:
            break
        first = _indent(text) if first is None else first
        if _indent(text) == first and item:
            yield item
            item = []
        item = [*item, (number, text)]
    if item:
        yield item


def _value(line: str) -> str:
    return re.sub(r"^\s*(?:-\s+)?(?:source:\s*)?", "", line).split(" #")[0].strip().strip("\"'")


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


# ---------------------------------------------------------------------- command lines and quadlets

GONE: dict[str, str] = {
    "privileged": r"--privileged(?:=true)?",
    "host-network": r"--net(?:work)?(?:=|\s+)host",
    "host-pid": r"--pid(?:=|\s+)host",
    "host-ipc": r"--ipc(?:=|\s+)host",
    "host-user": r"--userns(?:=|\s+)host",
    "unconfined": r"--security-opt(?:=|\s+)(?:(?:seccomp|apparmor)[=:]unconfined|label[=:]disable)",
    "device": r"--device(?:=|\s+)/dev/(?:mem|kmem|port|sd|mmcblk|mtd|nvme|ubi|vd|dm-|mapper|root)[^\s\"']*",
    "docker-socket": r"(?:-v|--volume)(?:=|\s+)[\"']?[^\s\"'$]*(?:docker|balena|balena-engine|podman)\.sock"
    r"[^\s\"']*[\"']?",
    "capability": rf"--cap-add(?:=|\s+)(?!(?:CAP_)?(?:{'|'.join(sorted(USUAL))})(?=\s|$))[A-Za-z_]+",
}
IN_QUADLET: dict[str, str] = {
    "host-network": r"Network=host",
    "host-user": r"UserNS=host",
    "docker-socket": r"Volume=\S*(?:docker|podman)\.sock\S*",
    "unconfined": r"SeccompProfile=unconfined|SecurityLabelDisable=true",
    "capability": rf"AddCapability=(?!(?:CAP_)?(?:{'|'.join(sorted(USUAL))})$)\w+",
    "device": r"AddDevice=/dev/(?:mem|kmem|port|sd|mmcblk|mtd|nvme)\S*",
}
RUN = re.compile(r"(?<=\s)(?:run|create)(?=\s)")


def _on_lines(container: Container) -> tuple[tuple[Change, ...], frozenset[str]]:
    """The changes of all lines, and the rows that they cure."""
    path = container.at.path or ""
    changes: list[RemoveLine | ReplaceLine] = []
    rows: set[str] = set()
    added = [one for one in _added(container) if not _is_overridden(container, one[1])]
    ours = True
    for number, line in container.lines if _is_bounded(container) else ():
        text, own_end, behind = (
            line.partition(container.image or "\0") if container.form is Form.COMMAND else (line, "", "")
        )
        if not ours:
            break
        ours = not own_end
        for row, pattern in GONE.items():
            changed = re.sub(rf"(?:(?<=\s)|(?<==)){pattern}(?:\s+|$)", "", text)
            rows |= {row} if changed != text else set()
            text = f"{changed}\\" if text.endswith("\\") and not changed.endswith("\\") else changed
        if container.form is Form.COMMAND:
            runs = RUN.search(text)
            if runs is not None and added:
                rows |= {row for row, _ in added}
                text = f"{text[: runs.end()]} {' '.join(words for _, words in added)}{text[runs.end() :]}"
                added = []
        else:
            own = {row for row, pattern in IN_QUADLET.items() if re.fullmatch(pattern, text.strip())}
            rows |= own
            if own or text.strip() == "PodmanArgs=":
                changes.append(RemoveLine(path, number, line))
                continue
        text = f"{text}{own_end}{behind}"
        if text != line:
            changes.append(ReplaceLine(path, number, line, text.rstrip() if not line.endswith("\\") else text))
    touched = {change.line for change in changes}
    whole = [one for one in container.lines if one[0] not in touched]
    if container.form is Form.QUADLET and added and whole:
        rows |= {row for row, _ in added}
        number, line = whole[0]
        changes.append(ReplaceLine(path, number, line, "\n".join((*(words for _, words in added), line))))
    changes.sort(key=lambda change: -change.line)
    return tuple(changes), frozenset(rows)


def _is_bounded(container: Container) -> bool:
    """Whether it can be told where the engine's words end and the program's begin."""
    image = container.image or ""
    found = sum(line.count(image) for _, line in container.lines) if image else 0
    return container.form is not Form.COMMAND or found == 1


def _is_overridden(container: Container, words: str) -> bool:
    """Whether the quadlet says it already, and a drop-in says otherwise."""
    key = words.partition("=")[0]
    own = any(text.startswith(f"{key}=") for _, text in container.lines)
    return container.form is Form.QUADLET and key != "PodmanArgs" and own


def _added(container: Container) -> Iterator[tuple[str, str]]:
    """What is missing, row by row, in the words of the form."""
    is_command = container.form is Form.COMMAND
    if not container.read_only:
        yield "writable-root", "--read-only --tmpfs /tmp --tmpfs /run" if is_command else "ReadOnly=true\nTmpfs=/tmp"
    if "memory" not in container.limits:
        yield "no-limits", f"--memory {MEMORY}" if is_command else f"PodmanArgs=--memory={MEMORY}"
    if "pids" not in container.limits:
        yield "no-limits", f"--pids-limit {PIDS}" if is_command else f"PidsLimit={PIDS}"
    if not container.no_new_privileges:
        yield "new-privileges", "--security-opt no-new-privileges" if is_command else "NoNewPrivileges=true"
