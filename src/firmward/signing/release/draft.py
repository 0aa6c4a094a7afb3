"""A change of the repository that is not signed yet: a folder that people pass on, by stick where need be.

| path | is |
| --- | --- |
| `draft.json` | which metadata this changes, and exactly what it follows |
| `next/<role>.json` | the next version of each, gathering signatures |
| `base/<role>.json` | what that follows, and who may sign, as the repository had it |
| `targets/` | manifests of the channel and blobs, named as in the repository |

Nothing in it is believed: what counts for `publish` is what was signed, held against the repository as it is then. What
`sign` shows is read from the very bytes that are signed.
"""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tuf.api.serialization.json import JSONSerializer

from firmward.formats.canonical_json import Json, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.signing.private_files import sync
from firmward.signing.shelf import Beginning, Digest, Shelf
from firmward.signing.tuf_keys import ROOT, TARGETS
from firmward.signing.tuf_model import Metadata, Root, Targets
from firmward.signing.tuf_repository import AnyMetadata, Held, State, channel_of, limit_of, parsed

SCHEMA = "firmward.draft/1"
FILE = "draft.json"
SIZE_LIMIT = 64 << 10
ROLES_LIMIT = 64
KINDS = ("root", "delegation", "release", "promotion", "withdrawal", "renewal")
NOTHING = Digest(0, "0" * 64)
"""What the first version follows."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`next` are the changed metadata by role, `base` what was there by role, for the changed ones and for those that
    say who signs. `follows` says the same by digest. `manifests` are files of targets by their place, `blobs` files to
    be taken by theirs."""

    kind: str
    next: Mapping[str, Held[Root] | Held[Targets]]
    follows: Mapping[str, Digest]
    base: Mapping[str, Held[Root] | Held[Targets]]
    manifests: Mapping[str, bytes] = field(default_factory=dict)
    blobs: Mapping[str, Beginning] = field(default_factory=dict)

    def delegators(self, name: str) -> tuple[Root | Targets, ...]:
        """Whose words say who signs this: all of them are to be content. A new root is signed by the keys that the root
        before names and by those that it names itself."""
        if name == ROOT:
            roots = (self.base.get(ROOT), self.next[ROOT])
            return tuple(one.signed for one in roots if one is not None)
        above = ROOT if name == TARGETS else TARGETS
        found = self.next.get(above) or self.base.get(above)
        if found is None:
            raise InputError(f"the draft does not say who signs {name}: base/{above}.json is not in it")
        return (found.signed,)


def made(kind: str, state: State | None, changed: Mapping[str, Root | Targets]) -> Draft:
    """The draft of a change of these metadata."""
    base = {}
    for name in (ROOT, TARGETS, *changed):
        held = None if state is None else state.held(name)
        if held is not None:
            base[name] = held
    follows = {name: base[name].digest if name in base else NOTHING for name in changed}
    return Draft(kind, {name: _held(name, signed) for name, signed in changed.items()}, follows, base)


def write(draft: Draft, folder: Path) -> None:
    """A new folder, whole or not at all. Raises InputError."""
    with _new_folder(folder) as hidden:
        shelf = Shelf(hidden)
        follows: dict[str, Json] = {
            name: {"size": digest.size, "sha256": digest.sha256} for name, digest in draft.follows.items()
        }
        record = json.dumps({"schema": SCHEMA, "kind": draft.kind, "follows": follows}, indent=2, sort_keys=True)
        for name, one in draft.base.items():
            shelf.write(f"base/{name}.json", [one.content])
        for place, content in draft.manifests.items():
            shelf.write(place, [content])
        for place, taken in draft.blobs.items():
            if shelf.take(place, taken).sha256 != place.rpartition("/")[2]:
                raise InputError(f"{taken.path}: was changed while the draft was made; make it anew")
        for one in draft.next.values():
            write_next(shelf, one.name, one.metadata)
        shelf.write(FILE, [f"{record}\n".encode()])


def write_next(shelf: Shelf, name: str, metadata: "Metadata[Root] | Metadata[Targets]") -> None:
    shelf.write(f"next/{name}.json", [serialized(metadata)])


def serialized(metadata: AnyMetadata) -> bytes:
    return metadata.to_bytes(JSONSerializer(compact=True))


def read(folder: Path) -> Draft:
    """Raises InputError for what is no draft. Nothing is verified yet."""
    shelf = Shelf(folder)
    if not folder.is_dir() or not shelf.has(FILE):
        raise InputError(f"{folder}: is no draft of a release; {FILE} is not in it")
    kind, follows = _record(shelf)
    following = {name: _read(shelf, f"next/{name}.json", name) for name in follows}
    base = {
        name: _read(shelf, f"base/{name}.json", name)
        for name in dict.fromkeys((ROOT, TARGETS, *follows))
        if shelf.has(f"base/{name}.json")
    }
    return Draft(kind, following, follows, base)


def _record(shelf: Shelf) -> tuple[str, dict[str, Digest]]:
    path = shelf.folder / FILE
    try:
        table = Table(parse(shelf.content(FILE, SIZE_LIMIT)), "draft")
        if table.text("schema") != SCHEMA or table.text("kind") not in KINDS:
            raise InputError(f"{path}: is not of schema {SCHEMA}")
        follows = {
            name: Digest(one.whole("size", most=1 << 40), one.hexadecimal("sha256", 64))
            for name, one in table.table("follows").items(ROLES_LIMIT)
        }
    except Malformed as error:
        raise InputError(f"{path}: {error}") from error
    for name in follows:
        if name not in (ROOT, TARGETS):
            channel_of(name)
    if not follows:
        raise InputError(f"{path}: changes nothing")
    return table.text("kind"), {name: follows[name] for name in sorted(follows, key=_order)}


def _order(name: str) -> tuple[int, str]:
    """Who says who signs comes first."""
    return ({ROOT: 0, TARGETS: 1}.get(name, 2), name)


def _read(shelf: Shelf, place: str, name: str) -> "Held[Root] | Held[Targets]":
    content = shelf.content(place, limit_of(name))
    if name == ROOT:
        return Held(name, content, parsed(content, Root, str(shelf.folder / place)).metadata)
    return Held(name, content, parsed(content, Targets, str(shelf.folder / place)).metadata)


def _held(name: str, signed: Root | Targets) -> "Held[Root] | Held[Targets]":
    if isinstance(signed, Root):
        root = Metadata(signed)
        return Held(name, serialized(root), root)
    targets = Metadata(signed)
    return Held(name, serialized(targets), targets)


def check_new(folder: Path) -> None:
    """Whether a draft can be made there, before any work is done. Raises InputError."""
    if folder.name in ("", ".."):
        raise InputError(f"{folder}: give the name of a new folder")
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{folder}: is there already; give the name of a new folder")
    if not folder.absolute().parent.is_dir():
        raise InputError(f"{folder}: there is no folder {folder.parent}")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    check_new(folder)
    hidden = folder.absolute().with_name(f".{folder.name[:64]}.{secrets.token_hex(4)}.tmp")
    try:
        hidden.mkdir(mode=0o755)
        try:
            yield hidden
            check_new(folder)
            hidden.rename(folder)
        except BaseException:  # Ctrl-C too leaves nothing lying about
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        sync(folder.absolute().parent)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error
