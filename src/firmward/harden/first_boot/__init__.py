"""What belongs to one device, made by it at its first boot, one kind of secret a file.

A file is called as the kind in model/remedy.py, and has

- `SERVERS`, the programs that want it, which start after it was made;
- `FUNCTIONS`, the shell functions that make it: beside its place first, and then moved there whole, so that an
  interrupted start leaves nothing that is taken for a key;
- `call(change, draft, places) -> str | None`, the line that makes one secret, by the places of its files; None where
  nothing has to make it;
- optionally `leave(change, site) -> bool`, whether something else takes the place of what is left out.

The script with functions and calls lies in the fixed part; what it makes lies where the device's data last, and where
the image had the secret a link leads there, so that no program has to be told. `starting/` has the way of each init.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from firmward.facts import storage
from firmward.facts.collection import Collection
from firmward.facts.init import Init
from firmward.facts.startup import Startup
from firmward.facts.writable import Writable
from firmward.harden.draft import Draft, Refused
from firmward.harden.first_boot import starting
from firmward.harden.site import Site
from firmward.model.remedy import MakeAtFirstBoot
from firmward.model.tree import Kind

FOLDER = "usr/libexec/firmward"
NAMED_BY_PATH = ("tls-key",)
"""Kinds of which files of several programs may have the same name."""
HEAD = """\
#!/bin/sh
# Makes what belongs to this device alone, where it is not there yet. Written by `firmward harden`.
# What is made takes its place when it is whole: a start that was interrupted leaves none, and the next one makes it.
umask 077
failed=0

folder() { # PATH MODE: the folder of what is to be made
	[ -d "${1%/*}" ] || { mkdir -p "${1%/*}" && chmod "$2" "${1%/*}"; }
}

place() { # NEW PATH MODE OWNER
	chmod "$3" "$1" && chown "$4" "$1" && sync && mv -f "$1" "$2" && sync
}

"""
TAIL = 'exit "$failed"\n'


def arrange(change: MakeAtFirstBoot, site: Site) -> None:
    """Raises Refused."""
    kind, draft = _kind(change.secret), site.draft
    if hasattr(kind, "leave") and kind.leave(change, site):
        return
    paths = (change.path,) if change.certificate is None else (change.path, change.certificate)
    for path in paths:
        if not storage.PLAIN.fullmatch(f"/{path}"):
            raise Refused(f"/{path} cannot be named in a script")
    places = {path: _place(path, change.secret, site) for path in paths}
    name = f"make-{change.secret}"
    script = f"{FOLDER}/{name}"
    text = draft.text(script) or f"{HEAD}{kind.FUNCTIONS}\n{TAIL}"
    is_arranged = all(place in text.split() for place in places.values())
    line = None if is_arranged else kind.call(change, draft, places)
    for path, place in places.items():
        _make_room(draft, path, place)
    if line is not None:
        draft.write(script, f"{text.removesuffix(TAIL)}{line} || failed=1\n{TAIL}", 0o755)
        starting.start(site, name, f"/{script}", kind.SERVERS, places[change.path])
        _require_started(draft, script)


def _kind(secret: str) -> ModuleType:
    name = secret.replace("-", "_")
    if name not in {file.name for file in iter_modules(__path__) if name.endswith(("_key", "_id"))}:
        raise Refused(f"how a {secret} is made at the first boot is not known here")
    return import_module(f"{__name__}.{name}")


def _place(path: str, secret: str, site: Site) -> str:
    """Where the device keeps its own, as an absolute path."""
    known = site.facts.families.get(Writable)
    writable = known if isinstance(known, Writable) else Collection(site.draft.below).get(Writable)
    if not isinstance(writable, Writable):
        raise Refused("what is writable is not known")
    lasting = storage.of_device(site.policy, writable)
    if storage.keeps(path, site.policy, writable) and not _is_of_system(path, lasting):
        return f"/{path}"
    if lasting is None:
        raise Refused("there is no storage that lasts: name it in device.toml as [filesystem] writable")
    plain = path.strip("/").replace("/", "-") if secret in NAMED_BY_PATH else path.rpartition("/")[2]
    folder = {"tls-key": "tls", "ssh-host-key": "ssh", "dropbear-host-key": "dropbear"}.get(secret, "id")
    return f"{lasting}/{folder}/{plain}"


def _is_of_system(path: str, lasting: str | None) -> bool:
    """A root that is writable today may be made fixed; what is kept for data stays."""
    return lasting is not None and not f"/{path}".startswith(f"{lasting}/")


def _make_room(draft: Draft, path: str, place: str) -> None:
    there = draft.lstat_through(path)
    if f"/{path}" == place:
        if there is not None:
            draft.remove(path)
    elif there is None or there.kind is not Kind.SYMLINK or there.target != place:
        draft.link(path, place)
    public = f"{path}.pub"
    if draft.lstat_through(public) is not None:
        draft.remove(public)


def _require_started(draft: Draft, script: str) -> None:
    known = Collection(draft)
    startup, init = known.get(Startup), known.get(Init)
    if not isinstance(startup, Startup) or script not in startup.scripts:
        name = init.program.value if isinstance(init, Init) else "this system"
        raise Refused(f"nothing that {name} runs at boot would start /{script}")
