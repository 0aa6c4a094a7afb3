"""What starts the rules is started: systemd takes the unit, the shells their scripts, and the facts see it."""

from pathlib import Path

import pytest
from hardened import facts_of
from program import find_program, run_program
from systems import debian_openrc

from firmward.facts.startup import Start, Startup
from firmward.harden.draft import Draft, Refused
from firmward.harden.firewall.start import NAME, Loading, start
from firmward.harden.site import Site
from firmward.model.memory import Content, MemoryTree, executable, link

LOADING = Loading(("nft -f /etc/firmward/firewall.nft",), ("/usr/sbin/nft -f /etc/firmward/firewall.nft",))
SCRIPT = executable("#!/bin/sh\n:\n")
RCS = executable('#!/bin/sh\nfor i in /etc/init.d/S??* ; do "$i" start; done\n')
SYSV = "id:5:initdefault:\nsi::sysinit:/etc/init.d/rcS\n"
SYSTEMS: dict[str, dict[str, Content]] = {
    "systemd": {"sbin/init": link("../lib/systemd/systemd"), "lib/systemd/systemd": executable(b"\x7fELF")},
    "busybox": {"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": RCS, "etc/init.d/S40network": SCRIPT},
    "one script": {"etc/inittab": "::sysinit:/bin/mount -a\n::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": SCRIPT},
    "sysv": {
        "etc/inittab": SYSV,
        "etc/init.d/rcS": executable('#!/bin/sh\nfor i in /etc/rcS.d/S??*; do $i start; done\n'),
        "etc/init.d/mount": SCRIPT,
        "etc/rcS.d/S03mount": link("../init.d/mount"),
    },
    "openrc": {
        "etc/inittab": "::sysinit:/sbin/openrc sysinit\n",
        "sbin/openrc": executable(b"\x7fELF"),
        "etc/init.d/net": executable("#!/sbin/openrc-run\ncommand=/sbin/net\n"),
        "etc/runlevels/boot/net": link("/etc/init.d/net"),
    },
    "debian's openrc": debian_openrc.FILES,
    "procd": {"sbin/procd": executable(b"\x7fELF"), "sbin/init": executable(b"\x7fELF"), "etc/rc.common": SCRIPT},
}  # fmt: skip


def started(files: dict[str, Content]) -> Draft:
    tree = MemoryTree(files)
    site = Site(Draft(tree), facts_of(tree))
    start(site, LOADING)
    start(site, LOADING)
    return site.draft


@pytest.mark.parametrize("files", SYSTEMS.values(), ids=SYSTEMS)
def test_the_facts_see_that_it_starts(files: dict[str, Content]) -> None:
    startup = facts_of(started(files)).families[Startup]
    assert isinstance(startup, Startup)
    found = [one for one in startup.processes if one.program == "nft"]
    assert [one.start for one in found] == [Start.BOOT]


@pytest.mark.parametrize(("system", "level"), [("openrc", "boot"), ("debian's openrc", "sysinit")])
def test_openrc_has_it_in_the_runlevel_that_mounts_before_what_brings_the_network_up(system: str, level: str) -> None:
    draft = started(SYSTEMS[system])
    assert list(draft.glob(f"etc/runlevels/*/{NAME}")) == [f"etc/runlevels/{level}/{NAME}"]
    assert draft.glob(f"etc/rc?.d/*{NAME}") == ()
    words = [line.split() for line in (draft.text(f"etc/init.d/{NAME}") or "").split("\n")]
    after, before = (next(line for line in words if line[:1] == [way]) for way in ("after", "before"))
    assert {"localmount", "mountall"} <= set(after)
    assert {"net", "networking"} <= set(before)
    assert not [line for line in words if line[:1] == ["need"]]


def test_one_that_starts_everything_itself_is_preceded_in_inittab() -> None:
    table = started(SYSTEMS["one script"]).text("etc/inittab") or ""
    assert table.split("\n")[1:3] == [f"::sysinit:/etc/init.d/{NAME} start", "::sysinit:/etc/init.d/rcS"]


def test_what_the_maker_loads_comes_first() -> None:
    own = executable("#!/bin/sh\niptables -P INPUT ACCEPT\n")
    draft = started(SYSTEMS["busybox"] | {"etc/init.d/S35iptables": own, "usr/sbin/iptables": executable(b"\x7fELF")})
    names = list(draft.names("etc/init.d"))
    assert names.index("S35iptables") < next(names.index(name) for name in names if NAME in name)


def test_without_anything_that_starts_scripts_it_is_refused() -> None:
    with pytest.raises(Refused, match="load the rules"):
        started({"linuxrc": executable("#!/bin/sh\nexec /app\n")})


def laid(draft: Draft, folder: Path) -> None:
    for touched in draft.touched():
        if touched.after is not None and touched.after.size and touched.after.target is None:
            place = folder / touched.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(draft.read(touched.path) or b"")


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = find_program("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here (Debian: systemd)")
    laid(started(SYSTEMS["systemd"]), tmp_path)
    nft = tmp_path / "usr/sbin/nft"
    nft.parent.mkdir(parents=True)
    nft.write_text("#!/bin/sh\n")
    nft.chmod(0o755)
    unit = tmp_path / f"etc/systemd/system/{NAME}.service"
    unit.write_text(unit.read_text().replace("/usr/sbin/nft", str(nft)))
    done = run_program([program, "verify", "--man=no", str(unit)])
    said = [line for line in done.stderr.decode().split("\n") if NAME in line]
    assert not said


@pytest.mark.parametrize("system", ["busybox", "one script", "sysv", "openrc", "debian's openrc", "procd"])
def test_the_shells_take_the_scripts(system: str, tmp_path: Path) -> None:
    laid(started(SYSTEMS[system]), tmp_path)
    scripts = [path for path in tmp_path.rglob(f"*{NAME}") if path.is_file()]
    assert len(scripts) == 1
    shells = [shell for shell in (["sh"], ["busybox", "sh"], ["dash"]) if find_program(shell[0])]
    for shell in shells:
        assert run_program([*shell, "-n", str(scripts[0])]).returncode == 0
