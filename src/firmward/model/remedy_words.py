"""Changes as one reads them aloud: what is done, and to what."""

from collections.abc import Iterable

from firmward.model import remedy
from firmward.model.kind import kind


def kinds(changes: Iterable[object]) -> tuple[str, ...]:
    """Of several changes, each once, sorted."""
    return tuple(sorted({kind(type(change)) for change in changes}))


def spoken(change: object) -> tuple[str, str]:
    """The verb, and its object; of a kind that a later version added, its name alone."""
    return _of_lines(change) or _of_file(change) or _of_system(change) or (type(change).__name__, "")


def _of_lines(change: object) -> tuple[str, str] | None:
    match change:
        case remedy.RemoveLine():
            return "remove", f"{change.path}:{change.line}: {change.text}"
        case remedy.RemoveRecord():
            return "remove", f"{change.record} in {change.path}"
        case remedy.ReplaceLine():
            return "replace", f"{change.path}:{change.line}: {change.text} by {change.instead}"
        case remedy.AddLine():
            return "add", f"{change.path}: {change.text}"
        case remedy.SetOption():
            block = f" [{change.section}]" if change.section else ""
            return "set", f"{change.path}{block}: {change.option} = {change.value}"
        case remedy.SetField():
            return "set", f"{change.path}: field {change.field + 1} of {change.record} = {change.value}"
    return None


def _of_file(change: object) -> tuple[str, str] | None:
    match change:
        case remedy.Remove():
            return "remove", change.path
        case remedy.WriteFile():
            return "write", f"{change.path}, mode {change.mode:04o}{_owner(change.uid, change.gid)}"
        case remedy.SetLink():
            return "link", f"{change.path} to {change.target}"
        case remedy.RemoveCapabilities():
            return "remove", f"the capabilities of {change.path}"
        case remedy.MakeAtFirstBoot():
            return "make at first boot", f"{change.secret} {change.path}"
        case remedy.SetMode():
            return "set", f"{change.path}: mode {change.mode:04o}{_owner(change.uid, change.gid)}"
    return None


def _of_system(change: object) -> tuple[str, str] | None:
    match change:
        case remedy.DisableService():
            return "disable", f"{change.name} ({change.manager})"
        case remedy.CloseSocket():
            return "close", f"{change.protocol}/{change.port} of {change.program} for others ({change.path})"
        case remedy.AddFirewallRule():
            words = (change.verdict, change.direction, change.protocol, change.port, change.peer)
            return "firewall", " ".join(str(word) for word in words if word is not None)
        case remedy.SetKernelOption() | remedy.SetUbootOption():
            return "set", f"{change.option}={change.value}"
        case remedy.SetKernelWord():
            return "boot with", change.word
        case remedy.RemoveKernelWord():
            return "boot without", change.word
        case remedy.SetDeviceTreeProperty():
            return "set", f"{change.node}: {change.property} = {change.value}".removesuffix(" = ")
    return None


def _owner(uid: int | None, gid: int | None) -> str:
    return "" if not uid and not gid else f", owner {uid}:{gid}"
