"""What the checks of updates say beyond their own examples: real mechanisms as shipped, and ways round them."""

import base64
from dataclasses import dataclass, field
from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.policy import parse_policy
from firmward.model.remedy import Remove

ELF = executable(b"\x7fELF\x02\x01\x01")
ABSENT, UNSIGNED, PLAIN = "update-absent", "update-unauthenticated", "update-over-plaintext"
DOWNGRADE, FALLBACK, MANUAL = "update-downgrade-possible", "update-without-fallback", "update-not-automatic"
ALL = (ABSENT, UNSIGNED, PLAIN, DOWNGRADE, FALLBACK, MANUAL)


def verdict(check: str, files: dict[str, Content], policy: str | None = None) -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, None if policy is None else parse_policy(policy), Clock(date(2026, 11, 20)))


def told(check: str, files: dict[str, Content], policy: str | None = None) -> dict[str, str]:
    """The findings' keys with their severity; the outcome where there are none."""
    found = verdict(check, files, policy)
    if not found.findings:
        return {found.outcome.value: found.reason or ""} if found.outcome is Outcome.ERROR else {}
    return {finding.key: (finding.severity or found.check.severity).value for finding in found.findings}


def booting(*lines: str, **files: Content) -> dict[str, Content]:
    script = executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))
    return {"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script, "bin/busybox": ELF, **files}


SOURCES = (
    "Types: deb deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\n"
    "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
)
PERIODIC = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'
UNITS = "usr/lib/systemd/system"
DEBIAN: dict[str, Content] = {
    "usr/lib/systemd/systemd": ELF,
    "usr/sbin/init": link("../lib/systemd/systemd"),
    "sbin": link("usr/sbin"),
    "usr/bin/apt-get": ELF,
    "etc/apt/sources.list.d/debian.sources": SOURCES,
    "etc/apt/sources.list": "# See /etc/apt/sources.list.d/debian.sources\n",
    "etc/apt/apt.conf.d/01autoremove": 'APT\n{\n  NeverAutoRemove\n  {\n\t"^firmware-linux.*";\n  };\n};\n',
    f"{UNITS}/default.target": "[Unit]\nWants=timers.target\n",
    f"{UNITS}/timers.target": "[Unit]\nDescription=Timers\n",
    f"{UNITS}/apt-daily-upgrade.timer": "[Timer]\nOnCalendar=*-*-* 6:00\n[Install]\nWantedBy=timers.target\n",
    f"{UNITS}/apt-daily-upgrade.service": "[Service]\nType=oneshot\nExecStart=/usr/lib/apt/apt.systemd.daily install\n",
}
UNATTENDED: dict[str, Content] = {
    **DEBIAN,
    "usr/bin/unattended-upgrade": executable("#!/usr/bin/python3\n"),
    "etc/apt/apt.conf.d/20auto-upgrades": PERIODIC,
    "etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer": link(f"/{UNITS}/apt-daily-upgrade.timer"),
}
FWTOOL = '[ "$REQUIRE_IMAGE_SIGNATURE" = 1 ] && return 1\n'
OPENWRT: dict[str, Content] = {
    "etc/inittab": "::sysinit:/etc/init.d/rcS S boot\n",
    "etc/rc.common": executable("#!/bin/sh\n"),
    "sbin/procd": ELF,
    "sbin/init": ELF,
    "bin/opkg": ELF,
    "sbin/sysupgrade": executable("#!/bin/sh\nwget -O/tmp/sysupgrade.img $1\ninclude /lib/upgrade\n"),
    "lib/upgrade/fwtool.sh": FWTOOL,
    "lib/upgrade/common.sh": "get_image() {\n\twget -qO- $1\n}\n",
    "etc/opkg.conf": "dest root /\ndest ram /tmp\nlists_dir ext /var/opkg-lists\noption check_signature\n",
    "etc/opkg/distfeeds.conf": "src/gz openwrt_core https://downloads.openwrt.org/releases/23.05.3/targets/x\n",
    "etc/opkg/customfeeds.conf": "# add your custom package feeds here\n# src/gz example http://www.example.com/p\n",
    "etc/opkg/keys/b5043e70f9a75cde": "untrusted comment: key\nRWS1BD5w+adc3k\n",
}
ALPINE: dict[str, Content] = {
    "etc/inittab": "::sysinit:/sbin/openrc sysinit\n",
    "sbin/init": link("/bin/busybox"),
    "bin/busybox": ELF,
    "sbin/apk": ELF,
    "etc/apk/repositories": "http://dl-cdn.alpinelinux.org/alpine/v3.20/main\n#http://dl-cdn.alpinelinux.org/edge\n",
}


@dataclass(frozen=True)
class Stock:
    """A system as it is shipped; `found` is all that is said of it, by check."""

    name: str
    files: dict[str, Content]
    found: dict[str, dict[str, str]] = field(default_factory=dict)


STOCK = (
    Stock("debian", DEBIAN, {
        PLAIN: {"apt deb.debian.org": "low"}, FALLBACK: {"apt in-place": "low"}, MANUAL: {"automatic": "medium"},
    }),
    Stock("debian-unattended", UNATTENDED, {
        PLAIN: {"apt deb.debian.org": "low"}, FALLBACK: {"apt in-place": "low"},
    }),
    Stock("openwrt", OPENWRT, {
        UNSIGNED: {"sysupgrade image-signature": "medium"},
        DOWNGRADE: {"sysupgrade versions": "low"},
        FALLBACK: {"sysupgrade in-place": "medium", "opkg in-place": "low"},
        MANUAL: {"automatic": "medium"},
    }),
    Stock("alpine", ALPINE, {
        PLAIN: {"apk dl-cdn.alpinelinux.org": "low"},
        FALLBACK: {"apk in-place": "low"},
        MANUAL: {"automatic": "medium"},
    }),
)  # fmt: skip


@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("stock", STOCK, ids=lambda stock: stock.name)
def test_a_system_as_shipped_is_told_no_more_than_is_so(stock: Stock, check: str) -> None:
    assert told(check, stock.files) == stock.found.get(check, {})
    assert verdict(check, stock.files).outcome in (Outcome.PASS, Outcome.FAIL)


@pytest.mark.parametrize(
    "broken",
    [
        {"etc/systemd/system/apt-daily-upgrade.timer": link("/dev/null")},
        {"etc/apt/apt.conf.d/99off": 'APT::Periodic::Unattended-Upgrade "0";\n'},
        {"etc/apt/apt.conf.d/99off": 'APT { Periodic { Enable "0"; }; };\n'},
        {"etc/apt/apt.conf.d/99off": "#clear APT::Periodic;\n"},
    ],
    ids=["timer-masked", "switched-off-later", "periodic-disabled", "cleared"],
)
def test_unattended_upgrades_that_do_not_run_are_none(broken: dict[str, Content]) -> None:
    assert told(MANUAL, UNATTENDED | broken) == {"automatic": "medium"}


def test_a_file_that_apt_does_not_read_switches_nothing() -> None:
    ignored: dict[str, Content] = {"etc/apt/apt.conf.d/99off.bak": 'APT::Periodic::Unattended-Upgrade "0";\n'}
    assert told(MANUAL, UNATTENDED | ignored) == {}


@dataclass(frozen=True)
class Loose:
    """A file beside a stock system, and what the signature's check then says."""

    name: str
    system: dict[str, Content]
    path: str
    text: str
    key: str
    severity: str


LOOSE = (
    Loose("trusted", DEBIAN, "etc/apt/sources.list.d/own.list", "deb [arch=arm trusted=yes] http://a.example.com/ x y",
          "apt trusted a.example.com/", "critical"),
    Loose("trusted-deb822", DEBIAN, "etc/apt/sources.list.d/own.sources",
          "Types: deb\nURIs: https://a.example.com\nSuites: ./\nTrusted: yes\n",
          "apt trusted a.example.com", "critical"),
    Loose("unauthenticated", DEBIAN, "etc/apt/apt.conf", 'APT::Get::AllowUnauthenticated "true";\n',
          "apt APT::Get::AllowUnauthenticated", "critical"),
    Loose("unauthenticated-nested", DEBIAN, "etc/apt/apt.conf.d/90own", 'apt { get { allowunauthenticated "1"; }; };\n',
          "apt APT::Get::AllowUnauthenticated", "critical"),
    Loose("opkg-switched-off", OPENWRT, "etc/opkg.conf", "option check_signature 0\n", "opkg check-signature", "high"),
    Loose("opkg-commented-out", OPENWRT, "etc/opkg.conf", "# option check_signature\n", "opkg check-signature", "high"),
    Loose("opkg-from-clear-feed", OPENWRT | {"etc/opkg.conf": "dest root /\n"}, "etc/opkg/customfeeds.conf",
          "src/gz own http://a.example.com/p\n", "opkg check-signature", "critical"),
)  # fmt: skip


@pytest.mark.parametrize("row", LOOSE, ids=lambda row: row.name)
def test_a_check_of_signatures_that_is_switched_off_is_found(row: Loose) -> None:
    found = told(UNSIGNED, row.system | {row.path: row.text})
    assert found.get(row.key) == row.severity, found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/apt/sources.list.d/own.list", "# deb [trusted=yes] http://a.example.com/ x main"),
        ("etc/apt/sources.list.d/own.list", "deb [trusted=no] http://a.example.com/ x main"),
        ("etc/apt/sources.list.d/own.list", "deb-src [trusted=yes] http://a.example.com/ x main"),
        ("etc/apt/sources.list.d/own.sources", "Enabled: no\nTypes: deb\nURIs: http://a/\nSuites: x\nTrusted: yes\n"),
        ("etc/apt/sources.list.d/own.txt", "deb [trusted=yes] http://a.example.com/ x main"),
        ("etc/apt/apt.conf.d/90own", '// APT::Get::AllowUnauthenticated "true";\n'),
        ("etc/apt/apt.conf.d/90own", '/* APT::Get::AllowUnauthenticated "true"; */\n'),
        (
            "etc/apt/apt.conf.d/90own",
            'APT::Get::AllowUnauthenticated "true";\nAPT::Get::AllowUnauthenticated "false";\n',
        ),
    ],
)
def test_what_apt_does_not_take_is_not_told(path: str, text: str) -> None:
    assert told(UNSIGNED, DEBIAN | {path: text}) == {}


