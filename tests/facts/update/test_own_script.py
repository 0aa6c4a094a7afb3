"""A maker's own scripts: which of them update, and whether they verify what they install."""

from dataclasses import dataclass

import pytest

from firmward.facts.update.own_script import updates
from firmward.facts.update.steps import steps
from firmward.facts.update.surroundings import Script
from firmward.facts.update.updater import Aspect, Kind, Server, Updater
from firmward.model.finding import Severity

GET = "wget -O /tmp/fw.bin http://fw.example.com/fw.bin"
CHECK = "openssl dgst -sha256 -verify /etc/pub.pem -signature /tmp/fw.sig /tmp/fw.bin"
WRITE = "mtd write /tmp/fw.bin firmware"


def read(*lines: str, path: str = "usr/bin/update.sh", run: tuple[str, ...] = ()) -> Updater | None:
    text = "#!/bin/sh\n" + "".join(f"{line}\n" for line in lines)
    return updates(Script(path, text, steps(text, path), runs=True), run)


@dataclass(frozen=True)
class Row:
    name: str
    lines: tuple[str, ...]


INSTALLS = (
    Row("mtd", (GET, WRITE)),
    Row("dd", (GET, "dd if=/tmp/fw.bin of=/dev/mmcblk0p2 bs=1M")),
    Row("dd-in-a-pipe", ("wget -qO- http://a/fw.gz | gunzip | dd of=/dev/mmcblk0p2",)),
    Row("variables", ('URL="http://a/fw"', "F=/tmp/f", 'wget "$URL" -O "$F"', 'flashcp "$F" /dev/mtd2')),
    Row("busybox", ("busybox tftp -g -r fw.bin 192.0.2.1", "busybox nandwrite -p /dev/mtd4 fw.bin")),
    Row("function", ('get() { curl -o /tmp/fw "$1"; }', 'put() { nandwrite /dev/mtd4 "$1"; }', "get $U; put /tmp/fw")),
    Row("clustered-options", ("wget -qO /tmp/x.tgz http://a/x", "tar xzf /tmp/x.tgz -C /")),
    Row("unpacked-in-the-root", ("wget http://a/x.tgz -P /tmp", "cd /", "tar -xzf /tmp/x.tgz")),
    Row("piped-into-the-shell", ("curl -fsSL http://a/install.sh | sh",)),
    Row("piped-with-arguments", ("curl -fsSL http://a/install.sh | bash -s -- --yes",)),
    Row("run", ("wget -O /tmp/run.sh http://a/run.sh", "sh /tmp/run.sh")),
    Row("made-executable", ("wget -O /tmp/agent http://a/agent", "chmod +x /tmp/agent", "/tmp/agent &")),
    Row("moved-among-programs", ("wget -O /tmp/app http://a/app", "mv /tmp/app /usr/bin/app")),
    Row("package", ("wget -O /tmp/app.ipk http://a/app.ipk", "opkg install /tmp/app.ipk")),
    Row("dpkg", ("curl -o /tmp/app.deb http://a/app.deb", "sudo dpkg -i /tmp/app.deb")),
    Row("unpacked-first", ("wget -O /tmp/a.tgz http://a/a", "tar xf /tmp/a.tgz -C /tmp", "flashcp /tmp/f /dev/mtd1")),
    Row("md5", (GET, "wget -O /tmp/s http://a/s", "md5sum -c /tmp/s || exit 1", WRITE)),
    Row("hash-by-openssl", (GET, "H=$(openssl dgst -sha256 /tmp/fw.bin)", '[ "$H" = "$S" ] || exit 1', WRITE)),
    Row("decrypted", (GET, "openssl enc -d -aes256 -kfile /k -in /tmp/fw.bin -out /tmp/f", "flashcp /tmp/f /dev/mtd1")),
    Row("result-ignored", (GET, CHECK, WRITE)),
    Row("result-told-and-ignored", (GET, f"{CHECK} || echo bad", WRITE)),
    Row("chain-not-looked-at", (GET, "openssl cms -verify -noverify -in /tmp/s -content /tmp/fw.bin || exit 1", WRITE)),
    Row("own-function-that-hashes", ("verify() { md5sum -c /tmp/s; }", GET, "verify || exit 1", WRITE)),
    Row("forced-sysupgrade", (GET, "sysupgrade -F -n /tmp/fw.bin")),
)  # fmt: skip


@pytest.mark.parametrize("row", INSTALLS, ids=lambda row: row.name)
def test_what_is_fetched_and_installed_unsigned_is_told(row: Row) -> None:
    found = read(*row.lines)
    assert found is not None
    assert len(found.about(Aspect.SIGNATURE)) == 1, found


