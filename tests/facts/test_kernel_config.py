"""Which kernels an image has, and how those that run a root were configured."""

import gzip
from pathlib import Path

import pytest
from beside import ROOT, around
from kernel_samples import BANNER, bzimage, vmlinux
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.facts.collection import Collection
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.kernel_images import FoundKernel, KernelImages
from firmward.image.opening import Image, open_image
from firmward.image.source import Bytes
from firmward.model.facts import Source, Unknown
from firmward.model.memory import Content, MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

RELEASE = "6.1.55-yocto-standard"


def config(*lines: str, version: str = "6.1.55") -> str:
    title = f"# Automatically generated file; DO NOT EDIT.\n# Linux/arm {version} Kernel Configuration\n"
    rest = "".join(f"CONFIG_OPTION_{number}=y\n" for number in range(200))
    return title + "".join(f"{line}\n" for line in lines) + rest


def part(id: str, kind: str, role: Role, content: bytes | None, parent: str = "image", **about: str) -> OpenPart:
    return OpenPart(Part(id, kind, parent, role=role, **about), None if content is None else Bytes(content))


def a_kernel(id: str, own: str | None = None, **about: str) -> OpenPart:
    return part(id, "kernel", Role.KERNEL, vmlinux(None if own is None else own.encode()), **about)


def a_config(id: str, text: str) -> OpenPart:
    return part(id, "kernel-config", Role.KERNEL_CONFIG, text.encode())


def configs(
    *others: OpenPart, files: dict[str, Content] | None = None, source: Source = Source.IMAGE
) -> KernelConfigs | Unknown | None:
    found = Collection(MemoryTree(files or {}), source, parts=around(*others)).get(KernelConfigs)
    assert found is None or isinstance(found, KernelConfigs | Unknown)
    return found


def one(found: object) -> KernelOptions:
    assert isinstance(found, KernelConfigs), found
    assert len(found.found) == 1, found
    return found.found[0]


def kernels(image: Image) -> tuple[FoundKernel, ...]:
    trees = {root.part.id: root.tree for root in image.trees}
    every = {each.id: OpenPart(each, image.sources.get(each.id), trees.get(each.id)) for each in image.parts}
    found = Collection(MemoryTree({}), parts=Parts(image.parts[0].id, every)).get(KernelImages)
    assert isinstance(found, KernelImages), found
    return found.found


def test_a_compressed_kernel_and_what_it_expands_to_are_one(tmp_path: Path) -> None:
    text = config("# CONFIG_MODULES is not set")
    (tmp_path / "bzImage").write_bytes(bzimage(gzip.compress(vmlinux(text.encode()), mtime=0)))
    (found,) = kernels(open_image(tmp_path / "bzImage"))
    assert (found.at.part, found.form, found.architecture) == ("image", "bzimage", "x86-64")
    assert found.release == RELEASE
    assert found.compiler == "arm-poky-linux-gcc (GCC) 12.3.0, GNU ld (GNU Binutils) 2.40.0.20230620"
    assert found.configuration == text
    assert found.has_initramfs is False


def test_a_kernel_that_cannot_be_expanded_is_named_by_its_header_and_else_unknown(tmp_path: Path) -> None:
    damaged = bytearray(gzip.compress(vmlinux(), mtime=0))
    damaged[100:200] = bytes(100)
    (tmp_path / "bzImage").write_bytes(bzimage(bytes(damaged)))
    (found,) = kernels(open_image(tmp_path / "bzImage"))
    assert found.release == RELEASE
    assert all(isinstance(value, Unknown) for value in (found.compiler, found.configuration, found.has_initramfs))


def test_an_initramfs_inside_is_told() -> None:
    inner = OpenPart(Part("image/k/cpio", "cpio", "image/k", role=Role.INITRAMFS), None, MemoryTree({"init": ""}))
    found = Collection(MemoryTree({}), parts=around(a_kernel("image/k"), inner)).get(KernelImages)
    assert isinstance(found, KernelImages)
    assert [each.has_initramfs for each in found.found] == [True]


