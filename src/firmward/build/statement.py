"""What the keys of the role rootfs say of a build: `build.dsse`, an envelope with the build's own record in it.

Who has the public halves can tell, before a device gets anything, that the folder is the one that was built, whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from firmward.build import built
from firmward.build.built import Built, digest, files
from firmward.model.errors import InputError, TrustError
from firmward.signing.signing_key import PublicKey, SigningKey
from firmward.signing.statement import signed, verified

FILE = "build.dsse"
KIND = "application/vnd.firmward.build+json"
SIZE_LIMIT = 2 << 20


def write(folder: Path, keys: Sequence[SigningKey]) -> None:
    """Sign the record that stands in the folder."""
    (folder / FILE).write_bytes(signed(KIND, (folder / built.FILE).read_bytes(), keys))


def read(folder: Path, keys: Iterable[PublicKey], threshold: int) -> Built:
    """The record, when it is signed and is the one in the folder. Raises TrustError, or InputError for no build."""
    made = built.read(folder)
    path = folder / FILE
    try:
        content = path.read_bytes() if path.stat().st_size <= SIZE_LIMIT else b""
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; the build was not signed") from error
    try:
        payload = verified(content, KIND, keys, threshold)
    except TrustError as error:
        raise TrustError(f"{path}: {error}") from error
    if payload != (folder / built.FILE).read_bytes():
        raise TrustError(f"{folder / built.FILE}: is not the record that was signed")
    return made


def differences(folder: Path, made: Built) -> Iterator[str]:
    """In words what the folder has otherwise than its record says: files that were changed, are gone or were added."""
    there = {str(path.relative_to(folder)): path for path in files(folder)} if folder.is_dir() else {}
    for file in made.files:
        path = there.pop(file.path, None)
        if path is None:
            yield f"{file.path} is gone"
        elif path.stat().st_size != file.size or digest(path) != file.sha256:
            yield f"{file.path} was changed"
    yield from (f"{name} was added" for name in sorted(there) if name not in (built.FILE, FILE))