def test_openwrt_that_requires_signed_images_is_clean() -> None:
    signed: dict[str, Content] = {"lib/upgrade/platform.sh": "REQUIRE_IMAGE_SIGNATURE=1\n", "usr/bin/ucert": ELF}
    assert verdict(UNSIGNED, OPENWRT | signed).outcome is Outcome.PASS
    assert told(UNSIGNED, OPENWRT | {"lib/upgrade/platform.sh": "REQUIRE_IMAGE_SIGNATURE=1\n"}) != {}


def test_a_script_that_feeds_sysupgrade_from_the_network_makes_it_critical() -> None:
    fetch = executable("#!/bin/sh\nwget -O /tmp/fw http://fw.example.com/fw && sysupgrade /tmp/fw\n")
    found = told(UNSIGNED, OPENWRT | {"usr/bin/autoupdate.sh": fetch})
    assert found == {"sysupgrade image-signature": "critical"}


RAUC = (
    "[system]\ncompatible=a\nbootloader=uboot\n{more}\n[keyring]\npath={ring}\n"
    "[slot.rootfs.0]\ndevice=/dev/a\nbootname=A\n[slot.rootfs.1]\ndevice=/dev/b\nbootname=B\n"
)


def rauc(ring: str = "/etc/rauc/ca.pem", more: str = "", **files: Content) -> dict[str, Content]:
    return booting("true", **{"usr/bin/rauc": ELF, "etc/rauc/system.conf": RAUC.format(ring=ring, more=more), **files})


