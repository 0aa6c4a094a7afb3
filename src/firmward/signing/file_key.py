"""A private key in a file of its own, encrypted with a passphrase, opened in memory alone."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from firmward.model.errors import InputError, TrustError
from firmward.signing import pkcs8, private_files
from firmward.signing.algorithm import Algorithm, PrivateKey, generate
from firmward.signing.public_half import check_scheme, key_id, pss
from firmward.signing.signing_key import PublicKey, Scheme


@dataclass(frozen=True, slots=True)
class FileKey:
    id: str
    name: str
    public: PublicKey
    _private: PrivateKey = field(repr=False)

    def sign(self, message: bytes, scheme: Scheme) -> bytes:
        check_scheme(self.public, scheme, self.name)
        private = self._private
        if isinstance(private, RSAPrivateKey):
            how = pss() if scheme is Scheme.RSA_PSS_SHA256 else padding.PKCS1v15()
            return private.sign(message, how, hashes.SHA256())
        if isinstance(private, EllipticCurvePrivateKey):
            return private.sign(message, ec.ECDSA(hashes.SHA256()))
        return private.sign(message)


def place(private_folder: Path, id: str) -> Path:
    return private_folder / f"{id}.pem"


def make(private_folder: Path, algorithm: Algorithm, passphrase: str) -> PublicKey:
    private = generate(algorithm)
    public = private.public_key()
    path = place(private_folder, key_id(public))
    try:
        private_files.write(path, pkcs8.encrypted(private, passphrase))
    except BaseException:  # Ctrl-C behind the last step
        path.unlink(missing_ok=True)
        raise
    return public


def open_key(private_folder: Path, id: str, name: str, passphrases: tuple[str, ...]) -> FileKey:
    """Raises InputError where the file is kept elsewhere, TrustError where it does not open or is another key."""
    path = place(private_folder, id)
    if not path.exists() and not path.is_symlink():
        raise InputError(f"{name}: its private half is not in the store; bring {path} back from where it is kept")
    pem = checked(path)
    opened = (pkcs8.decrypted(pem, passphrase) for passphrase in passphrases)
    private = next((key for key in opened if key is not None), None)
    if private is None:
        raise TrustError(f"{name}: wrong passphrase, or {path} is damaged; nothing was signed")
    public = private.public_key()
    if key_id(public) != id:
        raise TrustError(f"{name}: {path} holds another key ({key_id(public)[:16]}); nothing was signed")
    return FileKey(id, name, public, private)


def checked(path: Path) -> bytes:
    """The file's PEM. Raises TrustError where others may read it or it is not encrypted."""
    pem = private_files.read(path)
    if not pkcs8.is_encrypted(pem):
        raise TrustError(
            f"{path}: is not an encrypted private key; a key that ever lay open on a disk is to be revoked"
        )
    return pem
