"""U-Boot: binaries, environments, scripts, configurations, and the Kconfig trees that these are made for."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import mending
import samples
import uboot_made
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.formats import (
    boot_state,
    kconfig,
    kconfig_values,
    uboot_binary,
    uboot_commands,
    uboot_config,
    uboot_control,
    uboot_default_env,
    uboot_env,
    uboot_reach,
    uboot_script,
    uboot_traits,
    uimage,
)
from firmward.formats.malformed import Malformed
from parsers import Parser, reader, refused, told, trees

ENVIRONMENT = """bootcmd=run distro_bootcmd; bootm 0x80000000 - 0x83000000
bootargs=console=ttyS0,115200 root=/dev/mmcblk0p2
boot_targets=mmc0 usb0 dhcp
distro_bootcmd=for target in ${boot_targets}; do run bootcmd_${target}; done
bootcmd_mmc0=setenv devnum 0; run mmc_boot
mmc_boot=if mmc dev ${devnum}; then load mmc ${devnum}:1 ${loadaddr} boot.scr && source ${loadaddr}; fi
bootcmd_usb0=usb start; load usb 0 ${loadaddr} Image; booti ${loadaddr}
bootcmd_dhcp=dhcp && env import -t ${fileaddr} ${filesize}
ethaddr=00:11:22:33:44:55
"""
VARIABLES = dict(line.split("=", 1) for line in ENVIRONMENT.splitlines())
SCRIPT = """setenv bootargs "console=ttyS0 ${extra:-quiet} 'a b'"
if test "${slot}" = a || test -e mmc 0:1 x && true; then
  setenv n 1; run bootcmd
