"""Words of commands are found where scripts, units, tables of jobs and variables hold them."""

import pytest

from firmward.harden.draft import Refused
from firmward.harden.settings.command import set_option

BUSYBOX = 'DAEMON="dropbear"\n. "/etc/default/$DAEMON"\nstart-stop-daemon -S -x "/usr/sbin/$DAEMON" -- -F $ARGS\n'

TABLE = [
    pytest.param(
        "/usr/sbin/dropbear -F &\n", "-s", "yes", "dropbear", "/usr/sbin/dropbear -F -s &\n", id="before what ends it"
    ),
    pytest.param(
        BUSYBOX, "-s", "yes", "dropbear", BUSYBOX.replace("$ARGS", "$ARGS -s"), id="by a variable that names it"
    ),
    pytest.param(
        "start-stop-daemon -S -x /sbin/httpd || exit 1\n", "-u", "www", "httpd",
        "start-stop-daemon -S -x /sbin/httpd -u www || exit 1\n", id="an option with a value",
    ),
    pytest.param(
        "start-stop-daemon -S -x /sbin/uhttpd\n", "-D", "yes", "uhttpd",
        "start-stop-daemon -S -x /sbin/uhttpd -- -D\n", id="a launcher that has words of its own",
    ),
    pytest.param(
        "start-stop-daemon -S -x /sbin/httpd -- -h /www -u root\n", "-u", "www", "httpd",
        "start-stop-daemon -S -x /sbin/httpd -- -h /www -u www\n", id="another value",
    ),
    pytest.param(
        "[Service]\nExecStartPre=/usr/sbin/sshd -t\nExecStart=-/usr/sbin/sshd -D $OPTS\n", "PermitRootLogin", "no",
        "sshd",
        "[Service]\nExecStartPre=/usr/sbin/sshd -t\nExecStart=-/usr/sbin/sshd -o PermitRootLogin=no -D $OPTS\n",
        id="the first keyword counts",
    ),
    pytest.param(
        'ExecStart=/usr/sbin/sshd -i -o "PermitRootLogin yes" -D\n', "PermitRootLogin", "no", "sshd",
        "ExecStart=/usr/sbin/sshd -o PermitRootLogin=no -i -D\n", id="a keyword in quotes",
    ),
    pytest.param(
        "17 3 * * * curl -ksS https://a/ -o /tmp/x && reboot\n", "-k", "no", "curl",
        "17 3 * * * curl -sS https://a/ -o /tmp/x && reboot\n", id="a letter among others",
    ),
    pytest.param(
        '# curl -k\nx="$(curl -k https://a/)"\nwget -k\n', "-k", "no", "curl",
        '# curl -k\nx="$(curl https://a/)"\nwget -k\n', id="of others and in comments it stays",
    ),
    pytest.param(
        'ARGS="-B -j"\nOTHER="-B"\ndropbear $ARGS\n', "-B", "no", "dropbear", 'ARGS="-j"\nOTHER="-B"\ndropbear $ARGS\n',
        id="out of the variable that it is given",
    ),
    pytest.param(
        '# -B\nDROPBEAR_EXTRA_ARGS="-B"\nDROPBEAR_KEY=-B\n', "-B", "no", "dropbear",
        '# -B\nDROPBEAR_EXTRA_ARGS=""\nDROPBEAR_KEY=-B\n', id="out of a file of variables",
    ),
    pytest.param(
        "::sysinit:/bin/mount -o remount,rw /\n::sysinit:/bin/mount -a\n", "-o", "remount,ro", "mount /",
        "::sysinit:/bin/mount -o remount,ro /\n::sysinit:/bin/mount -a\n", id="the command that has this word",
    ),
    pytest.param(
        "sysctl -w kernel.dmesg_restrict=0 vm.x=1\necho 0 > /proc/sys/kernel/dmesg_restrict\n#echo 0 > /proc/sys/a\n",
        "kernel.dmesg_restrict", "1", "sysctl",
        "sysctl -w kernel.dmesg_restrict=1 vm.x=1\necho 1 > /proc/sys/kernel/dmesg_restrict\n#echo 0 > /proc/sys/a\n",
        id="kernel parameters",
    ),
    pytest.param("setenforce 0\n", "mode", "1", "setenforce", "setenforce 1\n", id="the mode of SELinux"),
    pytest.param(
        '#--x\nexport FLAGS="$FLAGS --x"\nExec=chromium --x %u\n', "--x", "no", "browser",
        '#--x\nexport FLAGS="$FLAGS"\nExec=chromium %u\n', id="of every browser",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "option", "value", "command", "after"), TABLE)
def test_a_command_is_changed_where_it_stands(before: str, option: str, value: str, command: str, after: str) -> None:
    section = f"command {command}"
    assert set_option(before, option, value, section) == after
    assert set_option(after, option, value, section) == after


@pytest.mark.parametrize(
    "line",
    [
        "killall dropbear",
        "start-stop-daemon -K -x /usr/sbin/dropbear",
        "[ -x /usr/sbin/dropbear ]",
        "DAEMON=/usr/sbin/dropbear",
        ". /etc/default/dropbear",
        "# /usr/sbin/dropbear -F",
        'su -c "/usr/sbin/dropbear -F"',
        "/usr/bin/dropbearkey -t rsa",
    ],
)
def test_what_does_not_start_a_program_is_no_place_for_its_options(line: str) -> None:
    with pytest.raises(Refused):
        set_option(f"{line}\n", "-s", "yes", "command dropbear")


@pytest.mark.parametrize(("option", "value"), [("-u", "a; reboot"), ("-u", "$(x)"), ("-u", "a b"), ("-s;x", "yes")])
def test_no_value_becomes_a_command(option: str, value: str) -> None:
    with pytest.raises(Refused):
        set_option("httpd\n", option, value, "command httpd")


def test_two_keywords_do_not_change_places() -> None:
    first = set_option("/usr/sbin/sshd -D\n", "PermitRootLogin", "no", "command sshd")
    both = set_option(first, "X11Forwarding", "no", "command sshd")
    assert set_option(both, "PermitRootLogin", "no", "command sshd") == both