def test_rauc_with_a_keyring_of_examples_or_of_the_web_is_signed_by_others() -> None:
    name = base64.encodebytes(b"\x30\x82\x0c\x08Test Org\x0c\x12Test Org Update CA" + bytes(80)).decode()
    example = f"-----BEGIN CERTIFICATE-----\n{name}-----END CERTIFICATE-----\n"
    own = example.replace(name, base64.encodebytes(b"\x30\x82\x0c\x08Acme Ltd").decode())
    assert told(UNSIGNED, rauc(**{"etc/rauc/ca.pem": example})) == {"rauc keyring": "high"}
    assert told(UNSIGNED, rauc("ca.pem", **{"etc/rauc/ca.pem": example})) == {"rauc keyring": "high"}
    assert told(UNSIGNED, rauc("/etc/ssl/certs/ca-certificates.crt")) == {"rauc keyring": "high"}
    assert verdict(UNSIGNED, rauc(**{"etc/rauc/ca.pem": own})).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", {"rauc min-bundle-version": "medium"}),
        ("min-bundle-version=1.2.0", {}),
        ("#min-bundle-version=1.2.0", {"rauc min-bundle-version": "medium"}),
        ("[handlers]\npre-install=/usr/lib/rauc/check-version.sh", {}),
    ],
)
def test_rauc_refuses_old_bundles_only_where_it_is_told(more: str, found: dict[str, str]) -> None:
    assert told(DOWNGRADE, rauc(more=more)) == found