VERIFIED = (
    Row("or-exit", (GET, f"{CHECK} || exit 1", WRITE)),
    Row("and", (GET, f"{CHECK} && {WRITE}")),
    Row("condition", (GET, f"if {CHECK} > /dev/null; then", WRITE, "fi")),
    Row("negated", (GET, f"if ! {CHECK}; then", "exit 1", "fi", WRITE)),
    Row("status", (GET, CHECK, "[ $? -eq 0 ] || exit 1", WRITE)),
    Row("status-kept", (GET, CHECK, "ret=$?", '[ "$ret" = 0 ] || exit 1', WRITE)),
    Row("errexit", ("set -e", GET, CHECK, WRITE)),
    Row("output", (GET, f'OUT="$({CHECK})"', '[ "$OUT" = "Verified OK" ] || exit 1', WRITE)),
    Row("grep", (GET, f"{CHECK} | grep -q OK || exit 1", WRITE)),
    Row("function", (f"check() {{ {CHECK}; }}", GET, "check || exit 1", WRITE)),
    Row("gpg", (GET, "gpg --verify /tmp/fw.sig /tmp/fw.bin || exit 1", WRITE)),
    Row("gpgv", (GET, "gpgv --keyring /etc/k.gpg /tmp/fw.sig /tmp/fw.bin || exit 1", WRITE)),
    Row("usign", (GET, "usign -V -m /tmp/fw.bin -P /etc/opkg/keys || exit 1", WRITE)),
    Row("signify", (GET, "signify -V -p /etc/k.pub -m /tmp/fw.bin || exit 1", WRITE)),
    Row("minisign", (GET, "minisign -Vm /tmp/fw.bin -p /etc/k.pub || exit 1", WRITE)),
    Row("cms", (GET, "openssl cms -verify -CAfile /etc/ca.pem -in /tmp/s -content /tmp/fw.bin || exit 1", WRITE)),
)


@pytest.mark.parametrize("row", VERIFIED, ids=lambda row: row.name)
def test_a_signature_that_is_looked_at_is_enough(row: Row) -> None:
    found = read(*row.lines)
    assert found is not None
    assert not found.about(Aspect.SIGNATURE)
    assert not found.doubted(Aspect.SIGNATURE)


HARMLESS = (
    Row("configuration", ("wget -O /tmp/conf.json http://a/conf.json", "cp /tmp/conf.json /etc/app/conf.json")),
    Row("fetched-only", (GET, "echo done")),
    Row("looked-at", ("curl -s http://a/state | python3 -m json.tool",)),
    Row("filtered", ("curl -s http://a/state | python3 -c 'import sys'",)),
    Row("sent", ("curl -T /tmp/log http://a/log", "dd if=/etc/cal.bin of=/dev/mtd5")),
    Row("asked-only", ("wget --spider http://a/", "dd if=/etc/cal.bin of=/dev/mtd5")),
    Row("erased", ("dd if=/dev/zero of=/dev/mmcblk0p4",)),
    Row("another-file", ("wget -O /tmp/time http://a/time", "mtd write /etc/cal.bin calibration")),
    Row("pictures-unpacked-elsewhere", ("wget -O /tmp/p.tgz http://a/p.tgz", "tar xzf /tmp/p.tgz -C /var/www")),
    Row("commented-out", (f"# {GET}", f"# {WRITE}")),
    Row("in-a-text", (f"echo '{GET}'", f"echo '{WRITE}'")),
    Row("sysupgrade-looks-itself", (GET, "sysupgrade -n /tmp/fw.bin")),
    Row("rauc-looks-itself", ("wget -O /tmp/b.raucb http://a/b.raucb", "rauc install /tmp/b.raucb")),
)


@pytest.mark.parametrize("row", HARMLESS, ids=lambda row: row.name)
def test_what_is_no_update_is_not_taken_for_one(row: Row) -> None:
    found = read(*row.lines, path="usr/bin/sync.sh")
    assert found is None or not found.about(Aspect.SIGNATURE), found


ADDON = ("curl -fsS -o addon.tar.gz http://a.example.com/addon.tar.gz", "tar -xzf addon.tar.gz -C /data/charger")
TARIFFS = tuple(line.replace("addon", "tariffs") for line in ADDON)


@pytest.mark.parametrize(
    ("lines", "run", "severity"),
    [
        (ADDON, (), Severity.HIGH),
        (ADDON, ("/data/charger/bin/app",), None),
        (TARIFFS, ("/data/charger/bin/app",), None),
        (("curl http://a.example.com/tariffs | tar -xz -C /data/charger",), ("/data/charger/run.sh",), None),
        (("wget -qO - http://a.example.com/runtime.tar.gz | tar -xz -f - -C /data/plc/runtime",), (), Severity.HIGH),
        (("cd /data/charger", *(line.replace(" -C /data/charger", "") for line in ADDON)), (), Severity.HIGH),
    ],
)
def test_code_that_is_unpacked_beside_the_system_updates_a_part_of_it(
    lines: tuple[str, ...], run: tuple[str, ...], severity: Severity | None
) -> None:
    found = read(*lines, path="usr/lib/charger/refresh.sh", run=run)
    assert found is not None
    assert found.kind is Kind.PART
    assert [remark.severity for remark in found.about(Aspect.SIGNATURE)] == [severity]
    assert found.server is Server.ANYONE


