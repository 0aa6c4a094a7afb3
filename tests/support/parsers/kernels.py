"""Kernels with their configuration and modules."""

import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path

import kernel_samples
import pe_image
import samples

from firmward.formats import (
    cms,
    elf_data,
    ikconfig,
    kernel_banner,
    kernel_bzimage,
    kernel_config,
    kernel_elf,
    kernel_flat,
    kernel_image,
    kernel_module,
    kernel_payload,
    kernel_zboot,
    kernel_zimage,
    module_signature,
    option_lines,
    x509,
)
from parsers import Parser, found_program, reader, refused, told

MODULE = """
__attribute__((section(".modinfo"), used)) static const char info[] =
    "license=GPL\\0depends=usbcore,mii\\0alias=usb:v0001*\\0intree=Y\\0name=camera\\0vermagic=6.1.55 SMP ARMv7 ";
int init_module(void) { return 0; }
"""


def images(_: Path) -> Iterator[bytes]:
    inside = kernel_samples.vmlinux()
    packed = gzip.compress(inside, mtime=0)
    yield kernel_samples.bzimage(packed)
    yield kernel_samples.zimage(packed)
    yield kernel_samples.zimage(packed, table=False)
    yield kernel_samples.flat(inside)
    yield kernel_samples.flat(inside, riscv=True)
    yield kernel_samples.zboot(packed)
    yield kernel_samples.elf(inside)
    yield kernel_samples.elf(bytes(300 << 10) + packed)


def ask_image(data: bytes) -> None:
    read, size = reader(data), len(data)
    for question in (
        lambda: told(kernel_image.parse(read, size)),
        lambda: told(kernel_image.identity(read, size)),
        lambda: (kernel_bzimage.size_of(read), kernel_bzimage.parse(read, size)),
        lambda: (kernel_zimage.size_of(read), kernel_zimage.parse(read, size)),
        lambda: kernel_zboot.parse(read, size),
        lambda: kernel_flat.parse(data[: kernel_flat.HEAD_SIZE]),
        lambda: kernel_elf.parse(read),
        lambda: kernel_elf.compressed(read, size),
        lambda: kernel_banner.find(read, size),
        lambda: kernel_banner.parse(data[:1024].decode("ascii", "replace")),
        lambda: kernel_payload.find(read, 0, size),
        lambda: kernel_payload.compression_of(data[: kernel_payload.HEAD]),
        lambda: _configuration(data),
    ):
        refused(question)


def _configuration(data: bytes) -> None:
    place = ikconfig.find(reader(data), len(data))
    if place is not None:
        ikconfig.text(data[place.offset : place.offset + place.size])


def modules(folder: Path) -> Iterator[bytes]:
    compiler = found_program("gcc")
    (folder / "camera.c").write_text(MODULE)
    subprocess.run([compiler, "-c", "-o", folder / "camera.ko", folder / "camera.c"], check=True)
    module = (folder / "camera.ko").read_bytes()
    yield module
    found_program("openssl")
    who = ("-signer", pe_image.keys() / "leaf.crt", "-inkey", pe_image.keys() / "leaf.key")
    how = ("-sign", "-binary", "-noattr", "-nocerts", "-md", "sha512", "-outform", "DER")
    message = samples.run("openssl", "cms", *how, *who, feed=module)
    yield module + message + b"\0\0\2\0\0\0\0\0" + len(message).to_bytes(4, "big") + kernel_module.MARKER
    old = b"Maker" + b"keyid" + bytes(256)
    yield module + old + b"\1\4\1\5\5\0\0\0" + (256).to_bytes(4, "big") + kernel_module.MARKER


def ask_module(data: bytes) -> None:
    read, size = reader(data), len(data)
    trusted = [x509.signed(pe_image.certificate("leaf"))]

    def signature() -> None:
        found = kernel_module.appended(read, size)
        if found is not None:
            refused(lambda: module_signature.of_module(found))
            refused(lambda: module_signature.verify_module(found, read, trusted))
            refused(lambda: kernel_module.digest_of(found, read, "sha256"))
            refused(lambda: module_signature.read(found.signature))
            refused(lambda: cms.verify(cms.parse(found.signature), cms.parse(found.signature).signers[0]))

    refused(lambda: told(kernel_module.parse(read, size)))
    refused(lambda: kernel_module.parse(read, size).get("license"))
    refused(signature)
    refused(lambda: module_signature.verify_root_hash("ab" * 32, data, trusted))
    refused(lambda: elf_data.ranges(size, read))
    refused(lambda: elf_data.section(b".modinfo", size, read))
    refused(lambda: (elf_data.has_symbols(size, read), elf_data.table_ranges(size, read)))


OPTIONS = b"""#
# Linux/arm64 6.1.55 Kernel Configuration
#
CONFIG_ARM64=y
# CONFIG_MODULES is not set
CONFIG_USB=m
CONFIG_CMDLINE="console=ttyS0 \\"quoted\\""
CONFIG_NR_CPUS=4
"""


def configurations(_: Path) -> Iterator[bytes]:
    yield OPTIONS
    yield OPTIONS.replace(b"#\n# Linux", b"#\n# Automatically generated file; DO NOT EDIT.\n# Linux", 1)


def ask_configuration(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    refused(lambda: told(kernel_config.parse(text)))
    refused(lambda: option_lines.settings(text))


PARSERS = (
    Parser(
        "kernel_image",
        (
            "ikconfig", "kernel_banner", "kernel_bzimage", "kernel_elf", "kernel_flat", "kernel_image",
            "kernel_payload", "kernel_zboot", "kernel_zimage", "occurrences",
        ),
        images,
        ask_image,
    ),
    Parser("kernel_config", ("kernel_config", "option_lines"), configurations, ask_configuration),
    Parser("kernel_module", ("elf_data", "kernel_module", "module_signature"), modules, ask_module),
)  # fmt: skip
