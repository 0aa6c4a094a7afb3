"""The payload itself, from where it was broken off on."""

import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from power.images import payload

from firmward.model.errors import DeviceError
from firmward.trust.folder import Folder
from firmward.trust.place import Place
from firmward.trust.web import Web
from firmward.update.sources.full import opened
from firmward.update.sources.source import Material

CONTENT = bytes(range(256)) * 900
PAYLOAD = payload("boot", CONTENT)
OFFSETS = (0, 1, 65536, 100_000, len(CONTENT) - 1)


class Quiet(SimpleHTTPRequestHandler):
    """Python's own server knows nothing of ranges."""

    def log_message(self, *_words: object) -> None:
        return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / sha256(CONTENT).hexdigest()).write_bytes(CONTENT + b"more than is asked for")
    return tmp_path


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def got(place: Place, offset: int) -> bytes:
    material = Material(PAYLOAD, PAYLOAD.sources[-1], place, lambda _offset, _length: b"")
    return b"".join(opened(material).pieces(offset))


@pytest.mark.parametrize("offset", OFFSETS)
def test_a_folder_gives_the_rest(offset: int, folder: Path) -> None:
    assert got(Folder(folder), offset) == CONTENT[offset:]


@pytest.mark.parametrize("offset", OFFSETS)
def test_so_does_a_server_that_gives_no_parts_of_files(offset: int, address: str) -> None:
    with closing(Web(address)) as web:
        assert got(web, offset) == CONTENT[offset:]


def test_a_file_that_is_not_there_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        got(Folder(tmp_path), 5)
