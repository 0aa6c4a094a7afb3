"""The update client put into a root before it is sealed.

| path | is |
| --- | --- |
| `/usr/bin/firmward-update` | starts it |
| `/usr/lib/firmward/` | its modules (modules.py), with byte code beside them |
| `/usr/share/firmward/device.json` | who this device is, and what its policy says of updates |
| `/usr/share/firmward/root.json` | the TUF root that it begins to trust with |
| `/usr/share/firmward/director.root.json` | the director's, where the policy asks for its orders |
| `/usr/libexec/firmward-update-loop` | asks again and again (starts/loop.py); the root's init system starts it |
"""

from dataclasses import replace

from firmward.build.client import byte_code, modules
from firmward.build.client.interpreter import LEAST, PROGRAM, Interpreter, of_root
from firmward.build.client.over import Over
from firmward.build.client.starts import choice
from firmward.build.client.trusted_root import TrustedRoot
from firmward.build.inputs import Inputs
from firmward.formats import canonical_json
from firmward.formats.canonical_json import Json
from firmward.model.errors import InputError
from firmward.model.policy import Boot, Policy, Update

STARTER = "usr/bin/firmward-update"
LIBRARY = "usr/lib/firmward"
SHARE = "usr/share/firmward"
DEVICE, TRUSTED, DIRECTOR = f"{SHARE}/device.json", f"{SHARE}/root.json", f"{SHARE}/director.root.json"

# The library is asked first, so that nothing in /usr/lib can stand before one of its modules.
START = b"""\
#!/usr/bin/python3 -ISB
import sys

sys.path.append("/usr/lib")
from firmward.update.main import main

sys.exit(main())
"""


def put_in(
    inputs: Inputs, policy: Policy, trusted: TrustedRoot, epoch: int, director: TrustedRoot | None = None
) -> tuple[Inputs, str]:
    """The inputs with another root, and a line that tells of it. Raises InputError."""
    interpreter = _interpreter(inputs)
    sources = modules.sources()
    files = {f"{LIBRARY}/{path}": (text.encode(), 0o644) for path, text in sources.items()}
    if byte_code.fits(interpreter):
        code = byte_code.compiled(sources, LIBRARY)
        files |= {f"{LIBRARY}/{path}": (content, 0o644) for path, content in code.items()}
    files[STARTER] = (START, 0o755)
    files[DEVICE] = (canonical_json.encode(_device(inputs, policy, epoch)), 0o644)
    files[TRUSTED] = (trusted.content, 0o644)
    if director is not None:
        files[DIRECTOR] = (director.content, 0o644)
    starts, started = choice.started(inputs.root.tree, policy)
    files |= starts
    tree = Over(inputs.root.tree, files, (LIBRARY, SHARE), epoch)
    root = replace(inputs.root, tree=tree, source=None)
    tools = root if inputs.tools is inputs.root else inputs.tools
    form = "" if byte_code.fits(interpreter) else ", not compiled, since another Python builds it"
    orders = "" if director is None else f" and the orders of {director.name}"
    words = (
        f"update client: {len(sources)} modules for {interpreter}{form}; it trusts {trusted.name}{orders}, {started}"
    )
    return replace(inputs, root=root, tools=tools), words


def _interpreter(inputs: Inputs) -> Interpreter:
    found = of_root(inputs.root.tree)
    if found is None or not found.is_enough:
        has = f"no Python 3 with its library at /{PROGRAM}" if found is None else str(found)
        least = f"{LEAST[0]}.{LEAST[1]}"
        raise InputError(
            f"[build] rootfs: {inputs.root.path} has {has}, and the update client needs {least} or later; "
            "add it, or build --without-updates"
        )
    return found


def _device(inputs: Inputs, policy: Policy, epoch: int) -> Json:
    update, boot = policy.update or Update(), policy.boot or Boot()
    return {
        "product": inputs.product,
        "board": inputs.board.name,
        "channel": update.channel,
        "version": inputs.version,
        "rollback_index": boot.rollback_index,
        "built": epoch,
        "server": update.server or "",
        "window": update.window or "",
        "quota": update.quota or "",
        "rate": update.rate or "",
        "grace": update.grace or "",
        "director": update.director,
        "floor": boot.floor or "",
        "health": {"commands": list(update.health), "seconds": update.health_seconds},
    }