def test_rauc_on_the_way_from_a_clear_server_goes_back_at_high() -> None:
    conf = "[client]\nhawkbit_server = a.example.com\nssl = false\n"
    files = rauc(**{"etc/rauc-hawkbit-updater/config.conf": conf})
    files["etc/inittab"] = "::respawn:/usr/bin/rauc-hawkbit-updater\n"
    assert told(DOWNGRADE, files) == {"rauc min-bundle-version": "high"}
    assert told(PLAIN, files) == {"rauc a.example.com": "low"}
    assert told(MANUAL, files) == {}


def test_an_application_that_speaks_to_rauc_may_fetch() -> None:
    files = rauc(**{"usr/bin/gateway": executable(b"\x7fELF\x00de.pengutronix.rauc\x00")})
    assert told(MANUAL, files) == {"automatic": "medium"}
    found = verdict(MANUAL, files | {"etc/inittab": "::respawn:/usr/bin/gateway\n"})
    assert found.outcome is Outcome.UNKNOWN
    assert "usr/bin/gateway" in (found.reason or "")


SWU_SIGNED = executable(b"\x7fELF SWUpdate is built for signed images ... -N : not install a release older as")
SWU_OPEN = executable(b"\x7fELF -N : not install a release older as")
CLEAR = "-u '-t default -u http://a.example.com -i 7'"
SAFE = "-u '-t default -u https://a.example.com -i 7'"
UNCHECKED = "-u '-t default -u https://a.example.com -i 7 -x'"


def swupdate(arguments: str, program: Content = SWU_SIGNED, configuration: str = "") -> dict[str, Content]:
    line = f"/usr/bin/swupdate -f /etc/swupdate.cfg {arguments} &"
    return booting(line, **{"usr/bin/swupdate": program, "etc/swupdate.cfg": configuration or "globals : { };\n"})


@pytest.mark.parametrize(
    ("arguments", "program", "configuration", "check", "found"),
    [
        (CLEAR, SWU_OPEN, "", UNSIGNED, {"swupdate signed-images": "critical"}),
        (SAFE, SWU_OPEN, "", UNSIGNED, {"swupdate signed-images": "high"}),
        (UNCHECKED, SWU_OPEN, "", UNSIGNED,
         {"swupdate signed-images": "critical"}),
        ("-k /etc/k.pem -w '-p 8080'", SWU_SIGNED, "", UNSIGNED, {}),
        (CLEAR, SWU_SIGNED, "", PLAIN, {"swupdate a.example.com": "low"}),
        (CLEAR, SWU_SIGNED, "", DOWNGRADE, {"swupdate no-downgrading": "high"}),
        ("", SWU_SIGNED, 'globals : { no-downgrading = "2.1"; };', DOWNGRADE, {}),
        ("--no-downgrading 2.1", SWU_SIGNED, "", DOWNGRADE, {}),
        ("-w '-p 8080'", SWU_SIGNED, "", MANUAL, {"automatic": "medium"}),
        (SAFE, SWU_SIGNED, "", MANUAL, {}),
    ],
)  # fmt: skip
def test_swupdate_is_judged_by_its_build_and_its_options(
    arguments: str, program: Content, configuration: str, check: str, found: dict[str, str]
) -> None:
    assert told(check, swupdate(arguments, program, configuration)) == found