def test_a_kernel_in_a_file_system_is_not_that_kernels_whose_part_holds_it() -> None:
    early = OpenPart(Part("image/k/cpio", "cpio", "image/k", role=Role.INITRAMFS), None, MemoryTree({}))
    second = a_kernel("image/k/cpio/boot/second", parent="image/k/cpio")
    found = Collection(MemoryTree({}), parts=around(a_kernel("image/k"), early, second)).get(KernelImages)
    assert isinstance(found, KernelImages)
    assert [each.at.part for each in found.found] == ["image/k", "image/k/cpio/boot/second"]


def test_what_is_set_not_set_and_not_named() -> None:
    text = config("CONFIG_A=y", "CONFIG_B=m", "# CONFIG_C is not set", 'CONFIG_LSM="lockdown,yama"')
    found = one(configs(files={"boot/config-6.1.55": text}))
    assert [found.get(name) for name in ("A", "CONFIG_B", "C", "D", "LSM")] == ["y", "m", "n", "n", "lockdown,yama"]
    assert [found.is_on(name) for name in ("A", "B", "C", "D")] == [True, True, False, False]


def test_what_a_defconfig_leaves_out_is_not_known() -> None:
    found = one(configs(files={"boot/config": "CONFIG_A=y\n# CONFIG_B is not set\n"}))
    assert (found.get("A"), found.get("B")) == ("y", "n")
    assert isinstance(found.get("C"), Unknown)
    assert isinstance(found.is_on("C"), Unknown)


PLACES = [
    ("boot/config-6.1.55-acme", "6.1.55-acme"),
    ("usr/lib/kernel/config-6.1.55-acme", "6.1.55-acme"),
    ("lib/modules/6.1.55-acme/config", "6.1.55-acme"),
    ("usr/lib/modules/6.1.55-acme/build/.config", "6.1.55-acme"),
    ("boot/.config", ""),
]


@pytest.mark.parametrize(("path", "release"), PLACES)
def test_each_build_keeps_it_in_its_place(path: str, release: str) -> None:
    found = one(configs(files={path: config("CONFIG_A=y")}))
    assert (found.at.path, found.release, found.version, found.architecture) == (path, release, "6.1.55", "arm")


def test_a_packed_file_is_read() -> None:
    packed = gzip.compress(config("CONFIG_A=y").encode())
    assert one(configs(files={"boot/config-6.1.55.gz": packed})).release == "6.1.55"


def test_the_kernels_own_goes_before_a_file_for_it() -> None:
    own, other = config("CONFIG_A=y"), config("CONFIG_A=m")
    found = one(configs(a_kernel("image/k", own), a_config("image/config", other)))
    assert (found.get("A"), found.kernel, found.release) == ("y", "image/k", RELEASE)


def test_a_file_is_paired_with_the_kernel_of_its_release_or_version() -> None:
    for id, text in (("image/config-" + RELEASE, config(version="6.1")), ("image/kernel.config", config())):
        assert one(configs(a_kernel("image/k"), a_config(id, text))).kernel == "image/k"


def test_a_file_for_a_kernel_that_is_not_here_counts_for_none() -> None:
    found = configs(a_kernel("image/k"), files={"boot/config-5.4.1": config(version="5.4.1")})
    assert isinstance(found, Unknown)
    assert "image/k" in found.reason


@pytest.mark.parametrize("version", ["6.1.5", "6.1.555", "16.1.55", "1.55"])
def test_a_version_is_no_piece_of_another(version: str) -> None:
    assert isinstance(configs(a_kernel("image/k"), a_config("image/c", config(version=version))), Unknown)


def test_of_two_kernels_each_has_its_own() -> None:
    second = BANNER.replace(b"6.1.55-yocto-standard", b"6.6.1-rescue")
    rescue = part("image/r", "kernel", Role.KERNEL, bytes(600) + second)
    files: dict[str, Content] = {f"boot/config-{RELEASE}": config("CONFIG_A=y"), "boot/config-6.6.1-rescue": config()}
    found = configs(a_kernel("image/k"), rescue, files=files)
    assert isinstance(found, KernelConfigs)
    assert {each.kernel: each.get("A") for each in found.found} == {"image/k": "y", "image/r": "n"}
    assert found.unread == ()


def test_a_kernel_without_one_is_told_beside_another_that_has_it() -> None:
    second = part("image/r", "kernel", Role.KERNEL, bytes(600) + BANNER.replace(b"6.1.55", b"5.4.2"))
    found = configs(a_kernel("image/k", config()), second)
    assert isinstance(found, KernelConfigs)
    assert len(found.found) == 1
    assert "image/r" in found.unread[0]


