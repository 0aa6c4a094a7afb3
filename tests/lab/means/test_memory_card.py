"""A card is one that other machines read."""

import subprocess
from pathlib import Path

from firmward.image import catalogue
from firmward.image.source import open_file
from firmward.lab.means import memory_card, update_stick


def test_its_files_are_read_back(tmp_path: Path) -> None:
    files = {"factory.sh": b"#!/bin/sh\necho own\n", "update.sh": b"#!/bin/sh\n" * 5000}
    image = memory_card.written(files, tmp_path)
    for name, content in files.items():
        place = f"{image}@@{memory_card.START * memory_card.SECTOR}"
        told = subprocess.run(["mtype", "-i", place, f"::{name}"], check=True, capture_output=True)
        assert told.stdout == content


def test_its_table_names_one_partition_of_fat(tmp_path: Path) -> None:
    image = memory_card.written({}, tmp_path)
    told = subprocess.run(["/usr/sbin/sfdisk", "-d", str(image)], check=True, capture_output=True, text=True).stdout
    rows = [line for line in told.splitlines() if line.startswith(str(image))]
    assert [row.split(":")[1].replace(" ", "") for row in rows] == ["start=2048,size=16384,type=6"]
    found = catalogue.identify(open_file(image), catalogue.kinds())
    assert found is not None
    assert found[0].name == "mbr"


def test_a_comma_in_its_name_is_no_end_of_an_option() -> None:
    assert "file=/a,,b/card.img" in memory_card.plugged(Path("/a,b/card.img"))[1]


def test_a_stick_has_scripts_and_a_repository_each_in_its_own_partition(tmp_path: Path) -> None:
    repository = {"/metadata/1.root.json": b"{}", "/targets/blobs/" + "a" * 64: bytes(4 << 20)}
    image = update_stick.written({"factory.sh": b"#!/bin/sh\n"}, repository, tmp_path)
    for start, label, name, content in (
        (update_stick.FIRST, "CARD", "factory.sh", b"#!/bin/sh\n"),
        (update_stick.SECOND, "UPDATES", "metadata/1.root.json", b"{}"),
        (update_stick.SECOND, "UPDATES", "targets/blobs/" + "a" * 64, bytes(4 << 20)),
    ):
        place = f"{image}@@{start * memory_card.SECTOR}"
        assert subprocess.run(["mtype", "-i", place, f"::{name}"], check=True, capture_output=True).stdout == content
        said = subprocess.run(["mlabel", "-s", "-i", place, "::"], check=True, capture_output=True, text=True).stdout
        assert label in said
    told = subprocess.run(["/usr/sbin/sfdisk", "-d", str(image)], check=True, capture_output=True, text=True).stdout
    rows = [line.split(":")[1].replace(" ", "") for line in told.splitlines() if line.startswith(str(image))]
    assert rows == ["start=2048,size=16384,type=6", "start=18432,size=65536,type=6"]
