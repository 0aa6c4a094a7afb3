"""Commands that fetch a file: which they are, where from, and what they leave."""

import re
from collections.abc import Iterator
from posixpath import basename

from firmward.facts.update.steps import Step
from firmward.facts.update.urls import Url, urls

FETCHERS = frozenset(
    ("wget", "curl", "tftp", "ftpget", "scp", "sftp", "uclient-fetch", "aria2c", "rsync", "atftp", "ftp", "axel")
)
SAVES = re.compile(r"-[a-zA-Z]{0,8}[oOl]|--output|--output-document|-out")
"""The options that name the file, `-qO` and `-ksSo` among them."""
CLEAR = {"tftp": "tftp", "atftp": "tftp", "ftpget": "ftp", "ftp": "ftp"}
"""Fetchers that know no encryption, and their scheme."""
UNCHECKED = re.compile(r"(?:^|\s)(?:--no-check-certificate|--insecure|-[A-Za-z]{0,10}k[A-Za-z]{0,10})(?=\s|$)")
NO_CHECK = re.compile(r"(?:^|\s)--no-check-certificate(?=\s|$)")


def fetches(step: Step) -> bool:
    """Whether a command fetches something."""
    if step.program == "tftp":
        return "-g" in step.words or any("get" in word for word in step.words)
    if step.program in ("scp", "rsync"):
        return any(":" in word for word in step.words[:-1])
    if step.program == "curl" and any(word in ("-T", "--upload-file", "-d", "--data", "-X") for word in step.words):
        return False
    is_question = step.program == "wget" and "--spider" in step.words
    return step.program in FETCHERS and not is_question


def saved_as(step: Step) -> Iterator[str]:
    """The names of the files that a fetch leaves; none where it writes to its output."""
    yield from (basename(path) for path in step.written)
    for number, word in enumerate(step.words):
        if SAVES.fullmatch(word) and number + 1 < len(step.words):
            yield basename(step.words[number + 1])
        elif word.startswith(("-O/", "-o/", "--output-document=", "--output=")):
            yield basename(word.partition("=")[2] or word[2:])
        elif "://" in word and not step.pipe:
            yield basename(word.partition("?")[0])


def sources(step: Step) -> Iterator[Url]:
    """Where a command fetches from."""
    unchecked = UNCHECKED if step.program == "curl" else NO_CHECK
    checked = not unchecked.search(" ".join(step.words))
    listed = tuple(urls(" ".join(step.words), step.at))
    for url in listed:
        yield Url(url.text, url.at, checked)
    if not listed and step.program in CLEAR:
        host = next((word for word in reversed(step.words) if re.match(r"^[\w.-]+\.[\w.]+$|^\$", word)), "server")
        yield Url(f"{CLEAR[step.program]}://{host}", step.at)
    elif not listed and step.program in ("wget", "uclient-fetch"):
        bare = next((word for word in step.words if re.match(r"^[\w.-]+\.[a-z]{2,}(?:/|$)", word)), None)
        if bare is not None:
            yield Url(f"http://{bare}", step.at, checked)
