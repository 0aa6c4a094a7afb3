"""Alpine: BusyBox init, OpenRC run levels, awall-less iptables."""

from firmward.model.memory import Content, executable, link
from systems.row import System
from systems.shared import ACCOUNTS, NO_FIREWALL, POLL, RULES_V4, SSH_ONLY, SSHD, UPDATER, applets, programs


def openrc(*lines: str) -> Content:
    return executable("#!/sbin/openrc-run\n" + "".join(f"{line}\n" for line in lines))


IPTABLES = openrc(
    "iptables_name=${SVCNAME}",
    'case ${iptables_name} in iptables|ip6tables) ;; *) iptables_name="iptables" ;; esac',
    'iptables_bin="/sbin/${iptables_name}"',
    "case ${iptables_name} in",
    "    iptables) iptables_save=${IPTABLES_SAVE} ;;",
    "    ip6tables) iptables_save=${IP6TABLES_SAVE} ;;",
    "esac",
    "depend() {",
    "    before net",
    "}",
    "start() {",
    '    ebegin "Loading ${iptables_name} state and starting firewall"',
    '    ${iptables_bin}-restore ${SAVE_RESTORE_OPTIONS} < "${iptables_save}"',
    "    eend $?",
    "}",
    "stop() {",
    "    ${iptables_bin} -F",
    "}",
)
SSHD_INIT = openrc(
    'description="OpenBSD Secure Shell server"',
    ": ${SSHD_CONFDIR:=${RC_PREFIX%/}/etc/ssh}",
    ": ${SSHD_CONFIG:=${SSHD_CONFDIR}/sshd_config}",
    ": ${SSHD_PIDFILE:=${RC_PREFIX%/}/run/sshd.pid}",
    ": ${SSHD_BINARY:=${RC_PREFIX%/}/usr/sbin/sshd}",
    'command="${SSHD_BINARY}"',
    'pidfile="${SSHD_PIDFILE}"',
    'command_args="${command_args:=${SSHD_OPTS} -o PidFile=${SSHD_PIDFILE} -f ${SSHD_CONFIG}}"',
    "depend() {",
    "    use logger dns",
    "    after entropy",
    "}",
    "start_pre() {",
    '    checkpath --directory "${RC_PREFIX%/}/var/empty"',
    "}",
)
BARE: dict[str, Content] = {
    **ACCOUNTS,
    **UPDATER,
    "etc/init.d/updater": openrc(f'command="{POLL.split()[0]}"', f'command_args="{" ".join(POLL.split()[1:])}"'),
    "etc/runlevels/default/updater": link("/etc/init.d/updater"),
    **applets("bin/sh", "sbin/init"),
    **programs("sbin/openrc", "sbin/openrc-run", "sbin/start-stop-daemon"),
    "etc/inittab": (
        "::sysinit:/sbin/openrc sysinit\n::sysinit:/sbin/openrc boot\n::wait:/sbin/openrc default\n"
        "tty1::respawn:/sbin/getty 38400 tty1\n::ctrlaltdel:/sbin/reboot\n::shutdown:/sbin/openrc shutdown\n"
    ),
    "etc/rc.conf": '#rc_parallel="NO"\nunicode="YES"\n',
    "etc/init.d/iptables": IPTABLES,
    "etc/init.d/ip6tables": link("iptables"),
    "etc/conf.d/iptables": 'IPTABLES_SAVE="/etc/iptables/rules-save"\nSAVE_RESTORE_OPTIONS="-c"\n',
    "etc/conf.d/ip6tables": 'IP6TABLES_SAVE="/etc/iptables/rules6-save"\nSAVE_RESTORE_OPTIONS="-c"\n',
    **programs("sbin/iptables-restore", "sbin/ip6tables-restore", "sbin/iptables", "sbin/ip6tables"),
    "etc/iptables/rules-save": RULES_V4,
    "etc/iptables/rules6-save": RULES_V4.replace("192.0.2.1/32", "2001:db8::1/128"),
}
BASE: dict[str, Content] = {
    **BARE,
    "etc/runlevels/boot/iptables": link("/etc/init.d/iptables"),
    "etc/runlevels/boot/ip6tables": link("/etc/init.d/ip6tables"),
}
SSH: dict[str, Content] = {
    **BASE,
    **programs("usr/sbin/sshd"),
    "etc/init.d/sshd": SSHD_INIT,
    "etc/ssh/sshd_config": SSHD.replace("UsePAM yes\n", ""),
}
SSH_ON: dict[str, Content] = {**SSH, "etc/runlevels/default/sshd": link("/etc/init.d/sshd")}

SYSTEMS = (
    System("alpine-clean", BASE),
    System(
        "alpine-rules-nobody-loads",
        {
            **BARE,
            "etc/init.d/networking": openrc("start() {", "    ifup -a -i /etc/network/interfaces", "}"),
            "etc/runlevels/boot/networking": link("/etc/init.d/networking"),
            "etc/network/interfaces": "auto lo eth0\niface lo inet loopback\niface eth0 inet dhcp\n",
        },
        NO_FIREWALL,
    ),
    System("alpine-ssh-hardened", SSH_ON, policy=SSH_ONLY),
    System(
        "alpine-ssh-as-packaged",
        {**SSH_ON, "etc/ssh/sshd_config": "AuthorizedKeysFile .ssh/authorized_keys\nAllowTcpForwarding no\n"},
        (("ssh-password-login", None),),
        SSH_ONLY,
    ),
    System("alpine-ssh-not-in-a-run-level", {**SSH, "etc/ssh/sshd_config": "PermitRootLogin yes\n"}),
    System(
        "alpine-ssh-in-a-run-level-nobody-enters",
        {
            **SSH,
            "etc/runlevels/rescue/sshd": link("/etc/init.d/sshd"),
            "etc/ssh/sshd_config": "PermitRootLogin yes\n",
        },
    ),
    System(
        "alpine-telnetd",
        {
            **BASE,
            "usr/sbin/telnetd": link("/bin/busybox-extras"),
            **programs("bin/busybox-extras"),
            "etc/init.d/telnetd": openrc('command="/usr/sbin/telnetd"', 'command_args="-F"', "command_background=true"),
            "etc/runlevels/default/telnetd": link("/etc/init.d/telnetd"),
        },
        (("telnet-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None)),
    ),
    System(
        "alpine-local-d",
        {
            **BASE,
            "etc/init.d/local": openrc(
                "start() {",
                "    for file in /etc/local.d/*.start; do",
                '        [ -x "${file}" ] && "${file}"',
                "    done",
                "}",
            ),
            "etc/runlevels/default/local": link("/etc/init.d/local"),
            "etc/local.d/debug.start": executable("#!/bin/sh\nbusybox-extras telnetd\n"),
            "etc/local.d/old.stop": executable("#!/bin/sh\nvsftpd\n"),
            **programs("bin/busybox-extras"),
        },
        (("telnet-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None)),
    ),
)
