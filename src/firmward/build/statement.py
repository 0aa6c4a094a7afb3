"""What the keys of the role rootfs say of a build: `build.dsse`, an envelope with the build's own record in it.

Who has the public halves can tell, before a device gets anything, that the folder is the one that was built, whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from firmward.build import built, regular
from firmward.build.built import ROM, Built, File, digest, entries
from firmward.build.rom.record import README, RESULTS
from firmward.model.errors import TrustError
from firmward.signing.signing_key import PublicKey, SigningKey
from firmward.signing.statement import signed, verified

FILE = "build.dsse"
KIND = "application/vnd.firmward.build+json"
SIZE_LIMIT = 2 << 20
GUIDE = f"{ROM}/{README}"


def write(folder: Path, keys: Sequence[SigningKey]) -> None:
    """Sign the record that stands in the folder."""
    (folder / FILE).write_bytes(signed(KIND, (folder / built.FILE).read_bytes(), keys))


def read(folder: Path, keys: Iterable[PublicKey], threshold: int) -> Built:
    """The record, when it is signed and is the one in the folder. Raises TrustError, or InputError for no build."""
    made = built.read(folder)
    path = folder / FILE
    if not path.exists():
        raise TrustError(f"{path}: is not there; the build was not signed")
    content = regular.content(path, SIZE_LIMIT)
    try:
        payload = verified(content, KIND, keys, threshold)
    except TrustError as error:
        raise TrustError(f"{path}: {error}") from error
    if payload != regular.content(folder / built.FILE, built.SIZE_LIMIT):
        raise TrustError(f"{folder / built.FILE}: is not the record that was signed")
    return made


def differences(folder: Path, made: Built) -> Iterator[str]:
    """In words what the folder has otherwise than its record says: files that were changed, are gone or were added.
    What the maker's tool was to leave there is none of it."""
    there = {str(path.relative_to(folder)): path for path in entries(folder)}
    for file in made.files:
        path = there.get(file.path)
        if path is None:
            yield f"{file.path} is gone"
        elif not _is_as_signed(folder, path, file):
            yield f"{file.path} was changed"
    results = {f"{ROM}/{name}" for name in RESULTS} if any(one.path == GUIDE for one in made.files) else set()
    yield from (f"{name} was added" for name in added(folder, made) if name not in results)


def _is_as_signed(folder: Path, path: Path, file: File) -> bool:
    is_file = regular.is_inside(folder, file.path)
    return is_file and path.stat().st_size == file.size and digest(path) == file.sha256


def added(folder: Path, made: Built) -> list[str]:
    """What lies in the folder beside the build; what the maker's tool leaves there is not the build's either."""
    known = {built.FILE, FILE, *(file.path for file in made.files)}
    return [name for path in entries(folder) if (name := str(path.relative_to(folder))) not in known]
