"""The keys of a product by role: a folder that says which there are, and holds them or says what does.

| file | is |
| --- | --- |
| `keys.toml` | every key there ever was, with its role, state and custody (ledger.py) |
| `public/<role>-<n>.pem` | the public half |
| `private/<id>.pem` | the private half, encrypted, of a key in a file |
| `private/<id>.tpm/` | what the TPM alone can load, of a key in a TPM |
| `lock` | held while something changes |

What stands here is refused rather than used when others could have read or changed it, and when a file is not the key
that it is listed as. Against who may write the folder as its owner nothing helps: such a one can undo a revocation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from firmward.model.errors import InputError, TrustError
from firmward.signing import file_key, ledger, pkcs11_key, private_files, tpm_key
from firmward.signing.algorithm import Custody, algorithm_of
from firmward.signing.custody import PRIVATE, PUBLIC
from firmward.signing.ledger import KeyRecord, Ledger
from firmward.signing.public_half import from_pem, key_id
from firmward.signing.role import Role
from firmward.signing.signing_key import PublicKey, SigningKey
from firmward.signing.unlock import Unlock

LEDGER = "keys.toml"
ENTRIES_LIMIT = 4 * ledger.KEYS_LIMIT
SHORTEST_ID = 8
"""Hexadecimal digits by which a key may be named."""


@dataclass(frozen=True, slots=True)
class KeyStore:
    folder: Path
    ledger: Ledger

    @classmethod
    def open(cls, folder: Path) -> "KeyStore":
        """Raises InputError where there is no store, TrustError where it cannot be trusted."""
        try:
            return cls._opened(folder)
        except OSError as error:
            raise InputError(f"{error.filename or folder}: {error.strerror or error}") from error

    @classmethod
    def _opened(cls, folder: Path) -> "KeyStore":
        path = folder / LEDGER
        if not path.exists() and not path.is_symlink():
            raise InputError(f"{folder}: is no key store; `firmward keys init --store {folder}` makes one")
        private_files.check_folder(folder.resolve(), forbidden=private_files.WRITABLE)
        text = private_files.read(path, forbidden=private_files.WRITABLE, limit=ledger.SIZE_LIMIT)
        store = cls(folder, ledger.parse(text, str(path)))
        store._check_private()
        store._check_public()
        return store

    def keys(self, role: Role) -> tuple[KeyRecord, ...]:
        """Every key that the role ever had, in the order of their numbers."""
        return self.ledger.keys(role)

    def active(self, role: Role) -> tuple[KeyRecord, ...]:
        """The keys that sign; a spare is not one of them."""
        return tuple(key for key in self.keys(role) if key.is_working)

    def spare(self, role: Role) -> KeyRecord | None:
        return next((key for key in self.keys(role) if key.state == ledger.ACTIVE and key.spare), None)

    def public(self, role: Role) -> tuple[PublicKey, ...]:
        """What a verifier is to hold from now on: the keys that sign, then the spare."""
        spare = self.spare(role)
        return tuple(self.public_of(key) for key in (*self.active(role), *((spare,) if spare else ())))

    def public_of(self, key: KeyRecord) -> PublicKey:
        path = self.public_path(key)
        data = private_files.read(path, forbidden=private_files.WRITABLE)
        public = from_pem(data, str(path))
        if key_id(public) != key.id or algorithm_of(public) != key.algorithm:
            raise TrustError(f"{path}: is not the key {key.name} that {LEDGER} lists; it has been replaced")
        return public

    def signers(self, role: Role, unlock: Unlock) -> tuple[SigningKey, ...]:
        """As many keys as the role's threshold asks for. Raises TrustError when there are fewer."""
        wanted, working = self.ledger.threshold(role), self.active(role)
        if not wanted or len(working) < wanted:
            raise TrustError(self._too_few(role, wanted, len(working)))
        return tuple(self.signer(key, unlock) for key in working[:wanted])

    def signer(self, key: KeyRecord, unlock: Unlock) -> SigningKey:
        """One key, a retired one too: update-root's next list is signed with those that it replaces. Raises TrustError
        for a revoked one."""
        if key.state == ledger.REVOKED:
            raise TrustError(f"{key.name}: was revoked on {key.since} ({key.reason}); nothing is signed with it")
        public = self.public_of(key)
        if key.custody == Custody.FILE:
            return file_key.open_key(self.folder / PRIVATE, key.id, key.name, unlock.passphrases())
        if key.custody == Custody.TPM:
            blobs = tpm_key.place(self.folder / PRIVATE, key.id)
            return tpm_key.TpmKey(key.id, key.name, public, blobs, unlock.passphrases()[0])
        module, token, label = Path(key.module or ""), key.token or "", key.label or ""
        return pkcs11_key.Pkcs11Key(key.id, key.name, public, module, token, label, unlock.pin(token))

    def find(self, name: str) -> KeyRecord:
        """By name (`boot-1`) or the beginning of the id. Raises InputError, with the nearest name."""
        found = [key for key in self.ledger.key if key.name == name]
        if not found and len(name) >= SHORTEST_ID:
            found = [key for key in self.ledger.key if key.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        names = [key.name for key in self.ledger.key]
        close = get_close_matches(name, names, n=1)
        raise InputError(f"{name}: is no key of this store{f', did you mean {close[0]}?' if close else ''}")

    def public_path(self, key: KeyRecord) -> Path:
        return self.folder / PUBLIC / f"{key.name}.pem"

    def held(self, key: KeyRecord) -> str:
        """Where the private half is, in words; `away` for a file that is kept elsewhere."""
        if key.custody == Custody.PKCS11:
            return f"token {key.token}, {key.label}"
        place = file_key.place if key.custody == Custody.FILE else tpm_key.place
        path = place(self.folder / PRIVATE, key.id)
        return str(path.relative_to(self.folder)) if path.exists() else "away"

    def unlisted(self) -> tuple[Path, ...]:
        """Private halves that no key of the list has: an interrupted change leaves one, or somebody put it there."""
        known = {key.id for key in self.ledger.key}
        return tuple(path for path in self._private_entries() if path.name.partition(".")[0] not in known)

    def _too_few(self, role: Role, wanted: int, there: int) -> str:
        if not self.keys(role):
            return f"{role}: has no keys; `firmward keys init {role} --store {self.folder}` makes them"
        cure = " --to-spare" if self.spare(role) else ""
        return (
            f"{role}: {wanted} of its keys have to sign, and {there} can; `firmward keys rotate {role}{cure}` fills "
            "the place"
        )

    def _check_private(self) -> None:
        folder = self.folder / PRIVATE
        if not folder.exists() and not folder.is_symlink():
            return  # every key is in a token, or kept elsewhere
        private_files.check_folder(folder)
        for path in self._private_entries():
            if path.suffix == tpm_key.SUFFIX:
                tpm_key.check(path)
            else:
                file_key.checked(path)

    def _private_entries(self) -> Iterator[Path]:
        folder = self.folder / PRIVATE
        if not folder.is_dir():
            return
        for number, path in enumerate(sorted(folder.iterdir())):
            if number >= ENTRIES_LIMIT:
                raise TrustError(f"{folder}: has more than {ENTRIES_LIMIT} files; it is no folder of keys")
            if not path.name.startswith("."):  # a file that is being written
                yield path

    def _check_public(self) -> None:
        private_files.check_folder(self.folder / PUBLIC, forbidden=private_files.WRITABLE)
        for key in self.ledger.key:
            self.public_of(key)
