import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from samples import FILES


def samples(folder: Path) -> Iterator[bytes]:
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for name, content in FILES.items():
                archive.writestr(name, content)
        yield buffer.getvalue()