OTHER = 'case "$(sed -n s/slot=// /proc/cmdline)" in a) other=b ;; *) other=a ;; esac'


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("swupdate -e stable,main -w '-p 8080' &",), {"swupdate same-copy": "high"}),
        (("C=main", 'swupdate -e "stable,$C" -w &'), {"swupdate same-copy": "high"}),
        (("start-stop-daemon -S -b -x /usr/bin/swupdate -- -e stable,main",), {"swupdate same-copy": "high"}),
        ((OTHER, 'swupdate -e "stable,$other" &'), {}),
        ((OTHER, 'ARGS="-e stable,$other -w"', "swupdate $ARGS &"), {}),
        ((OTHER, "start-stop-daemon -S -b -x /usr/bin/swupdate -- -e stable,$other"), {}),
        (("swupdate -e stable,$(next-copy) -w &",), {}),
        (("swupdate -e stable,${COPY:-main} -w &",), {}),
        (("if grep -q a /proc/cmdline; then swupdate -e stable,b -w :80 & else swupdate -e stable,a -w :80 & fi",), {}),
        (("OTHER_SLOT=/dev/mmcblk0p3; ln -s $OTHER_SLOT /dev/next", "swupdate -e stable,main -w &"), {}),
    ],
)
def test_swupdate_is_to_write_the_copy_that_does_not_run(lines: tuple[str, ...], found: dict[str, str]) -> None:
    files = booting(*lines, **{"usr/bin/swupdate": SWU_SIGNED, "etc/fw_env.config": "/dev/mmcblk0boot0 0 0x4000\n"})
    assert told(FALLBACK, files) == found


def test_swupdate_of_an_unknown_build_is_to_be_given_a_key() -> None:
    """Without one it takes every file, or does not run: both are wrong, and which of them only its program tells."""
    stripped = executable(b"\x7fELF")
    assert verdict(UNSIGNED, swupdate("", stripped)).outcome is Outcome.FAIL
    assert verdict(UNSIGNED, swupdate("-k /etc/k.pem", stripped)).outcome is Outcome.PASS


def test_swupdate_that_is_not_seen_to_start_or_not_there_is_unknown() -> None:
    started_by_an_application = swupdate("", executable(b"\x7fELF")) | booting("/usr/bin/panel &")
    without = {path: content for path, content in swupdate("").items() if path != "usr/bin/swupdate"}
    assert verdict(UNSIGNED, started_by_an_application).outcome is Outcome.UNKNOWN
    assert verdict(UNSIGNED, without).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ('[update]\nmechanism = "none"\n', Outcome.FAIL),
        ('[update]\nmechanism = "firmward"\n', Outcome.UNKNOWN),
        ('[update]\nmechanism = "other"\n', Outcome.FAIL),
        ('[update]\nmechanism = "rauc"\n', Outcome.FAIL),
        ("", Outcome.FAIL),
    ],
)
def test_what_the_policy_declares_is_asked_for(policy: str, outcome: Outcome) -> None:
    assert verdict(ABSENT, booting("true"), policy).outcome is outcome


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"\x7fELF\0open\0/dev/mtd%d\0", Outcome.UNKNOWN),
        (b"\x7fELF\0system\0fw_setenv bootslot %c\0", Outcome.UNKNOWN),
        (b"\x7fELF\0/dev/video0\0", Outcome.FAIL),
    ],
)
def test_a_declared_mechanism_of_ones_own_may_be_in_a_program_that_can_write(content: bytes, outcome: Outcome) -> None:
    files = booting("/usr/bin/panel &", **{"usr/bin/panel": executable(content)})
    assert verdict(ABSENT, files, '[update]\nmechanism = "other"\n').outcome is outcome
    assert verdict(ABSENT, files).outcome is Outcome.FAIL


