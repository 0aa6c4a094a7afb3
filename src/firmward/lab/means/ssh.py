"""The real OpenSSH client, as an attacker has it: with passwords from a list, a key, or nothing, and nobody at a
terminal."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from firmward.model.errors import ToolError

SECONDS = 20.0
"""For one connection: a device may compute for long before it lets anybody in."""
ASKED = "#!/bin/sh\nsed -n 1p words\nsed -i 1d words\n"
"""What the client runs for a password: each time it gives the next of the list."""
ALONE = (
    *("-F", "none", "-T", "-a", "-x", "-o", "ConnectTimeout=15"),
    *("-o", "IdentityFile=none", "-o", "GlobalKnownHostsFile=none", "-o", "UserKnownHostsFile=/dev/null"),
    *("-o", "StrictHostKeyChecking=no"),
)
"""Nothing of the user's own: no configuration, keys, agent or hosts; and whoever answers is gone on with."""
BY_PASSWORD = ("-o", "PreferredAuthentications=password", "-o", "PubkeyAuthentication=no")


@dataclass(frozen=True, slots=True)
class Client:
    """`words` are the whole command, `variables` join a bare environment, `work` is where it runs."""

    words: tuple[str, ...]
    work: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def said(self) -> str:
        """All that it says until it ends, on both outputs."""
        with self.started() as process:
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=SECONDS)[0].decode("utf-8", "replace")
            return ""

    @contextmanager
    def started(self) -> "Iterator[subprocess.Popen[bytes]]":
        """It and what it started end with the context."""
        process = subprocess.Popen(
            self.words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.work,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **self.variables},
            start_new_session=True,  # no terminal, where it would ask otherwise
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            with process:  # closes what it wrote to, and waits for it
                pass


def with_passwords(
    address: tuple[str, int],
    user: str,
    passwords: Sequence[str],
    work: Path,
    *,
    options: tuple[str, ...] = (),
    run: str = "",
) -> Client:
    """A client that tries one password after the other, and then runs a command of the device's."""
    (work / "words").write_text("".join(f"{one}\n" for one in passwords), encoding="utf-8")
    asked = work / "asked"
    asked.write_text(ASKED, encoding="utf-8")
    asked.chmod(0o700)
    tries = ("-o", f"NumberOfPasswordPrompts={len(passwords)}")
    words = _command(address, user, (*BY_PASSWORD, *tries, *options), run)
    return Client(words, work, {"SSH_ASKPASS": str(asked), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"})


def with_key(address: tuple[str, int], user: str, private: Path | None, work: Path, run: str) -> Client:
    """A client that runs a command of the device's by a key; without one, by what the account asks of nobody."""
    identity = (
        ("-o", "PubkeyAuthentication=no") if private is None else ("-o", "IdentitiesOnly=yes", "-i", str(private))
    )
    return Client(_command(address, user, ("-o", "BatchMode=yes", "-o", "LogLevel=ERROR", *identity), run), work)


def that_asks(address: tuple[str, int], work: Path) -> Client:
    """A client that has the server prove who it is, tells all of that, and has no way to log in."""
    return Client(_command(address, "nobody", ("-v", "-o", "BatchMode=yes"), "true"), work)


def _command(address: tuple[str, int], user: str, options: tuple[str, ...], run: str) -> tuple[str, ...]:
    """Raises ToolError when it is not installed."""
    program = shutil.which("ssh")
    if program is None:
        raise ToolError("ssh is not installed; on Debian: apt install openssh-client")
    host, port = address
    return (program, *ALONE, *options, "-p", str(port), "-l", user, host, *((run,) if run else ()))
