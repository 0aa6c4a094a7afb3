"""The secret that opens a private key: from a file, or asked for once on the terminal.

A secret is never an argument, which every process list shows, nor a variable of the environment, which children
inherit; both may name a file. A file of passphrases may have several lines, since keys that were made at different
times may have different ones: each line is tried, and new keys are made with the first. A token or a TPM counts wrong
tries and locks itself, so that it gets the first line alone.
"""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from firmward.model.errors import InputError, TrustError

PASSPHRASE_VARIABLE = "FIRMWARD_PASSPHRASE_FILE"  # noqa: S105 - a variable's name
PIN_VARIABLE = "FIRMWARD_PIN_FILE"
SHORTEST = 12
"""Characters of a passphrase. A PIN may be shorter: whoever holds the token cannot guess without end."""
SIZE_LIMIT = 16 << 10
LINES_LIMIT = 16

Ask = Callable[[str], str]


class Unlock:
    """Asks at most once for each secret, and not before it is needed."""

    def __init__(self, passphrases: Path | None = None, pins: Path | None = None, ask: Ask | None = None) -> None:
        self._file = passphrases
        self._pin_file = pins or passphrases
        self._ask = ask
        self._passphrases: tuple[str, ...] = ()
        self._pins: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Unlock(...)"

    def passphrases(self) -> tuple[str, ...]:
        """What may open a key that is there. Raises InputError without a file and a terminal."""
        if not self._passphrases:
            self._passphrases = self._lines(self._file) if self._file else (self._asked("Passphrase of the keys: "),)
        return self._passphrases

    def new_passphrase(self) -> str:
        """For keys that are made now; asked for twice. Raises InputError for one that is short."""
        if not self._passphrases and self._file is None:
            first = self._asked("Passphrase of the new keys: ")
            _refuse_weak(first)
            if self._asked("Again: ") != first:
                raise InputError("the passphrases differ; nothing was made")
            self._passphrases = (first,)
        passphrase = self.passphrases()[0]
        _refuse_weak(passphrase)
        return passphrase

    def pin(self, token: str) -> str:
        if token not in self._pins:
            asked = not self._pin_file
            pin = self._asked(f"PIN of token {token}: ") if asked else self._lines(self._pin_file)[0]
            self._pins[token] = pin
        return self._pins[token]

    def _asked(self, question: str) -> str:
        if self._ask is None:
            raise InputError(
                "the keys need a passphrase or PIN, and there is no terminal to ask on: name a file that has it with "
                f"--passphrase-file or in {PASSPHRASE_VARIABLE}"
            )
        try:
            answer = self._ask(question)
        except EOFError:
            raise InputError("no passphrase was given") from None
        if not answer:
            raise InputError("no passphrase was given")
        return answer

    @staticmethod
    def _lines(path: Path | None) -> tuple[str, ...]:
        return _secret_lines(path) if path is not None else ()


def usual_unlock(passphrase_file: Path | None = None, pin_file: Path | None = None) -> Unlock:
    """By the files named, by those of the environment, else by the terminal."""
    return Unlock(
        passphrase_file or _of_environment(PASSPHRASE_VARIABLE),
        pin_file or _of_environment(PIN_VARIABLE),
        _ask_on_terminal if sys.stdin is not None and sys.stdin.isatty() else None,
    )


def _of_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None


def _ask_on_terminal(question: str) -> str:
    from getpass import getpass

    return getpass(question)


def _refuse_weak(passphrase: str) -> None:
    if len(passphrase) < SHORTEST:
        raise InputError(f"the passphrase is shorter than {SHORTEST} characters: whoever gets the file guesses it")


def _secret_lines(path: Path) -> tuple[str, ...]:
    """The lines of a file, which may be a pipe. Raises InputError, and TrustError where all users may read it."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_mode & 0o007:
                raise TrustError(f"{path}: every user may read the passphrase; `chmod 600 {path}`")
            data = file.read(SIZE_LIMIT + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'is not text'}") from error
    lines = tuple(line for line in text.replace("\r\n", "\n").split("\n") if line)
    if not lines:
        raise InputError(f"{path}: holds no passphrase")
    if len(data) > SIZE_LIMIT or len(lines) > LINES_LIMIT:
        raise InputError(
            f"{path}: is no file of passphrases: it has more than {LINES_LIMIT} lines or {SIZE_LIMIT} bytes"
        )
    return lines