elif itest 1 == 1; then echo \\$x; else reset; fi
for i in a b ${boot_targets}; do setenv n ${n}${n}; while test $n != 3; do run n; done; done
until false; do setexpr n $n + 1; done # a comment
env set x ${x:+y}; load ${devtype} ${devnum}:${bootpart} 0x1000 'a'"'b'"; bootm 0x1000 - $fdt_addr
"""
KCONFIG = """mainmenu "U-Boot $(VERSION)"
name := $(call,x)
config ARM
\tbool "Arm"
\tselect CPU if !X86
\timply NET
\tdepends on (A || B) && C != "n"
\tdefault y if A = B && (X > 3 || !Y)
\thelp
\t  Words,
\t  and more.
choice
\tprompt "which"
\tdefault ONE
\toptional
config ONE
\tbool "one"
config TWO
\tbool "two" if ARM
endchoice
menu "deeper"
\tvisible if ARM
\tdepends on NET
config HEX
\thex "number"
\tdefault 0x20
config DELAY
\tint "delay"
\tdepends on HEX >= 0x10 && TEXT != "b"
\trange 0 10 if ONE
\tdefault 3 if $(shell,true)
config TEXT
\tstring "text"
\tdefault "a$(name)\\"b"
endmenu
if ONE
source "sub/Kconfig"
osource "none/*"
endif
comment "the end"
"""
SOURCED = b"config NET\n\ttristate\n\tdefault m\nmenuconfig CPU\n\thex\n\tdefault 0x10\nrsource 'again'\n"
DEFCONFIG = b'CONFIG_ARM=y\nCONFIG_DELAY=-2\nCONFIG_TEXT="a \\"b\\""\n# CONFIG_NET is not set\n'
TITLE = b"#\n# Automatically generated file; DO NOT EDIT.\n# U-Boot 2023.01 Configuration\n#\n"


def binaries(_: Path) -> Iterator[bytes]:
    control = trees.signed()["rsa2048()"][1]
    for name, shape in uboot_made.SHAPES.items():
        yield uboot_made.made(shape, tree=control, relocations=name == "arm64")
    try:
        folder = unpacked("u-boot-qemu", "all") / "usr/lib/u-boot"
    except NoPackagesError as reason:
        raise samples.NoProgramError(str(reason)) from reason
    yield from (path.read_bytes() for path in sorted(folder.glob("*/u-boot.bin")))


def ask_binary(data: bytes) -> None:
    uboot_binary.may_be(data)
    refused(lambda: _binary(uboot_binary.parse(data)))
    commands = uboot_commands.find(data)
    for tree in uboot_control.find(data):
        told(tree)
    uboot_default_env.find(data)
    for trait in (
        uboot_traits.fit_signature, uboot_traits.fit, uboot_traits.legacy_image, uboot_traits.prompt,
        uboot_traits.autoboot, uboot_traits.writeable_list,
    ):  # fmt: skip
        trait(data)
    uboot_traits.environment_places(commands)


def _binary(found: uboot_binary.UBoot) -> None:
    told(found)
    found.has_command("bootm")
    for environment in found.environments[:2]:
        refused(lambda environment=environment: uboot_reach.reach("run bootcmd", environment.variables))


def environments(folder: Path) -> Iterator[bytes]:
    text = folder / "text"
    text.write_text(ENVIRONMENT)
    for options in ((), ("-r",), ("-b", "-r")):
        yield samples.made(folder, ("mkenvimage", *options, "-s", "0x2000", "-o", "OUT", text))
    copy = samples.made(folder, ("mkenvimage", "-r", "-s", "0x4000", "-o", "OUT", text))
    yield copy + copy[:4] + b"\2" + copy[5:]
    yield b"\0" * 700 + copy
    yield ENVIRONMENT.encode()


def ask_environment(data: bytes) -> None:
    read = reader(data)
    uboot_env.may_begin(data[: uboot_env.HEAD])
    copies = []
    for start in (0, len(data) // 2):
        try:
            copies.append(uboot_env.parse(reader(data, start)))
        except Malformed:
            copies.append(None)
    for flags in uboot_env.Flags:
        uboot_env.active(*copies, flags)
    for found in uboot_env.find(read, len(data)):
        told(found.environment)
    refused(lambda: told(uboot_env.of_text(data)))
    for form in uboot_env.Form:
        refused(lambda form=form: _reach(uboot_env.parse_text(data.decode("utf-8", "surrogateescape"), form)))


def _reach(variables: dict[str, str]) -> None:
    told(uboot_reach.reach("run bootcmd", variables))


def mend_environment(data: bytearray) -> None:
    """Of copies at the places and of the sizes that the samples have."""
    for start, size in ((0, 0x2000), (0, 0x4000), (0x4000, 0x4000), (700, 0x4000)):
        if len(data) >= start + size:
            head = 4 if chr(data[start + 4]).isalpha() else 5
            mending.put(data, start, zlib.crc32(data[start + head : start + size]), "little")


def states(_: Path) -> Iterator[bytes]:
    yield boot_state.fresh().to_bytes()
    copies = (boot_state.State(0x1F, "b", "a", 0, 2, b_good=True), boot_state.State(0x20, "a", "b", 1, 0))
    yield boot_state.Records(copies, boot_state.Request("a", "b")).to_bytes()


def ask_state(data: bytes) -> None:
    told(boot_state.parse(data).state)
    boot_state.parse(boot_state.fresh().to_bytes())


def mend_state(data: bytearray) -> None:
    for place in boot_state.COPIES:
        if len(data) >= place + boot_state.SECTOR:
            mending.put(data, place, zlib.crc32(data[place + 4 : place + boot_state.SECTOR]), "little")


def scripts(_: Path) -> Iterator[bytes]:
    yield SCRIPT.encode()
    yield from (f"{value}\n".encode() for value in VARIABLES.values())


def ask_script(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    refused(lambda: [str(step.command) for step in uboot_script.parse(text).steps])
    uboot_script.filled_words(text)
    lines = text.splitlines()
    own = {f"v{number}": line for number, line in enumerate(lines)}
    for variables in (VARIABLES | {"bootcmd": text}, own | {"n": text, "bootcmd": "run n"}):
        refused(lambda variables=variables: _words(uboot_reach.reach(text, variables)))


def _words(found: uboot_reach.Reach) -> None:
    told(found)
    for one in found.commands:
        told(one)
        uboot_reach.source_of(one.words), uboot_reach.boot_of(one.words)


def kconfigs(_: Path) -> Iterator[bytes]:
    yield KCONFIG.encode()
    yield SOURCED


def ask_kconfig(data: bytes) -> None:
    files = {"Kconfig": data, "sub/Kconfig": SOURCED, "sub/again": data}
    refused(lambda: _resolved(kconfig.parse(files, variables={"VERSION": "1"})))


def _resolved(tree: kconfig.Tree) -> None:
    settings = {name: value for name in list(tree.options)[:40] for value in "ymn"}
    for chosen in ({}, settings, {"ARM": "y", "DELAY": "99", "TEXT": "x", "TWO": "y"}):
        refused(lambda chosen=chosen: kconfig_values.resolve(tree, chosen).get("ARM"))


def configurations(_: Path) -> Iterator[bytes]:
    yield DEFCONFIG
    yield TITLE + DEFCONFIG


def ask_configuration(data: bytes) -> None:
    tree = kconfig.parse({"Kconfig": KCONFIG.encode(), "sub/Kconfig": SOURCED})

    def questions() -> None:
        config = uboot_config.parse(data)
        for one in (config, uboot_config.resolved(config, tree)):
            one.get("ARM"), one.is_on("CONFIG_NET"), one.matching(r"D\w+")

    refused(questions)


def legacy_images(folder: Path) -> Iterator[bytes]:
    yield from samples.samples("uimage", folder)
    (folder / "plain").write_text(SCRIPT)
    yield samples.made(folder, ("mkimage", "-A", "arm", "-T", "script", "-C", "none", "-d", "plain", "OUT"))


def ask_legacy_image(data: bytes) -> None:
    read = reader(data)

    def questions() -> None:
        header = uimage.parse_header(data[: uimage.HEADER_SIZE])
        for question in (
            lambda: uimage.sizes(read),
            lambda: uimage.images(read, header),
            lambda: uimage.script(read, header),
            lambda: uimage.holds(read, header),
        ):
            refused(question)

    refused(questions)


PARSERS = (
    Parser(
        "uboot_binary",
        ("uboot_binary", "uboot_commands", "uboot_control", "uboot_default_env", "uboot_pointers", "uboot_traits"),
        binaries,
        ask_binary,
    ),
    Parser("uboot_env", ("uboot_env",), environments, ask_environment, mend_environment),
    Parser("boot_state", ("boot_state",), states, ask_state, mend_state),
    Parser("uboot_script", ("uboot_script", "uboot_reach"), scripts, ask_script),
    Parser("kconfig", ("kconfig", "kconfig_expression", "kconfig_values", "kconfig_words"), kconfigs, ask_kconfig),
    Parser("uboot_config", ("uboot_config",), configurations, ask_configuration),
    Parser("uimage", ("uimage",), legacy_images, ask_legacy_image, mending.find("uimage")),
)