def test_a_declared_mechanism_that_is_there_is_enough() -> None:
    files = booting("wget -O /tmp/f https://a/f && flashcp /tmp/f /dev/mtd1")
    assert verdict(ABSENT, files, '[update]\nmechanism = "other"\n').outcome is Outcome.PASS


def test_another_mechanism_than_the_declared_one_is_none() -> None:
    assert told(ABSENT, DEBIAN, '[update]\nmechanism = "rauc"\n') == {"declared rauc": "high"}
    assert told(ABSENT, DEBIAN, '[update]\nmechanism = "apt"\n') == {}
    assert told(FALLBACK, DEBIAN, '[update]\nmechanism = "apt"\n') == {"apt in-place": "medium"}


def test_a_program_of_which_only_the_name_is_known_leaves_it_open() -> None:
    assert verdict(ABSENT, booting("true", **{"usr/bin/ota_client": ELF})).outcome is Outcome.UNKNOWN
    assert verdict(ABSENT, booting("true", **{"usr/sbin/update-rc.d": ELF})).outcome is Outcome.FAIL


def test_people_may_see_to_updates_where_the_policy_says_so() -> None:
    assert verdict(MANUAL, DEBIAN, "[update]\nautomatic = false\n").outcome is Outcome.NOT_APPLICABLE


def test_a_system_that_starts_nothing_is_not_asked_for_an_updater() -> None:
    assert verdict(ABSENT, {"usr/share/doc/readme": "x"}).outcome is Outcome.NOT_APPLICABLE


def test_an_initramfs_is_not_asked_for_an_updater() -> None:
    init = executable("#!/bin/sh\nmount /dev/mmcblk0p2 /mnt\nexec switch_root /mnt /sbin/init\n")
    assert verdict(ABSENT, {"init": init, "bin/busybox": ELF}).outcome is Outcome.NOT_APPLICABLE
    stays = executable("#!/bin/sh\nexec /usr/bin/camera\n")
    assert verdict(ABSENT, {"init": stays, "bin/busybox": ELF}).outcome is Outcome.FAIL


def test_applications_alone_are_no_update_of_the_system() -> None:
    assert told(ABSENT, booting("true", **{"usr/bin/flatpak": ELF})) == {"updater": "high"}


def balena(*lost: str, **more: Content) -> dict[str, Content]:
    wants = "etc/systemd/system/multi-user.target.wants"
    files: dict[str, Content] = {
        "usr/lib/systemd/systemd": ELF,
        "sbin/init": link("/usr/lib/systemd/systemd"),
        f"{UNITS}/default.target": link("multi-user.target"),
        f"{UNITS}/multi-user.target": "[Unit]\nDescription=all\n",
        f"{UNITS}/balena-supervisor.service": "[Service]\nExecStart=/usr/bin/start-balena-supervisor\n",
        f"{UNITS}/rollback-health.service": "[Service]\nExecStart=/usr/bin/rollback-health\n",
        f"{wants}/balena-supervisor.service": link(f"/{UNITS}/balena-supervisor.service"),
        f"{wants}/rollback-health.service": link(f"/{UNITS}/rollback-health.service"),
        "usr/bin/start-balena-supervisor": executable("#!/bin/sh\nexec balena run supervisor\n"),
        "usr/bin/hostapp-update": executable("#!/bin/sh\n"),
        "mnt/boot/config.json": '{\n "apiEndpoint": "https://api.example.com"\n}\n',
        **more,
    }
    return {path: content for path, content in files.items() if not path.endswith(lost or ("\0",))}


def test_balena_goes_back_by_services_of_the_host() -> None:
    assert told(FALLBACK, balena()) == {}
    assert told(FALLBACK, balena("rollback-health.service")) == {"balena rollback": "high"}


def test_balena_fetches_from_the_endpoint_that_is_configured() -> None:
    assert told(PLAIN, balena()) == {}
    clear: dict[str, Content] = {"mnt/boot/config.json": '{\n "apiEndpoint": "http://api.example.com"\n}\n'}
    assert told(PLAIN, {**balena(), **clear}) == {"balena api.example.com": "medium"}


