"""barebox-state of dt-utils over a file: it finds its storage by the name of a partition below /dev, which in a mount
namespace of its own is whatever we say."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from program import find_program

from firmward.update.program import run

PARTITION = "firmward-test"
STRIDE = 0x400
TREE = f"""
/dts-v1/;
/ {{
    #address-cells = <1>; #size-cells = <1>;
    aliases {{ state = &state; }};
    partitions {{
        compatible = "fixed-partitions";
        storage: state {{ partuuid = "{PARTITION}"; reg = <0x0 0x10000>; }};
    }};
    state: state {{
        compatible = "barebox,state"; magic = <0x27031977>; backend = <&storage>; backend-type = "raw";
        backend-stridesize = <{STRIDE:#x}>; backend-storage-type = "direct";
        #address-cells = <1>; #size-cells = <1>;
        bootstate {{
            #address-cells = <1>; #size-cells = <1>;
            SYSTEMS
            last_chosen@10 {{ reg = <0x10 0x4>; type = "uint32"; }};
        }};
    }};
}};
"""
SYSTEM = """
            system{number} {{
                #address-cells = <1>; #size-cells = <1>;
                remaining_attempts@{at:x} {{ reg = <{at:#x} 0x4>; type = "uint32"; default = <3>; }};
                priority@{next:x} {{ reg = <{next:#x} 0x4>; type = "uint32"; default = <{priority}>; }};
            }};
"""
INSIDE = """
set -e
mount -t tmpfs tmpfs /dev
mkdir -p /dev/disk/by-partuuid
ln -s "$1" /dev/disk/by-partuuid/NAME
shift
exec "$@"
""".replace("NAME", PARTITION)


@dataclass(frozen=True)
class BareboxState:
    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    @classmethod
    def new(cls, folder: Path, systems: int = 2) -> "BareboxState":
        made = cls(folder)
        texts = (SYSTEM.format(number=n, at=8 * n, next=8 * n + 4, priority=20 - 10 * n) for n in range(systems))
        (folder / "tree.dts").write_text(TREE.replace("SYSTEMS", "".join(texts)))
        subprocess.run(["dtc", "-q", "-o", folder / "tree.dtb", folder / "tree.dts"], check=True)
        made.disk.write_bytes(bytes(0x10000))
        return made

    def __call__(self, words: tuple[str, ...], feed: bytes = b"") -> str:
        name, *rest = words
        inside = ("sh", "-c", INSIDE, "sh", str(self.disk), name, "-i", str(self.folder / "tree.dtb"), *rest)
        return run(("unshare", "--map-root-user", "--mount", *inside), feed)


def missing() -> str:
    """Why it cannot be run here, empty where it can."""
    for name in ("barebox-state", "dtc", "unshare"):
        if find_program(name) is None:
            return f"{name} missing"
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/dev"], capture_output=True
    )
    return "" if done.returncode == 0 else "no mount namespaces here"
