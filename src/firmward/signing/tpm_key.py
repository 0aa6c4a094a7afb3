"""A private key of a TPM 2.0: made in it, kept in the store as a blob that this TPM alone can load.

Rules (TPM 2.0 library, part 1): a key with fixedTPM, fixedParent and sensitiveDataOrigin was made in this TPM and
leaves it only wrapped by its parent, here the primary key that the owner hierarchy derives anew each time from the
same template. noDA is not set, so that wrong passphrases count towards the TPM's lock-out.

tpm2-tools are used as programs, since the blobs then lie in the store like any key. The PKCS#11 module of tpm2-pkcs11
keeps a data base and PINs of its own beside it, and its RSA keys decrypt as well as sign; where a program wants a token
(mkimage with an engine), it serves with custody pkcs11. The TPM is the one that TPM2TOOLS_TCTI names, as everywhere.
"""

import hashlib
import shutil
import tempfile
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path

from firmward.model.errors import InputError, TrustError
from firmward.signing import private_files
from firmward.signing.algorithm import Algorithm
from firmward.signing.public_half import check_scheme, from_pem, is_signed, key_id
from firmward.signing.signing_key import PublicKey, Scheme
from firmward.signing.tpm_tools import Tools

KINDS = {
    Algorithm.ECDSA_P256: "ecc256:ecdsa-sha256:null",
    Algorithm.RSA2048: "rsa2048:rsassa-sha256:null",
    Algorithm.RSA3072: "rsa3072:rsassa-sha256:null",
}
SCHEMES = {Scheme.ECDSA_SHA256: "ecdsa", Scheme.RSA_PKCS1_SHA256: "rsassa"}
ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"
PUBLIC_BLOB, PRIVATE_BLOB = "key.pub", "key.priv"
SUFFIX = ".tpm"


@dataclass(frozen=True, slots=True)
class TpmKey:
    """`folder` has the two blobs."""

    id: str
    name: str
    public: PublicKey
    folder: Path
    passphrase: str = field(repr=False)

    def sign(self, message: bytes, scheme: Scheme) -> bytes:
        check_scheme(self.public, scheme, self.name)
        if scheme not in SCHEMES:
            raise TrustError(f"{self.name}: a key in a TPM makes no signature of {scheme}")
        signature = self._signed(hashlib.sha256(message).digest(), SCHEMES[scheme])
        if not is_signed(self.public, signature, message, scheme):
            raise TrustError(f"{self.name}: {self.folder} holds another key than the store lists")
        return signature

    def _signed(self, digest: bytes, scheme: str) -> bytes:
        blobs = {name: private_files.read(self.folder / name) for name in (PUBLIC_BLOB, PRIVATE_BLOB)}
        with tempfile.TemporaryDirectory(prefix="firmward-") as place:
            tools = Tools(Path(place))
            for name, blob in {**blobs, "digest": digest}.items():
                private_files.write(tools.folder / name, blob)
            _primary(tools)
            tools.run("tpm2_load", "-C", "primary", "-u", PUBLIC_BLOB, "-r", PRIVATE_BLOB, "-c", "key")
            how = ("-p", "file:-", "-g", "sha256", "-s", scheme, "-f", "plain", "-d", "-o", "signature", "digest")
            tools.run("tpm2_sign", "-c", "key", *how, secret=_authority(self.passphrase))
            return (tools.folder / "signature").read_bytes()


def place(private_folder: Path, id: str) -> Path:
    return private_folder / f"{id}{SUFFIX}"


def check(folder: Path) -> None:
    """Raises TrustError where others may read or change the blobs."""
    private_files.check_folder(folder)
    for name in (PUBLIC_BLOB, PRIVATE_BLOB):
        private_files.read(folder / name)


def make(private_folder: Path, algorithm: Algorithm, passphrase: str) -> PublicKey:
    with tempfile.TemporaryDirectory(prefix="firmward-") as made:
        tools = Tools(Path(made))
        _primary(tools)
        out = ("-u", PUBLIC_BLOB, "-r", PRIVATE_BLOB, "-f", "pem", "-o", "public.pem")
        kind = ("-G", KINDS[algorithm], "-a", ATTRIBUTES, "-p", "file:-")
        tools.run("tpm2_create", "-C", "primary", *kind, *out, secret=_authority(passphrase))
        public = from_pem((tools.folder / "public.pem").read_bytes(), "the TPM's key")
        blobs = {name: (tools.folder / name).read_bytes() for name in (PUBLIC_BLOB, PRIVATE_BLOB)}
    _keep(place(private_folder, key_id(public)), blobs)
    return public


def _keep(folder: Path, blobs: dict[str, bytes]) -> None:
    """Both blobs or none, whenever the plug is pulled."""
    hidden = folder.with_name(f".{folder.name}.tmp")
    try:
        hidden.mkdir(mode=0o700)
        for name, blob in blobs.items():
            private_files.write(hidden / name, blob)
        hidden.rename(folder)
    except BaseException as error:
        for left in (hidden, folder):
            shutil.rmtree(left, ignore_errors=True)
        if isinstance(error, OSError):
            raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error
        raise
    private_files.sync(folder.parent)


def _primary(tools: Tools) -> None:
    tools.run("tpm2_createprimary", "-C", "o", "-G", "ecc", "-c", "primary")


def _authority(passphrase: str) -> bytes:
    """A TPM takes as many bytes as a digest has: what is longer is cut down to a text of 32 letters."""
    return urlsafe_b64encode(hashlib.sha256(passphrase.encode()).digest())[:32]