def test_a_supervisor_that_is_masked_updates_nothing() -> None:
    masked: dict[str, Content] = {"etc/systemd/system/balena-supervisor.service": link("/dev/null")}
    files = {**balena("wants/balena-supervisor.service", "hostapp-update"), **masked}
    assert told(ABSENT, balena()) == {}
    assert told(ABSENT, files) == {"updater": "high"}


@pytest.mark.parametrize(
    ("starts", "severity"),
    [
        ("/data/app/bin/app &", "critical"),
        ("python3 /data/app/main.py &", "critical"),
        ("export PYTHONPATH=/data/app/lib; python3 -m app &", "critical"),
        ("/usr/bin/app --config /data/app/app.conf &", None),
    ],
)
def test_what_is_unpacked_where_something_runs_is_code(starts: str, severity: str | None) -> None:
    files = booting("wget -O /tmp/x.tgz http://a.example.com/x.tgz", "tar xzf /tmp/x.tgz -C /data/app", starts)
    found = {} if severity is None else {"script etc/init.d/rcS unsigned": severity}
    assert told(UNSIGNED, files) == found
    assert verdict(ABSENT, files).outcome is Outcome.FAIL


def test_an_updater_in_python_is_an_updater() -> None:
    text = (
        "#!/usr/bin/python3\nimport tarfile, urllib.request\n"
        'urllib.request.urlretrieve("https://a.example.com/x", "/tmp/x")\ntarfile.open("/tmp/x").extractall("/")\n'
    )
    files = booting("python3 /opt/hub/agent.py &", **{"opt/hub/agent.py": text})
    assert told(UNSIGNED, files) == {"script opt/hub/agent.py unsigned": "high"}
    assert told(FALLBACK, files) == {"script opt/hub/agent.py in-place": "high"}
    assert told(ABSENT, files) == {}


def test_python_that_cannot_be_followed_leaves_it_open() -> None:
    broken = executable("#!/usr/bin/python3\nimport urllib, tarfile\ndef (:\n")
    assert verdict(ABSENT, booting("true", **{"usr/bin/update-agent": broken})).outcome is Outcome.UNKNOWN
    assert verdict(UNSIGNED, booting("true", **{"usr/bin/update-agent": broken})).outcome is Outcome.UNKNOWN


def test_a_client_of_rauc_that_nothing_starts_leaves_nothing_open() -> None:
    idle = rauc() | booting("/usr/bin/panel &") | {"usr/bin/rauc-hawkbit-updater": ELF}
    assert told(MANUAL, idle) == {"automatic": "medium"}


DAILY = "etc/periodic/daily/update"
CRONTAB: dict[str, Content] = {
    "etc/inittab": "::respawn:crond -f\n",
    "etc/crontabs/root": "0 2 * * * run-parts /etc/periodic/daily\n",
    "usr/bin/rauc": ELF,
    "bin/busybox": ELF,
    "etc/rauc/system.conf": "[system]\ncompatible=x\nbootloader=uboot\n[keyring]\npath=ca.pem\n"
    "[slot.rootfs.0]\ndevice=/dev/mmcblk0p2\nbootname=A\n[slot.rootfs.1]\ndevice=/dev/mmcblk0p3\nbootname=B\n",
}
JOB = '#!/bin/sh\n. /etc/update.conf\nrauc install $OPTIONS "$CHANNEL/x.raucb"\n'


def test_a_job_that_run_parts_passes_over_updates_nothing() -> None:
    assert told(MANUAL, {**CRONTAB, DAILY: executable(JOB)}) == {}
    assert told(MANUAL, {**CRONTAB, DAILY: Node(JOB, mode=0o644)}) == {"automatic": "medium"}
    assert told(MANUAL, {**CRONTAB, "etc/crontabs/root": "0 2 * * * /usr/bin/up\n", "usr/bin/up": Node(JOB)}) == {
        "automatic": "medium"
    }
    assert told(MANUAL, {**CRONTAB, "etc/crontabs/root": "0 2 * * * sh /usr/bin/up\n", "usr/bin/up": Node(JOB)}) == {}


