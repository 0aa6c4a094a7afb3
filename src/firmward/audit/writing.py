"""Write reports, each in the form that its suffix asks for: whole or not at all.

A report is rendered before its file is touched, written beside it, brought to the disk and then renamed into its place:
who reads meanwhile, and who finds the file after Ctrl-C or a power cut, sees the old report or the new one.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from firmward.audit.html import render_html
from firmward.audit.json_report import render_json
from firmward.audit.markdown import render_markdown
from firmward.audit.sarif import render_sarif
from firmward.model.errors import InputError
from firmward.model.report import Report

Form = TypeVar("Form")

FORMS: dict[str, Callable[[Report], str]] = {
    ".sarif.json": render_sarif,
    ".sarif": render_sarif,
    ".json": render_json,
    ".md": render_markdown,
    ".html": render_html,
}
"""By suffix; the longer of two that fit stands first. Who has more forms gives them with these (cli/documents.py)."""


def check_outputs(
    outputs: Sequence[Path], keep: Sequence[Path] = (), forms: Mapping[str, object] = MappingProxyType(FORMS)
) -> None:
    """Refuse what could not be written, or stands in `keep`, before any work is done. Raises InputError."""
    for number, output in enumerate(outputs):
        _form(output, forms)
        _check_place(output, keep)
        if not os.path.isdir(output.parent):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
            raise InputError(f"{output}: there is no folder {output.parent}")
        if not os.access(output.parent, os.W_OK | os.X_OK):
            raise InputError(f"{output}: no right to write in the folder {output.parent}")
        if output.absolute() in [other.absolute() for other in outputs[:number]]:
            raise InputError(f"{output}: is named twice")


def _check_place(output: Path, keep: Sequence[Path]) -> None:
    """What stands there may be replaced: a report of before, but no folder, device or fifo, and nothing to be kept."""
    try:
        there = output.stat()
    except (OSError, ValueError):  # nothing stands there; whether something can, the writing tells
        return
    if stat.S_ISDIR(there.st_mode):
        raise InputError(f"{output}: is a folder; name a file in it")
    if not stat.S_ISREG(there.st_mode):
        raise InputError(f"{output}: is no regular file, and would be replaced by one")
    for kept in keep:
        with contextlib.suppress(OSError, ValueError):
            if os.path.samestat(there, kept.stat()):
                raise InputError(f"{output}: is what is to be read ({kept}); name another file")


def write_reports(
    report: Report, outputs: Sequence[Path], forms: Mapping[str, Callable[[Report], str]] = MappingProxyType(FORMS)
) -> None:
    """Write every output, all rendered before the first is written. Raises InputError."""
    check_outputs(outputs, forms=forms)
    write_texts([(output, _form(output, forms)(report)) for output in outputs])


def write_texts(texts: Sequence[tuple[Path, str]]) -> None:
    """Write texts that are rendered already. Raises InputError."""
    for output, text in texts:
        try:
            write_atomically(output, text)
        except OSError as error:
            raise InputError(f"{output}: cannot be written: {error.strerror or error}") from error


def write_atomically(path: Path, text: str) -> None:
    """Put a text in a file's place at once; a link is followed, and its target replaced."""
    path = Path(os.path.realpath(path))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".firmward-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644 & ~_umask())
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:  # Ctrl-C too must leave nothing lying about
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def _form(output: Path, forms: Mapping[str, Form]) -> Form:
    name = output.name.lower()
    for suffix, render in forms.items():
        if name.endswith(suffix):
            return render
    raise InputError(f"{output}: the suffix says the form of a report; known are {', '.join(sorted(forms))}")


def _umask() -> int:
    """The umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk, where the file system lets a folder be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
