import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from samples import FILES


def samples(folder: Path) -> Iterator[bytes]:
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
            for name, content in FILES.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                if form == tarfile.PAX_FORMAT:
                    member.pax_headers = {"SCHILY.xattr.user.note": "x"}
                archive.addfile(member, io.BytesIO(content))
        yield buffer.getvalue()
