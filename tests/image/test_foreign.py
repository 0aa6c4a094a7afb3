"""A folder that another program unpacked: whoever ran that program is not the image's business."""

import os
from pathlib import Path

from firmward.image.foreign import UnpackedTree


def test_everything_counts_as_roots(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root\n")
    try:
        os.chown(tmp_path / "etc/passwd", 1000, 1000)
    except PermissionError:  # it is the caller's then, who is not root
        assert os.getuid()
    found = {entry.path: (entry.uid, entry.gid) for entry in UnpackedTree(tmp_path).entries()}
    assert found == {"etc": (0, 0), "etc/passwd": (0, 0)}
