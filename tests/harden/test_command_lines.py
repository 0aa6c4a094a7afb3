"""Words go where the root keeps the kernel's command line, and beside it where it does not."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.formats.boot_arguments import arguments
from firmward.harden.changes import remove_kernel_word, set_kernel_word
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, link
from firmward.model.remedy import RemoveKernelWord, SetKernelWord

EXTLINUX = "boot/extlinux/extlinux.conf"
GRUB, DEFAULT = "boot/grub/grub.cfg", "etc/default/grub"
ENTRY = "boot/loader/entries/a.conf"

PLACES = {
    EXTLINUX: (
        "TIMEOUT 10\n# append nokaslr\nLABEL a\n  KERNEL /Image\n  APPEND root=/dev/vda ro nokaslr\n"
        "LABEL b\n\tappend nokaslr root=/dev/vda\n",
        "TIMEOUT 10\n# append nokaslr\nLABEL a\n  KERNEL /Image\n  APPEND root=/dev/vda ro pti=on\n"
        "LABEL b\n\tappend root=/dev/vda pti=on\n",
    ),
    "uboot/extlinux.conf": ("append ro nokaslr\r\n", "append ro pti=on\r\n"),
    GRUB: (
        "menuentry 'a' {\n\tlinux\t/vmlinuz root=/dev/sda2 ro nokaslr \n\tinitrd /initrd\n}\n",
        "menuentry 'a' {\n\tlinux\t/vmlinuz root=/dev/sda2 ro pti=on\n\tinitrd /initrd\n}\n",
    ),
    DEFAULT: (
        'GRUB_TIMEOUT=1\nGRUB_CMDLINE_LINUX_DEFAULT="quiet nokaslr"\nGRUB_CMDLINE_LINUX="audit=1"\n',
        'GRUB_TIMEOUT=1\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="audit=1 pti=on"\n',
    ),
    "etc/default/grub.d/x.cfg": ("GRUB_CMDLINE_LINUX=nokaslr\n", 'GRUB_CMDLINE_LINUX="pti=on"\n'),
    ENTRY: (
        "title a\nlinux /vmlinuz\noptions root=/dev/sda2\noptions nokaslr quiet\n",
        "title a\nlinux /vmlinuz\noptions root=/dev/sda2 pti=on\noptions quiet\n",
    ),
    "boot/cmdline.txt": ("console=tty1 nokaslr rootwait\n", "console=tty1 rootwait pti=on\n"),
    "uboot/cmdline.txt": ("nokaslr\n", "pti=on\n"),
    "boot/syslinux/syslinux.cfg": ("append nokaslr\n", "append pti=on\n"),
    "boot/firmware/cmdline.txt": ("# a\nro nokaslr", "# a\nro pti=on"),
    "etc/kernel/cmdline": ("root=/dev/sda2 nokaslr\n", "root=/dev/sda2 pti=on\n"),
    "boot/uEnv.txt": ("optargs=quiet nokaslr\nkernel_file=zImage\n", "optargs=quiet pti=on\nkernel_file=zImage\n"),
    "boot/armbianEnv.txt": ('extraargs="nokaslr cma=1"\n', 'extraargs="cma=1 pti=on"\n'),
    "mnt/boot/extra_uEnv.txt": ("extra_os_cmdline=nokaslr ro\n", "extra_os_cmdline=ro pti=on\n"),
    "etc/cmdline.d/a.conf": ("nokaslr ro\n", "ro pti=on\n"),
    "boot/boot.cmd": (
        'setenv bootargs "root=/dev/vda nokaslr"\nload mmc 0:1 ${a} Image; setenv bootargs ro nokaslr ; booti ${a}\n',
        'setenv bootargs "root=/dev/vda pti=on"\nload mmc 0:1 ${a} Image; setenv bootargs ro pti=on ; booti ${a}\n',
    ),
}


def site_of(files: dict[str, Content], *others: CommandLine) -> Site:
    tree = MemoryTree(files)
    lines = Collection(tree).facts("made", (KernelCommandLine,)).get(KernelCommandLine)
    own = lines.lines if isinstance(lines, KernelCommandLine) else ()
    record = KernelCommandLine((*own, *others))
    return Site(Draft(tree), Facts("made", Source.IMAGE, {KernelCommandLine: record} if record.lines else {}))


def changed(site: Site, *, removes: str = "nokaslr", sets: str = "pti=on") -> None:
    remove_kernel_word.apply(RemoveKernelWord(removes), site)
    set_kernel_word.apply(SetKernelWord(sets), site)


def texts(site: Site) -> dict[str, str]:
    return {one.path: site.draft.text(one.path) or "" for one in site.draft.touched()}


@pytest.mark.parametrize("path", PLACES)
def test_a_line_is_changed_where_it_stands_and_all_else_stays(path: str) -> None:
    before, after = PLACES[path]
    site = site_of({path: before})
    changed(site)
    assert texts(site) == {path: after}
    assert (site.beside.words, site.beside.no_words) == ([], [])
    told = site.draft.text(path)
    changed(site)
    assert site.draft.text(path) == told, "twice is once"
    assert (site.beside.words, site.beside.no_words) == ([], [])


@pytest.mark.parametrize("path", PLACES)
def test_what_is_read_afterwards_agrees(path: str) -> None:
    site = site_of({path: PLACES[path][0]})
    changed(site)
    found = Collection(site.draft).facts("made", (KernelCommandLine,)).get(KernelCommandLine)
    assert isinstance(found, KernelCommandLine)
    assert not any(line.has("nokaslr") for line in found.lines)
    assert any(line.get("pti") == "on" for line in found.lines)


def test_all_places_of_one_root_agree() -> None:
    site = site_of({path: before for path, (before, _) in PLACES.items()})
    changed(site)
    assert not any("nokaslr" in text.replace("# append nokaslr", "") for text in texts(site).values())
    whole = (EXTLINUX, GRUB, DEFAULT, ENTRY, "boot/cmdline.txt", "etc/kernel/cmdline", "boot/boot.cmd")
    assert all("pti=on" in texts(site)[path] for path in whole)
    assert "pti" not in texts(site)["boot/uEnv.txt"], "a piece gets no word that a whole line has"


def test_a_piece_that_speaks_of_the_parameter_is_changed_too() -> None:
    site = site_of({"boot/cmdline.txt": "ro\n", "boot/uEnv.txt": "optargs=pti=off\n"})
    set_kernel_word.apply(SetKernelWord("pti=on"), site)
    assert texts(site) == {"boot/cmdline.txt": "ro pti=on\n", "boot/uEnv.txt": "optargs=pti=on\n"}


def test_without_a_line_in_the_root_the_build_is_told() -> None:
    site = site_of({"etc/fstab": "x\n"})
    changed(site)
    changed(site)
    assert (site.beside.words, site.beside.no_words) == (["pti=on"], ["nokaslr"])
    assert texts(site) == {}


def test_a_line_of_another_part_is_told_beside_the_root() -> None:
    other = CommandLine(arguments("ro nokaslr"), Location("cmdline.txt", part="image/boot"), is_whole=True)
    site = site_of({"boot/cmdline.txt": "ro nokaslr\n"}, other)
    changed(site)
    assert texts(site) == {"boot/cmdline.txt": "ro pti=on\n"}
    assert (site.beside.words, site.beside.no_words) == (["pti=on"], ["nokaslr"])


def test_a_script_that_was_compiled_is_told_too() -> None:
    site = site_of({"boot/boot.cmd": "setenv bootargs ro nokaslr\n", "boot/boot.scr": b"\x27\x05\x19\x56"})
    changed(site)
    assert texts(site) == {"boot/boot.cmd": "setenv bootargs ro pti=on\n"}
    assert (site.beside.words, site.beside.no_words) == (["pti=on"], ["nokaslr"])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (GRUB, "set x=nokaslr\nlinux /vmlinuz ro ${x}\n"),
        (EXTLINUX, "append ro \\\n nokaslr\n"),
        ("boot/boot.cmd", "setenv x nokaslr\nsetenv bootargs ro ${x}\n"),
        ("boot/uEnv.txt", "bootargs=ro\nuenvcmd=a\ncmdline=setenv bootargs nokaslr\n"),
        ("boot/cmdline.txt", "ro nokaslr " + "x=1 " * 9000),
    ],
)
def test_what_is_not_changed_is_refused(path: str, text: str) -> None:
    site = site_of({path: text})
    with pytest.raises(Refused), site.attempt():
        changed(site)
    assert texts(site) == {}


def test_a_link_is_followed_inside_the_root_and_its_file_changed_once() -> None:
    site = site_of({"boot/cmdline.txt": link("firmware/cmdline.txt"), "boot/firmware/cmdline.txt": "ro nokaslr\n"})
    changed(site)
    assert texts(site) == {"boot/firmware/cmdline.txt": "ro pti=on\n"}


@pytest.mark.parametrize("target", ["/etc/../../../cmdline.txt", "../../../../etc/passwd", "/gone", "cmdline.txt"])
def test_a_link_that_leads_nowhere_is_no_place(target: str) -> None:
    site = site_of({"boot/cmdline.txt": link(target)})
    changed(site)
    assert texts(site) == {}


def test_an_edit_is_no_place_for_a_command() -> None:
    site = site_of({"boot/boot.cmd": "setenv bootargs ro\n"})
    for word in ("a;reset", 'a"', "${x}", "a\nreset"):
        with pytest.raises(Refused):
            set_kernel_word.apply(SetKernelWord(word), site)
    assert texts(site) == {}
