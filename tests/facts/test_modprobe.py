"""Which modules modprobe's rules and the kernel's command line keep out."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.modprobe import FILES_LIMIT, ModprobeRules
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.tree import READ_LIMIT

OWN = "etc/modprobe.d/own.conf"
BUSYBOX: dict[str, Content] = {"bin/busybox": executable("\x7fELF"), "sbin/modprobe": link("../bin/busybox")}


def rules(files: dict[str, Content] | str) -> ModprobeRules:
    tree = MemoryTree({OWN: files} if isinstance(files, str) else files)
    found = Collection(tree).get(ModprobeRules)
    assert isinstance(found, ModprobeRules), found
    return found


KEPT = [
    "blacklist usb-storage",
    "blacklist usb_storage",
    "  blacklist\tusb-storage  # for good",
    "install usb-storage /bin/false",
    "install usb_storage /usr/bin/true",
    "install usb-storage /bin/true one two",
    "install usb* /bin/false",
    "install usb-storage \\\n/bin/false",
    "blacklist usb-storage \\",
]


@pytest.mark.parametrize("line", KEPT)
def test_a_rule_keeps_a_module_out(line: str) -> None:
    assert rules(f"{line}\n").keeps_out("usb-storage")


OPEN = [
    "# blacklist usb-storage",
    "blacklist usb",
    "install usb-storage /sbin/modprobe --ignore-install usb-storage",
    "install usb-storage-other /bin/false",
    "install usb-storage",
    "options usb-storage quirks=1",
    "softdep usb-storage pre: uas",
    "alias usb-storage off",
]


@pytest.mark.parametrize("line", OPEN)
def test_other_lines_keep_nothing_out(line: str) -> None:
    assert not rules(f"{line}\nblacklist other\n").keeps_out("usb-storage")


def test_what_is_ignored_is_loaded_by_its_name_still() -> None:
    found = rules("blacklist rds\ninstall dccp /bin/false\n")
    assert (found.keeps_out("rds"), found.refuses("rds")) == (True, False)
    assert (found.keeps_out("dccp"), found.refuses("dccp")) == (True, True)
    assert found.refused["dccp"] == Location(OWN, 2)


def test_requests_that_lead_nowhere_load_nothing_once_all_do() -> None:
    found = rules("alias net-pf-8 off\n")
    assert found.keeps_out("atm", "net-pf-8")
    assert not found.keeps_out("atm", "net-pf-8", "net-pf-20")
    assert not found.keeps_out("atm")


def test_of_files_with_one_name_the_first_folders_counts() -> None:
    files: dict[str, Content] = {
        "usr/lib/modprobe.d/a.conf": "blacklist hidden\n",
        "etc/modprobe.d/a.conf": "blacklist seen\n",
        "lib/modprobe.d/b.conf": "blacklist beside\n",
        "etc/modprobe.d/c.txt": "blacklist text\n",
    }
    assert {*rules(files).ignored} == {"seen", "beside"}


def test_busyboxs_modprobe_knows_no_install_and_reads_the_old_file() -> None:
    files: dict[str, Content] = {
        OWN: "install dccp /bin/false\nblacklist rds\n",
        "etc/modprobe.conf": "blacklist tipc\n",
    }
    assert {*rules(files).ignored} == {"rds"}
    assert rules(files).keeps_out("dccp")
    found = rules(files | BUSYBOX)
    assert {*found.ignored} == {"rds", "tipc"}
    assert not found.keeps_out("dccp")


LINES = [
    ({"boot/cmdline.txt": "ro module_blacklist=dccp,usb-storage\n"}, {"dccp", "usb_storage"}),
    ({"boot/cmdline.txt": "ro modprobe.blacklist=dccp\n"}, {"dccp"}),
    (
        {
            "boot/cmdline.txt": "ro module_blacklist=dccp,rds\n",
            "boot/extlinux/extlinux.conf": "append ro module_blacklist=rds\n",
        },
        {"rds"},
    ),
]


@pytest.mark.parametrize(("files", "names"), LINES)
def test_the_kernels_command_line_names_more_where_each_of_them_does(
    files: dict[str, Content], names: set[str]
) -> None:
    assert {*rules(files).ignored} == names


def test_a_file_that_cannot_be_read_is_told() -> None:
    found = rules({OWN: b"#" * (READ_LIMIT + 1), "etc/modprobe.d/z.conf": Node("blacklist rds\n")})
    assert {*found.ignored} == {"rds"}
    assert "is larger than" in found.unread[0]


def test_too_many_files_are_told() -> None:
    many: dict[str, Content] = {f"etc/modprobe.d/{number:04}.conf": "" for number in range(FILES_LIMIT + 1)}
    assert "of which 500 were read" in rules(many).unread[0]


def test_a_system_without_rules_has_none() -> None:
    assert Collection(MemoryTree({"etc/modprobe.d/empty.conf": "# nothing\n"})).get(ModprobeRules) is None