@pytest.mark.parametrize(
    ("lines", "run"),
    [
        (TARIFFS, ()),
        (TARIFFS, ("/data/charger-app/bin/app", "/usr/bin/charger")),
        ((ADDON[0], "tar -xzf addon.tar.gz -C /run/charger"), ("/run/charger/app",)),
        ((ADDON[0], "tar -czf addon.tar.gz -C /data/charger ."), ("/data/charger/app",)),
        ((ADDON[0], "tar -xzf /etc/factory.tar.gz -C /data/charger"), ("/data/charger/app",)),
    ],
)
def test_data_and_what_does_not_stay_is_no_update(lines: tuple[str, ...], run: tuple[str, ...]) -> None:
    assert read(*lines, path="usr/lib/charger/refresh.sh", run=run) is None


def test_a_part_that_is_verified_has_no_remark() -> None:
    check = "openssl dgst -sha256 -verify /etc/k.pem -signature addon.sig addon.tar.gz || exit 1"
    found = read(ADDON[0], check, ADDON[1], path="usr/lib/charger/refresh.sh")
    assert found is not None
    assert not found.about(Aspect.SIGNATURE)


def test_what_another_program_verifies_is_not_known() -> None:
    found = read(GET, "/usr/bin/fw_verify /tmp/fw.bin || exit 1", WRITE)
    assert found is not None
    assert not found.about(Aspect.SIGNATURE)
    assert "fw_verify" in found.doubted(Aspect.SIGNATURE)[0]


def test_what_somebody_hands_in_may_be_verified_by_who_calls() -> None:
    found = read('flashcp "$1" /dev/mtd3')
    assert found is not None
    assert found.server is Server.NONE
    assert found.doubted(Aspect.SIGNATURE)
    assert read('flashcp "$1" /dev/mtd3', path="usr/bin/calibrate.sh") is None


def test_a_medium_that_is_plugged_in_needs_a_hand() -> None:
    found = read("for f in /media/*/fw.bin; do", 'dd if="$f" of=/dev/mmcblk0p2', "done")
    assert found is not None
    assert [remark.severity for remark in found.about(Aspect.SIGNATURE)] == [Severity.HIGH]


CARD = ("mount -t vfat /dev/mmcblk1p1 /mnt", "dd if=/mnt/dvr_update.img of=/dev/mtdblock4")


@pytest.mark.parametrize(
    "lines",
    [
        CARD,
        ("mount /dev/sda1 /mnt || exit", "cat /mnt/rootfs.squashfs > /dev/mtdblock4"),
        ("mount -o ro /dev/$1 /mnt/u/", "flashcp -v /mnt/u/kernel.bin /dev/mtd3"),
        ("dd if=/media/card/system.img of=/dev/mmcblk0p2",),
    ],
)
def test_an_image_of_a_medium_is_an_update_whatever_the_script_is_called(lines: tuple[str, ...]) -> None:
    found = read(*lines, path="etc/rc.d/rc.card")
    assert found is not None
    assert [remark.severity for remark in found.about(Aspect.SIGNATURE)] == [Severity.HIGH]


@pytest.mark.parametrize(
    "lines",
    [
        (CARD[1],),
        ("mount /dev/mtdblock5 /mnt", CARD[1]),
        (CARD[0], "dd if=/mnt/calibration of=/dev/mtdblock4"),
        (CARD[0], "dd if=/dev/mtdblock4 of=/mnt/dvr.img"),
        (CARD[0], "cp /mnt/dvr_update.img /data/"),
    ],
)
def test_what_a_medium_does_not_bring_to_flash_is_no_update(lines: tuple[str, ...]) -> None:
    assert read(*lines, path="etc/rc.d/rc.card") is None


