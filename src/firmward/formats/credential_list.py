"""Files that are lists of passwords or logins, and hashes of passwords in other files."""

import base64
import binascii
import itertools
import re
from collections.abc import Iterator

from firmward.formats.credential import NO_PASSWORD, SAMPLE, Credential, Kind, is_commented

_REGISTRY = re.compile(rb"\"auth\"\s{0,8}:\s{0,8}\"([A-Za-z0-9+/]{8,1000}={0,2})\"")
_REGISTRY_FILE = re.compile(
    r"(?:^|/)(?:\.docker/config\.json|\.dockercfg|\.dockerconfigjson|containers/auth\.json|kubelet/config\.json)$"
)
"""Where Docker, Podman and Kubernetes keep logins to registries: `auth` is user:password in base 64."""


def _registry(data: bytes) -> Iterator[Credential]:
    for match in _REGISTRY.finditer(data):
        try:
            user, colon, password = base64.b64decode(match[1], validate=True).partition(b":")
        except (binascii.Error, ValueError):
            continue
        if user and colon and password and not NO_PASSWORD.search(password.decode("latin-1")):
            yield Credential(Kind.PASSWORD, "registry login", match.start(1), len(password))
            return


_SECRETS_LINE = re.compile(
    rb"(?m)^[ \t]{0,8}(?:\"[^\"\n]{1,100}\"|[^\s#\"]{1,100})[ \t]{1,8}\S{1,100}[ \t]{1,8}"
    rb"(\"[^\"\n]{1,100}\"|[^\s#]{1,100})"
)
_PEOPLE_LINE = re.compile(
    rb"(?m)^[\w.@-]{1,64}:(\$(?:apr1|2[aby]|5|6|7|1)\$[\w./$+=,-]{16,200}|\{SHA\}[\w+/=]{20,40}|[./0-9A-Za-z]{13})\s*$"
)


_LOGIN_FILES = tuple(
    (re.compile(path), re.compile(rb"(?m)^[ \t]{0,8}(?![#\s])" + line))
    for path, line in (
        (r"(?:^|/)sasl_passwd\w*$", rb"\S{1,200}[ \t]{1,8}[^\s:]{1,100}:(\S{3,200})"),  # Postfix
        (r"(?:^|/)exim4?/passwd\.client$", rb"[^\s:]{1,200}:[^\s:]{1,100}:(\S{3,200})"),
        (r"(?:^|/)dma/auth\.conf$", rb"[^\s|:]{1,100}\|[^\s:]{1,200}:(\S{3,200})"),
        (r"(?:^|/)nullmailer/remotes$", rb"[^\n]{0,400}?--pass=[\"']?([^\s\"']{3,200})"),
        (r"(?:^|/)\.?davfs2/secrets$", rb"\S{1,200}[ \t]{1,8}\S{1,100}[ \t]{1,8}\"?([^\s\"]{3,200})"),
        (r"(?:^|/)\.?pgpass(?:\.conf)?$", rb"(?:[^:\n]{1,200}:){4}(\S{3,200})"),
        (r"(?:^|/)\.?(?:mbsync|isync)rc$", rb"(?i:pass)[ \t]{1,8}\"?([^\s\"]{3,200})"),
    )
)
"""Where clients of mail, files and databases keep what they log in with, and a line of each."""


def _logins(data: bytes, path: str) -> Iterator[Credential]:
    for where, line in _LOGIN_FILES:
        match = line.search(data) if where.search(path) else None
        if match is not None and not NO_PASSWORD.search(match[1].decode("latin-1")):
            yield Credential(Kind.PASSWORD, "login", match.start(1), len(match[1]))


def in_known_file(data: bytes, path: str) -> Iterator[Credential]:
    """Files that are lists of passwords."""
    name = path.rpartition("/")[2]
    if _REGISTRY_FILE.search(path):
        yield from _registry(data)
    yield from _logins(data, path)
    if name in ("chap-secrets", "pap-secrets"):
        match = _SECRETS_LINE.search(data)
        if match is not None and match[1].strip(b'"') not in (b"", b"*"):
            yield Credential(Kind.PASSWORD, "ppp secret", match.start(1), len(match[1]))
    elif (
        re.search(r"htpasswd|\.htdigest$|^mosquitto.*passw|^pwfile$|^passwd$|^passwordfile$", name)
        and path != "etc/passwd"
    ):
        match = _PEOPLE_LINE.search(data)
        if match is not None:
            yield Credential(Kind.HASH, "password list", match.start(), len(match[1]))


_HASHED = re.compile(rb"\$(?:1|5|6|y|gy|7|2[aby]|apr1|sha1)\$[\w./=,$-]{0,60}\$[\w./]{22,128}")
HASHES_LIMIT = 1000
"""Hashes of one file of which the first that is no comment is sought."""

_ACCOUNTS = re.compile(r"(?:^|/)(?:etc/)?(?:passwd|shadow|gshadow|group)-?$|^usr/share/base-passwd/")


def hashes(data: bytes, path: str) -> Iterator[Credential]:
    """The hash of a password that a script or a configuration carries; accounts' own files are another family."""
    if b"$" not in data or _ACCOUNTS.search(path) is not None:
        return
    found = itertools.islice(_HASHED.finditer(data), HASHES_LIMIT)
    match = next((one for one in found if not is_commented(data, one.start())), None)
    if match is not None and not SAMPLE.search(match[0]):
        yield Credential(Kind.HASH, "password hash", match.start(), len(match[0]))
