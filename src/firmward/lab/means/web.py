"""The device's pages, as a browser asks for them: by HTTPS, whoever's the certificate is."""

import http.client
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

LIMIT = 1 << 20
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Web:
    """`login` is a name and a password with a colon between."""

    address: tuple[str, int]
    login: str | None = None

    def ask(self, path: str, body: str | None = None, seconds: float = 5.0) -> Page | None:
        """None where nothing comes back in time. A body is posted."""
        host, port = self.address
        line = http.client.HTTPSConnection(host, port, timeout=seconds, context=_anybody())
        try:
            line.request("GET" if body is None else "POST", path, body and body.encode(), self._headers())
            answer = line.getresponse()
            return Page(answer.status, answer.read(LIMIT).decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()

    def public_key(self, seconds: float = 10.0) -> bytes | None:
        """Of the certificate that it shows, as DER; None where it shows none."""
        try:
            with socket.create_connection(self.address, seconds) as line, _anybody().wrap_socket(line) as secured:
                shown = secured.getpeercert(binary_form=True) or b""
            found = load_der_x509_certificate(shown).public_key()
        except (OSError, ValueError):
            return None
        return found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def _headers(self) -> dict[str, str]:
        if self.login is None:
            return {}
        return {"Authorization": f"Basic {b64encode(self.login.encode()).decode()}"}


def _anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