@pytest.mark.parametrize(
    ("fetch", "server"),
    [
        ("wget -O /tmp/fw.bin https://a/fw.bin", Server.TLS),
        ("wget -O /tmp/fw.bin http://a/fw.bin", Server.ANYONE),
        ("wget --no-check-certificate -O /tmp/fw.bin https://a/fw.bin", Server.ANYONE),
        ("curl -k -o /tmp/fw.bin https://a/fw.bin", Server.ANYONE),
        ("curl -sSk -o /tmp/fw.bin https://a/fw.bin", Server.ANYONE),
        ("curl -s --insecure -o /tmp/fw.bin https://a/fw.bin", Server.ANYONE),
        ("tftp -g -r fw.bin 192.0.2.1", Server.ANYONE),
        ("ftpget -u u -p p ftp.example.com fw.bin", Server.ANYONE),
        ("wget -O /tmp/fw.bin http://127.0.0.1:8080/fw.bin", Server.TLS),
        ('wget -O /tmp/fw.bin "$URL"', Server.UNKNOWN),
    ],
)
def test_the_server_is_as_safe_as_its_transport(fetch: str, server: Server) -> None:
    found = read(fetch, WRITE)
    assert found is not None
    assert found.server is server


def test_no_password_of_a_url_is_told() -> None:
    found = read("wget -O /tmp/fw.bin 'http://user:hunter22@a.example.com/fw.bin?token=abcdef'", WRITE)
    assert found is not None
    assert "hunter22" not in str(found)
    assert "abcdef" not in str(found)


@pytest.mark.parametrize(
    ("line", "remarks"),
    [
        ("true", 1),
        ("fw_setenv bootslot b", 0),
        ('TARGET=$(other_slot); dd if=/tmp/fw.bin of="$TARGET"', 0),
        ("grub-editenv /boot/grubenv set boot=b", 0),
        ('reboot "0 tryboot"', 0),
    ],
)
def test_a_second_copy_is_to_be_switched_to(line: str, remarks: int) -> None:
    found = read(GET, "dd if=/tmp/fw.bin of=/dev/mmcblk0p3", line)
    assert found is not None
    assert len(found.about(Aspect.FALLBACK)) == remarks


@pytest.mark.parametrize(
    ("line", "remarks"),
    [
        ("echo version $V", 1),
        ('[ "$NEW_VERSION" -gt "$OLD_VERSION" ] || exit 0', 0),
        ("printf '%s\\n' $A $B | sort -V | head -1", 0),
        ('dpkg --compare-versions "$A" gt "$B" || exit 0', 0),
        ('[ "$new" -gt "$(cat /etc/update/version)" ] || exit 0', 0),
        ('new=$(sed -n \'s/^version=//p\' m); have=$(cat /etc/have)\n[ "$have" -lt "$new" ] || exit 0', 0),
        ('new=$(sed -n \'s/^version=//p\' m)\n[ "$new" = "$have" ] && exit 0', 1),
        ('# [ "$new" -gt "$(cat /etc/version)" ]', 1),
        ('size=$(cat size); [ "$size" -gt 1000 ] || exit 1', 1),
    ],
)
def test_versions_are_to_be_compared(line: str, remarks: int) -> None:
    found = read(GET, f"{CHECK} || exit 1", line, WRITE)
    assert found is not None
    assert len(found.about(Aspect.DOWNGRADE)) == remarks


FILES = {"/etc/update.conf": "URL=http://a.example\nsetup() {\nURL=https://b.example\n}\ncurl https://c.example\n"}
FILES |= {"/etc/update.url": "http://a.example\n", "/etc/self.conf": ". /etc/self.conf\nURL=http://a.example\n"}


@pytest.mark.parametrize(
    "lines",
    [
        (". /etc/update.conf",),
        ("source /etc/update.conf",),
        ("[ -f /etc/update.conf ] && . /etc/update.conf",),
        (': "${CONF:=/etc/update.conf}"', '. "$CONF"'),
        ("CONF=${CONF:-/etc/update.conf}", ". $CONF"),
        ("URL=$(cat /etc/update.url)",),
        ("URL=$(< /etc/update.url)",),
        (". /etc/self.conf",),
    ],
)
def test_what_a_file_of_the_image_sets_is_known(lines: tuple[str, ...]) -> None:
    found = steps("\n".join((*lines, 'curl -o f "$URL/fw"')), "usr/bin/update", sourced=FILES.get)
    assert [step.words[-1] for step in found if step.program == "curl"] == ["http://a.example/fw"]


@pytest.mark.parametrize("line", [". /data/update.conf", '. "$1"', ". update.conf", "URL=$(cat /data/url)"])
def test_what_the_image_does_not_hold_stays_unknown(line: str) -> None:
    [step] = [
        one for one in steps(f'{line}\ncurl "$URL/fw"', "usr/bin/update", sourced=FILES.get) if one.program == "curl"
    ]
    assert "http" not in step.words[-1]


@pytest.mark.parametrize("text", ["ver" * 40000, "other" * 25000, "\n" * 100_000, "a=$a$a\n" * 5000, "$(" * 5000])
def test_a_hostile_script_takes_no_time(text: str) -> None:
    path = "usr/bin/update.sh"
    full = f"{GET}\n{WRITE}\n{text}"
    assert updates(Script(path, full, steps(full, path), runs=False)) is not None
