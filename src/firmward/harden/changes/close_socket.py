"""A socket that is closed for others, in the words of its program (see `sockets/`)."""

from firmward.harden import sockets
from firmward.harden.draft import Refused
from firmward.harden.site import Site
from firmward.model.remedy import CloseSocket

KIND = CloseSocket


def apply(change: CloseSocket, site: Site) -> None:
    close = sockets.by_program(change.program, change.path)
    text = site.draft.text(change.path)
    if close is None or text is None:
        raise Refused(f"how {change.program} closes {change.protocol}/{change.port} in {change.path} is not known here")
    try:
        changed = close(text, change.protocol, change.port)
    except Refused as reason:
        raise Refused(f"{change.path}: {reason}") from reason
    if changed != text:
        site.draft.write(change.path, changed)
