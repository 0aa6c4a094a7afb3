"""The honest update of a device as the field has it: a script of its maker's, which writes the new system over the one
that runs, and starts anew. It is asked for by the line of text that naive_server.py tells of.
"""

from firmward.lab.means.naive_server import FOLDER, MODEL, asked_of
from firmward.lab.means.update_server import URL
from firmward.lab.target import Target

PARTITION = "root_a"
SAMPLES = 32
"""Blocks of the partition that are looked at."""
BLOCK = 4096
FOUND = f"""\
#!/bin/sh
for one in /sys/class/block/*; do
	grep -q '^PARTNAME={PARTITION}$' "$one/uevent" && root=/dev/${{one##*/}}
done
"""
RESTART = """\
sync
echo b >/proc/sysrq-trigger
"""
# flash keeps nothing back, and a disk would for half a minute
STREAMED = """\
while sync; do sleep 1; done &
wget -q -O - {image} | dd of="$root" bs=64k
"""
FETCHED = """\
cd /data
wget -q -O {name} {image}
dd if={name} of="$root" bs=64k
"""
"""Nobody looks whether all came."""


def streamed(version: str, image: bytes) -> dict[str, bytes]:
    """Files by path, of an update that needs no room."""
    return _files(version, image, STREAMED)


def fetched(version: str, image: bytes) -> dict[str, bytes]:
    """Files by path, of an update that is fetched into /data first."""
    return _files(version, image, FETCHED)


def image_of(version: str) -> str:
    """Its path."""
    return f"{FOLDER}{MODEL}-{version}.img"


def _files(version: str, image: bytes, written: str) -> dict[str, bytes]:
    path, name = image_of(version), f"{MODEL}-{version}.sh"
    script = FOUND + written.format(image=f"{URL}{path}", name=path.rpartition("/")[2]) + RESTART
    text = f"{version} {name}\n"
    return {asked_of(MODEL): text.encode(), f"{FOLDER}{name}": script.encode(), path: image}


def is_half_written(target: Target, image: bytes, was: bytes) -> bool:
    """Whether the partition has something of the image, and something yet of what `was` there."""
    new, old = (
        any(
            image[at : at + BLOCK] != was[at : at + BLOCK]
            and target.read(PARTITION, BLOCK, at) == there[at : at + BLOCK]
            for at in samples(min(len(image), len(was)))
        )
        for there in (image, was)
    )
    return new and old


def samples(size: int) -> tuple[int, ...]:
    """Offsets of whole blocks, evenly over so many bytes."""
    blocks = size // BLOCK
    return tuple(blocks * number // SAMPLES * BLOCK for number in range(SAMPLES))
