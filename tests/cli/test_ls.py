"""ls: as `ls -l` shows files, with addresses that reach any of them and names that do nothing."""

import base64
import json
import shutil
from pathlib import Path

import pytest
from command import Firmward
from device_image import system


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return system(tmp_path / "device.tar")


def names(out: str) -> list[str]:
    return [line.split("Z  ", 1)[1] for line in out.splitlines() if "Z  " in line]


def test_a_folder_is_listed_by_name(firmward: Firmward, image: Path) -> None:
    called = firmward("ls", f"{image}::/bin")
    assert called.code == 0
    assert names(called.out) == ["sh -> su", "su", "zeros"]
    assert "-rwsr-xr-x" in called.out
    assert "2023-11-14 22:13Z" in called.out


def test_devices_show_their_numbers(firmward: Firmward, image: Path) -> None:
    (console,) = (line for line in firmward("ls", f"{image}::/dev").out.splitlines() if "console" in line)
    assert console.startswith("crw-------")
    assert "5, 1" in console


def test_owners_and_attributes_are_shown(firmward: Firmward, image: Path) -> None:
    called = firmward("ls", "--xattrs", f"{image}::/etc")
    assert "0:42" in called.out
    assert f"security.capability = {base64.b64encode(b'cap').decode()}" in called.out


def test_patterns_and_whole_paths(firmward: Firmward, image: Path) -> None:
    assert names(firmward("ls", f"{image}::/etc/*s*").out)[:1] == ["/etc/absolute -> /etc/passwd"]
    assert "/a/deep/up -> ../../../../../../etc/passwd" in names(firmward("ls", "-R", f"{image}::/a").out)


def test_a_name_with_brackets_is_a_name_first(firmward: Firmward, image: Path) -> None:
    assert names(firmward("ls", f"{image}::/etc/[x]").out) == ["/etc/[x]"]


def test_control_characters_are_escaped(firmward: Firmward, image: Path) -> None:
    out = firmward("ls", f"{image}::/etc").out
    assert "red\\x1b[31m\\nline" in out
    assert "\x1b" not in out
    assert "latin-\\xe9" in out


def test_an_escaped_name_can_be_given_back(firmward: Firmward, image: Path) -> None:
    assert firmward("cat", f"{image}::/etc/red\\x1b[31m\\nline").out == "names lie\n"
    assert firmward("cat", f"{image}::/etc/latin-\\xe9").out == "not UTF-8\n"


def test_json_has_every_field_and_the_very_bytes_of_names(firmward: Firmward, image: Path) -> None:
    rows = {row["path"]: row for row in json.loads(firmward("ls", "-R", "--json", str(image)).out)}
    assert rows["/bin/su"]["mode"] == "4755"
    assert rows["/dev/console"]["device"] == [5, 1]
    assert rows["/bin/sh"]["target"] == "su"
    assert base64.b64decode(rows["/etc/latin-\\xe9"]["path_base64"]) == b"/etc/latin-\xe9"


@pytest.mark.parametrize(
    ("rest", "content"),
    [
        ("::/etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        (":/etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        (":image:/etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        (":#1:/etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        ("::/colon:/a:b", "colons\n"),
        (":#1:/colon:/a:b", "colons\n"),
        ("::/etc/absolute", "root:x:0:0::/root:/bin/sh\n"),
    ],
)
def test_addresses(firmward: Firmward, image: Path, rest: str, content: str) -> None:
    assert firmward("cat", f"{image}{rest}").out == content


def test_an_image_with_colons_in_its_name(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a:b::c.tar"
    image.rename(odd)
    assert firmward("cat", f"{odd}::/etc/passwd").out.startswith("root:")


@pytest.fixture
def bundle(image: Path, tmp_path: Path) -> Path:
    """A folder with the same system in two archives, and a part with colons in its name."""
    folder = tmp_path / "bundle"
    (folder / "one").mkdir(parents=True)
    (folder / "two").mkdir()
    shutil.copy(image, folder / "one" / "rootfs.tar")
    shutil.copy(image, folder / "two" / "rootfs.tar")
    shutil.copy(image, folder / "odd:: name.tar")
    return folder


def test_file_systems_are_listed_first(firmward: Firmward, bundle: Path) -> None:
    out = firmward("ls", bundle).out
    assert "image/one/rootfs.tar" in out
    assert "the same as" in out


def test_what_is_ambiguous_lists_the_candidates(firmward: Firmward, bundle: Path) -> None:
    called = firmward("ls", f"{bundle}:rootfs.tar:/etc")
    assert called.code == 2
    assert "image/one/rootfs.tar, image/two/rootfs.tar" in called.err
    assert firmward("ls", f"{bundle}:two/rootfs.tar:/etc").code == 0


def test_a_part_with_colons_is_reached(firmward: Firmward, bundle: Path) -> None:
    assert firmward("cat", f"{bundle}:odd:: name.tar:/colon:/a:b").out == "colons\n"


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (":rotfs.tar", "did you mean image/"),
        (":one/rootfs.tar:/etc/paswd", "in /etc there is passwd"),
        (":one/rootfs.tar:/ect/passwd", "in / there is etc"),
        (":#99", "has no part #99"),
    ],
)
def test_what_is_not_there_gives_the_nearest_names(firmward: Firmward, bundle: Path, rest: str, said: str) -> None:
    called = firmward("ls", f"{bundle}{rest}")
    assert called.code == 2
    assert said in called.err


def test_an_image_that_is_not_there(firmward: Firmward) -> None:
    assert firmward("ls", "nowhere.img:rootfs:/etc").code == 2


def test_what_can_be_listed_only_in_part_gives_3(firmward: Firmward, image: Path, tmp_path: Path) -> None:
    part = tmp_path / "cut.tar"
    part.write_bytes(image.read_bytes()[:-12_000])
    called = firmward("ls", part)
    assert called.code == 3
    assert "incomplete" in called.err
