"""Folders that last as long as the process that asked for them, and no longer."""

import atexit
import shutil
from pathlib import Path
from tempfile import mkdtemp


def lasting_folder(prefix: str) -> Path:
    folder = Path(mkdtemp(prefix=prefix))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
