"""Allwinner's TOC0 by mkimage, with a firmware key of its own as H6 takes it."""

import shutil
from pathlib import Path

from rom import mkimage, rsa_key


def toc0(folder: Path, firmware_key: str = "toc0-firmware") -> bytes:
    shutil.copyfile(rsa_key("toc0-root"), folder / "root_key.pem")
    shutil.copyfile(rsa_key(firmware_key), folder / "fw_key.pem")
    return mkimage(folder, "-T", "sunxi_toc0", "-A", "arm64", "-a", "0x20060")
