"""What the subcommands of `firmward keys` have in common: where the store is, and how new keys are made."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.model.errors import InputError
from firmward.signing.role import Role

if TYPE_CHECKING:
    from firmward.signing.custody import Making

STORE = Path("keys")

StoreOption = Annotated[Path, typer.Option("--store", help="The folder of the key store.", metavar="DIR")]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="A file with the passphrase, one to a line where keys have several; else FIRMWARD_PASSPHRASE_FILE, else "
        "the terminal.",
        metavar="FILE",
    ),
]
PinOption = Annotated[
    Path | None,
    typer.Option(
        "--pin-file",
        help="A file with the PIN of the token; else FIRMWARD_PIN_FILE, else as the passphrase.",
        metavar="FILE",
    ),
]
CustodyOption = Annotated[
    str | None, typer.Option("--custody", help="Where the private half is held: file, pkcs11 or tpm.", metavar="WHERE")
]
AlgorithmOption = Annotated[
    str | None,
    typer.Option(
        "--algorithm",
        help="ed25519, ecdsa-p256, rsa2048, rsa3072 or rsa4096; boot is RSA, rsa2048 by default, the others ed25519.",
        metavar="NAME",
    ),
]
ModuleOption = Annotated[
    Path | None, typer.Option("--module", help="The PKCS#11 library of the token.", metavar="FILE")
]
TokenOption = Annotated[str | None, typer.Option("--token", help="The token's label.", metavar="LABEL")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]


def role_of(word: str) -> Role:
    """Raises InputError, with the nearest role."""
    return Role(one_of(word, tuple(Role), "role"))


def one_of(word: str, known: tuple[str, ...], what: str) -> str:
    if word in known:
        return word
    near = [one for one in known if word and word in one] or difflib.get_close_matches(word, known, n=1)
    hinted = f", did you mean {' or '.join(near)}?" if near else f" (one of: {', '.join(known)})"
    raise InputError(f"{word}: is no {what}{hinted}")


def making_of(custody: str | None, algorithm: str | None, module: Path | None, token: str | None) -> "Making":
    from firmward.signing.algorithm import Algorithm, Custody
    from firmward.signing.custody import Making

    held = Custody(one_of(custody, tuple(Custody), "custody")) if custody else Custody.FILE
    kind = Algorithm(one_of(algorithm, tuple(Algorithm), "algorithm")) if algorithm else None
    return Making(held, kind, module, token)