@pytest.mark.parametrize(
    ("sourced", "outcome"),
    [
        ({"etc/update.conf": "CHANNEL=http://updates.example\n"}, Outcome.FAIL),
        ({"etc/update.conf": "CHANNEL=https://updates.example\n"}, Outcome.PASS),
        ({}, Outcome.UNKNOWN),
    ],
)
def test_an_address_comes_from_the_file_that_is_sourced(sourced: dict[str, Content], outcome: Outcome) -> None:
    assert verdict(PLAIN, {**CRONTAB, DAILY: executable(JOB), **sourced}).outcome is outcome


@pytest.mark.parametrize(
    "lines", ["curl -o /tmp/x https://a/x\nrauc install $FILE\n", "for file in /media/*; do rauc install $file; done\n"]
)
def test_a_bundle_that_the_script_itself_has_is_no_address(lines: str) -> None:
    assert verdict(PLAIN, {**CRONTAB, DAILY: executable(f"#!/bin/sh\n{lines}")}).outcome is Outcome.PASS


FETCHER = ("wget -O /tmp/fw.sh http://fw.example.com/fw.sh", "sh /tmp/fw.sh")


def remedies(files: dict[str, Content], policy: str | None) -> list[tuple[str, tuple[object, ...]]]:
    return [
        (one.remedy.safety.value, one.remedy.changes)
        for one in verdict(UNSIGNED, files, policy).findings
        if one.remedy is not None
    ]


def updating_script(name: str) -> dict[str, Content]:
    script = executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in FETCHER))
    return booting(f"/usr/sbin/{name} &", **{f"usr/sbin/{name}": script})


def test_a_script_of_ones_own_is_left_out_where_firmward_updates() -> None:
    policy = '[update]\nmechanism = "firmward"\n'
    assert remedies(updating_script("fw_update.sh"), policy) == [("unsafe", (Remove("usr/sbin/fw_update.sh"),))]


def test_a_script_stays_where_something_else_updates_or_where_it_does_more() -> None:
    policy = '[update]\nmechanism = "%s"\n'
    for name, words in (("fw_update.sh", policy % "other"), ("fw_update.sh", ""), ("start.sh", policy % "firmward")):
        assert remedies(updating_script(name), words) == [("manual", ())], (name, words)


FIRMWARD = '[update]\nmechanism = "firmward"\n'
CLIENT = {
    "usr/bin/firmward-update": executable("#!/usr/bin/python3 -ISB\n"),
    "usr/libexec/firmward-update-loop": executable("#!/bin/sh\n/usr/bin/firmward-update install --restart\n"),
    "usr/share/firmward/device.json": '{"server": "https://updates.example.com"}',
    "usr/share/firmward/root.json": '{"signed": {}}',
}


def test_firmwards_own_client_is_seen_and_found_in_order() -> None:
    files = booting("/usr/libexec/firmward-update-loop &", **CLIENT)
    for check in ALL:
        assert told(check, files, FIRMWARD) == {}, check
        assert verdict(check, files, FIRMWARD).outcome is Outcome.PASS, check


def test_firmwards_own_client_is_told_when_it_asks_in_clear() -> None:
    files = booting("/usr/libexec/firmward-update-loop &", **CLIENT)
    files["usr/share/firmward/device.json"] = '{"server": "http://updates.example.com"}'
    assert list(told(PLAIN, files, FIRMWARD).values()) == ["low"]


def test_firmwards_own_client_updates_nothing_without_a_root_that_it_trusts() -> None:
    files = booting("/usr/libexec/firmward-update-loop &", **CLIENT)
    del files["usr/share/firmward/root.json"]
    assert verdict(ABSENT, files, FIRMWARD).outcome is Outcome.UNKNOWN


def test_firmwards_own_client_that_nothing_starts_is_not_automatic() -> None:
    assert list(told(MANUAL, booting("true", **CLIENT), FIRMWARD)) == ["automatic"]
