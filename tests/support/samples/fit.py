import lzma
from collections.abc import Iterator
from pathlib import Path

from samples import FILES, made
from samples.cpio import samples as archives

SOURCE = """
/dts-v1/;
/ {
    description = "sample"; #address-cells = <1>;
    images {
        kernel-1 { data = /incbin/("packed"); type = "kernel"; os = "linux"; arch = "arm"; compression = "lzma";
                   load = <0x8000>; entry = <0x8000>; hash-1 { algo = "sha256"; }; };
        ramdisk-1 { data = /incbin/("ramdisk"); type = "ramdisk"; os = "linux"; arch = "arm"; compression = "none"; };
        firmware-1 { data = /incbin/("plain"); type = "firmware"; os = "u-boot"; arch = "arm"; compression = "none";
                     load = <0x9000>; };
    };
    configurations { default = "c-1"; c-1 { kernel = "kernel-1"; ramdisk = "ramdisk-1"; }; };
};
"""


def samples(folder: Path) -> Iterator[bytes]:
    (folder / "plain").write_bytes(FILES["bin/tool"])
    (folder / "packed").write_bytes(lzma.compress(FILES["bin/tool"], lzma.FORMAT_ALONE))
    (folder / "ramdisk").write_bytes(next(archives(folder)))
    (folder / "its").write_text(SOURCE)
    for options in ((), ("-E",), ("-E", "-p", "0x4000"), ("-E", "-B", "0x1000")):
        yield made(folder, ("mkimage", "-f", "its", *options, "OUT"))
