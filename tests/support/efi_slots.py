"""A PC with UEFI firmware and systemd-boot in QEMU: two entries, whose programs say which slot they are and end it.

Debian: systemd-boot-efi, ovmf, qemu-system-x86, mtools, dosfstools, binutils.
"""

import select
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from efi_disk import FALLBACK, START, disk
from partitioned import SECTOR
from pe_image import built
from program import find_program, run_program

LOADER = Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
CODE, VARIABLES = Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
PROGRAMS = ("qemu-system-x86_64", "mkfs.fat", "mmd", "mcopy", "mdel", "mdir", "as", "objcopy")
MISSING = [name for name in PROGRAMS if find_program(name) is None] + [
    str(path) for path in (LOADER, CODE, VARIABLES) if not path.is_file()
]
ENTRIES = "loader/entries"
SECONDS = 120
SAID = "slot {} ran"
PAYLOAD = """
    .intel_syntax noprefix
    .text
    sub     rsp, 0x28
    mov     rbx, rdx
    mov     rcx, [rbx + 64]         # ConOut
    lea     rdx, [rip + words]
    call    [rcx + 8]               # OutputString
    mov     rax, [rbx + 88]         # RuntimeServices
    mov     ecx, 2                  # shut down
    xor     edx, edx
    xor     r8d, r8d
    xor     r9d, r9d
    call    [rax + 104]             # ResetSystem
1:  jmp     1b
    .balign 2
words:
    .string16 "\\r\\nWORDS\\r\\n"
"""


@dataclass
class Pc:
    folder: Path

    @classmethod
    def new(cls, folder: Path, entries: Mapping[str, bytes]) -> "Pc":
        files = {
            FALLBACK: LOADER.read_bytes(),
            "loader/loader.conf": b"timeout 0\ndefault firmward-*\n",
            **{f"EFI/firmward/{slot}.efi": _program(folder, slot) for slot in "ab"},
            **{f"{ENTRIES}/{name}": content for name, content in entries.items()},
        }
        disk(folder, files)
        shutil.copy(VARIABLES, folder / "variables.fd")
        return cls(folder)

    def entries(self) -> dict[str, bytes]:
        """Those of the EFI partition, by file name."""
        said = self._tool("mdir", "-b", f"::/{ENTRIES}")
        names = [line.rpartition("/")[2] for line in said.decode().split("\n") if line and not line.endswith("/")]
        return {name: self._tool("mcopy", "-n", f"::/{ENTRIES}/{name}", "-") for name in names}

    def put(self, entries: Mapping[str, bytes]) -> None:
        """In place of what is there."""
        for name in self.entries():
            self._tool("mdel", f"::/{ENTRIES}/{name}")
        for name, content in entries.items():
            (self.folder / "entry").write_bytes(content)
            self._tool("mcopy", str(self.folder / "entry"), f"::/{ENTRIES}/{name}")

    def start(self) -> str:
        """The slot whose program ran; empty where none did."""
        command = [
            "qemu-system-x86_64", "-m", "256", "-nographic", "-nodefaults", "-serial", "stdio", "-monitor", "none",
            "-net", "none", "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={CODE}",
            "-drive", f"if=pflash,format=raw,unit=1,file={self.folder}/variables.fd",
            "-drive", f"if=virtio,format=raw,file={self.folder}/disk.img",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        said, end = b"", time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                if not select.select([process.stdout], (), (), 1)[0]:
                    continue
                piece = process.stdout.read1(65536)  # type: ignore[attr-defined]
                if not piece:
                    break
                said += piece
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        ran = [slot for slot in "ab" if SAID.format(slot).encode() in said]
        return ran[0] if len(ran) == 1 else ""

    def _tool(self, name: str, *words: str) -> bytes:
        done = run_program([name, "-i", f"{self.folder}/disk.img@@{START * SECTOR}", *words])
        assert done.returncode == 0, (name, words, done.stderr)
        return done.stdout


def entry(slot: str) -> bytes:
    return f"title {slot}\nefi /EFI/firmward/{slot}.efi\n".encode()


def _program(folder: Path, slot: str) -> bytes:
    (folder / "payload.s").write_text(PAYLOAD.replace("WORDS", SAID.format(slot)))
    for words in (("as", "-o", "payload.o", "payload.s"), ("objcopy", "-O", "binary", "payload.o", "payload")):
        assert run_program(words, cwd=folder).returncode == 0
    return built({".text": (folder / "payload").read_bytes()})