def test_a_kernel_that_cannot_be_read_takes_no_other_kernels_file() -> None:
    sealed = part("image/sealed", "kernel", Role.KERNEL, bytes(600))
    found = configs(sealed, a_kernel("image/k"), files={f"boot/config-{RELEASE}": config()})
    assert isinstance(found, KernelConfigs)
    assert [each.kernel for each in found.found] == ["image/k"]
    assert "image/sealed" in found.unread[0]
    assert one(configs(sealed, files={"boot/config-6.1": config()})).kernel == "image/sealed"


def test_another_roots_kernel_is_not_asked() -> None:
    other = OpenPart(Part("image/b", "ext4", "image", role=Role.ROOT), None, MemoryTree({}))
    its = a_kernel("image/kernel_b", config("CONFIG_A=y"), belongs_to="image/b")
    inner = a_kernel("image/b/boot/vmlinuz", config("CONFIG_A=m"), parent="image/b")
    mine = a_kernel("image/kernel_a", config("# CONFIG_A is not set"), belongs_to=ROOT.part.id)
    assert one(configs(other, its, inner, mine)).get("A") == "n"


def test_an_initramfs_beside_a_root_is_not_asked() -> None:
    early = OpenPart(Part("image/initrd", "cpio", "image", role=Role.INITRAMFS), None, MemoryTree({}))
    system = OpenPart(Part("image/b", "ext4", "image", role=Role.ROOT), None, MemoryTree({}))
    mine = a_kernel("image/k", config())
    assert Collection(MemoryTree({}), parts=around(mine, system, root=early)).get(KernelConfigs) is None
    assert isinstance(Collection(MemoryTree({}), parts=around(mine, root=early)).get(KernelConfigs), KernelConfigs)


def test_a_running_machine_is_asked_itself() -> None:
    files: dict[str, Content] = {
        "proc/config.gz": gzip.compress(config("CONFIG_A=y").encode()),
        "proc/sys/kernel/osrelease": "6.1.55-x\n",
        "boot/config-6.1.55-x": config("CONFIG_A=m"),
        "boot/config-5.4": config(version="5.4"),
    }
    assert one(configs(files=files, source=Source.LIVE)).get("A") == "y"
    del files["proc/config.gz"]
    assert one(configs(files=files, source=Source.LIVE)).get("A") == "m"
    del files["boot/config-6.1.55-x"]
    assert isinstance(configs(files=files, source=Source.LIVE), Unknown)


def test_without_kernel_and_file_nothing_is_known() -> None:
    assert isinstance(configs(files={"etc/passwd": ""}), Unknown)


REAL = [
    ("amd64", "amd64", "x86-64", "x86"),
    ("armmp", "armhf", "arm", "arm"),
    ("arm64", "arm64", "arm64", "arm64"),
    ("4kc-malta", "mipsel", "mips", "mips"),
    ("powerpc64le", "ppc64el", "powerpc64", "powerpc"),
]


@pytest.mark.proof
@pytest.mark.parametrize(("flavour", "architecture", "machine", "folder"), REAL, ids=lambda value: value)
def test_of_debians_kernels_all_is_said(
    flavour: str, architecture: str, machine: str, folder: str, tmp_path: Path
) -> None:
    try:
        package = kernel(flavour, architecture).resolve()
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    (release,) = (file.name.removeprefix("config-") for file in package.glob("boot/config-*"))
    image = open_image(package / "boot")
    (found,) = kernels(image)
    assert (found.architecture, found.release) == (machine, release)
    assert isinstance(found.compiler, str)
    assert "gcc-12" in found.compiler
    assert (found.configuration, found.has_initramfs) == (None, False)
    every = {each.id: OpenPart(each, image.sources.get(each.id)) for each in image.parts}
    settings = one(Collection(MemoryTree({}), parts=Parts("image", every)).get(KernelConfigs))
    assert (settings.release, settings.architecture, settings.kernel) == (release, folder, found.at.part)
    assert [settings.get(name) for name in ("MODULES", "MODULE_SIG", "MODULE_SIG_FORCE")] == ["y", "y", "n"]
