"""A card is one that other machines read."""

import subprocess
from pathlib import Path

from firmward.image import catalogue
from firmward.image.source import open_file
from firmward.lab.means import memory_card


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
