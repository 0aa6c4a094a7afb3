"""python-tuf's own client, which knows nothing of firmward, over a repository in a folder."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface


class FromFolder(FetcherInterface):
    def _fetch(self, url: str) -> Iterator[bytes]:
        path = Path(unquote(urlsplit(url).path))
        if not path.is_file():
            raise DownloadHTTPError(f"{path} is not there", 404)
        yield path.read_bytes()


class StockClient:
    """A device that was given a root once, and keeps what it has seen."""

    def __init__(self, folder: Path, root: bytes) -> None:
        self.folder, self._root = folder, root
        for name in ("metadata", "targets"):
            (folder / name).mkdir(parents=True)

    def fetched(self, repository: Path, path: str) -> bytes | None:
        """The target, None where there is none. Raises python-tuf's errors."""
        updater = Updater(
            str(self.folder / "metadata"),
            f"file://{repository}/metadata/",
            str(self.folder / "targets"),
            f"file://{repository}/targets/",
            fetcher=FromFolder(),
            bootstrap=self._root,
        )
        updater.refresh()
        info = updater.get_targetinfo(path)
        return None if info is None else Path(updater.download_target(info)).read_bytes()
