import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.measure import Measure
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts.walk import Origin, Walk
from firmward.model.memory import Content, MemoryTree, executable, link

ENTRY = "etc/init.d/S50app"


def walked(script: str, files: dict[str, Content] | None = None, *arguments: str) -> Walk:
    walk = Walk(MemoryTree({ENTRY: executable("#!/bin/sh\n" + script), **(files or {})}))
    walk.script(ENTRY, arguments or ("start",), Origin("app", Manager.SYSV))
    return walk


def started(script: str, files: dict[str, Content] | None = None, *arguments: str) -> list[str]:
    return [" ".join(process.argv) for process in walked(script, files, *arguments).processes]


def only(script: str, files: dict[str, Content] | None = None) -> Process:
    (process,) = walked(script, files).processes
    return process


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        # what words come to
        ("A=1; B=$A-2\napp -p $B", ["app -p 1-2"]),
        ('A="-x -y"\napp $A "$A"', ["app -x -y -x -y"]),
        ("app $UNSET end", ["app end"]),
        ('app "$UNSET" end', ["app  end"]),
        ("app ${PORT:-22} ${A:+set}", ["app 22"]),
        ("A=/usr/sbin/app.sh\n$A ${A##*/} ${A%.sh}", ["/usr/sbin/app.sh app.sh /usr/sbin/app"]),
        ('A=/etc/app.sh; app "${A##*/}" "${A%".sh"}" "${A%".*"}"', ["app app.sh /etc/app /etc/app.sh"]),
        ('A=x; B=y; app "${A#[\\!x]}" "${B#[!x]}" "${B#[\\!x]}"', ["app   y"]),
        ("A='a$b:c'; app ${A#*:}", ["app c"]),
        ("app $(nvram get port)", ["app $(nvram get port)"]),
        ("P=$(nvram get port)\napp -p $P", ["app -p $(nvram get port)"]),
        ("read P < /dev/x\napp $P", ["app $P"]),
        ("app $(basename /a/b.sh .sh) `dirname /a/b`", ["app b /a"]),
        ("set -- a b; shift; app $1 $#", ["app b 1"]),
        ("A=x; A=$A$A; app $A", ["app xx"]),
        # which way is taken
        ("if [ a = b ]; then one; else two; fi", ["two"]),
        ("if [ -f /var/x ]; then one; else two; fi", ["one", "two"]),
        ("if grep -q x /proc/cmdline; then one; fi", ["one"]),
        ("[ -f /etc/absent ] && one", []),
        ("[ -f /etc/absent ] || one", ["one"]),
        ("[ -n '' ] || exit 0\none", []),
        ("[ -n '' -o 1 -eq 1 ] && one", ["one"]),
        ("[[ -z $A && 1 -eq 1 ]] && one", ["one"]),
        ("[ ! -x /etc/absent ] || one", []),
        ("[ $(uname -r) = 5 ] || exit 0\none", ["one"]),
        ("if [ -e /run/x ]; then exit 0; fi\none", ["one"]),
        ("if [ -e /run/x ]; then P=1; fi\n[ -z $P ] && one", ["one"]),
        ("if [ -e /run/x ]; then one; exit; else exit; fi\ntwo", ["one"]),
        ("case $1 in start) one;; stop) two;; esac", ["one"]),
        ("case $1 in s*) one;; *) two;; esac", ["one"]),
        ("case $(uname -m) in a*) one;; b) two;; esac", ["one", "two"]),
        ("exit 0\none", []),
        # what is evaluated
        ("eval $(apt-config shell A APT::A)\napp $A.", ["app ."]),
        ("eval $(apt-config shell A Dir::State)\napp $A", ["app $A"]),
        ('T=$(getopt -o p: -- "$@")\neval set -- "$T"\nshift; app $1', ["app start"]),
        ("while read x; do one; done < <(ls)\ntwo", ["one", "two"]),
        ("exec one\ntwo", ["one"]),
        ("exec 2>/dev/null\none", ["one"]),
        ("! false && one", ["one"]),
        # functions and loops
        ("f() { app $1; }\nf x; f y", ["app x", "app y"]),
        ("f() { return 1; one; }\nf || two", ["two"]),
        ("f() { [ -e /run/x ] && return 0; return 1; }\nf && two", ["two"]),
        ("f() { f; }\nf", []),
        ("for i in a b; do app $i; done", ["app a", "app b"]),
        ("for i in a b c; do [ $i = b ] && continue; [ $i = c ] && break; app $i; done", ["app a"]),
        ("for i in $(ls); do app $i; done", ["app $(ls)"]),
        ("while true; do app; sleep 1; done", ["app"]),
        ("while read a b; do app $a; done < /etc/x", ["app $a"]),
        ("(A=1; app $A); other $A", ["app 1", "other"]),
        ("eval 'app -x'", ["app -x"]),
        ("cat <<EOF\napp\nEOF", []),
    ],
)
def test_a_script_is_followed_as_the_shell_would(script: str, expected: list[str]) -> None:
    assert started(script) == expected


@pytest.mark.parametrize(
    ("command", "argv", "user"),
    [
        ("app &", "app", None),
        ("/usr/bin/nohup app -x >/dev/null 2>&1 &", "app -x", None),
        ("nice -n 5 app", "app", None),
        ("nice -10 setsid app", "app", None),
        ("start-stop-daemon -S -b -m -p /run/x -x /bin/app -- -f c", "/bin/app -f c", None),
        ("start-stop-daemon -Sbmqp /run/x -x /bin/app -c bob:staff", "/bin/app", "bob"),
        ("start-stop-daemon --start --chuid=bob --exec /bin/app -- -d", "/bin/app -d", "bob"),
        ("start-stop-daemon --start --startas /bin/real --exec /bin/app", "/bin/real", None),
        ("start-stop-daemon --start --user bob --exec /bin/app --pidfile x", "/bin/app", "bob"),
        ("daemon --user=bob /bin/app -x", "/bin/app -x", "bob"),
        ("daemon --user bob --pidfile /x +5 /bin/app", "/bin/app", "bob"),
        ("start_daemon -n 5 -p /run/x /bin/app -x", "/bin/app -x", None),
        ("service_start /bin/app -x", "/bin/app -x", None),
        ("su - bob -c 'app -x'", "app -x", "bob"),
        ("su -c app", "app", "root"),
        ("su bob -s /bin/sh -c app", "app", "bob"),
        ("runuser -u bob -- app", "app", "bob"),
        ("sudo -u bob app", "app", "bob"),
        ("chpst -u bob:staff -n 5 app", "app", "bob"),
        ("setuidgid bob app", "app", "bob"),
        ("bwrap --ro-bind / / --setenv HOME /tmp --unshare-pid app", "app", None),
        ("bwrap --overlay /a /b / --proc /proc -- setpriv --reuid=bob --seccomp-filter /f.bpf app", "app", "bob"),
        ("ujail -n app -U bob -c -o -p -S /etc/app.json -r /etc/ssl -w /data -- app -x", "app -x", "bob"),
        ("env -i A=1 app", "app", None),
        ("A=1 app", "app", None),
        ("timeout -s KILL 30 app", "app", None),
        ("chroot /srv app", "app", None),
        ("busybox telnetd -l /bin/sh", "busybox telnetd -l /bin/sh", None),
        ("busybox nohup app", "app", None),
        ("sh -c 'app -x'", "app -x", None),
        ("bash -x -c 'app $0'", "app /etc/init.d/S50app", None),
        ("command app", "app", None),
        ("sysctl -p /etc/x", "sysctl -p /etc/x", None),
        ("/sbin/modprobe x", "/sbin/modprobe x", None),
    ],
)
def test_what_starts_another_program_is_seen_through(command: str, argv: str, user: str | None) -> None:
    process = only(command)
    assert (" ".join(process.argv), process.user) == (argv, user)


@pytest.mark.parametrize(
    "command",
    [
        "echo app",
        "mkdir -p /run/app",
        "[ -x app ]",
        "start-stop-daemon -K -x app",
        "start-stop-daemon --start --test --exec app",
        "command -v app",
        "kill `cat /run/app.pid`",
        "trap app EXIT",
        ". /lib/lsb/init-functions",
        "log_daemon_msg app",
        "stop() { app; }",
        "export A=app",
    ],
)
def test_what_starts_nothing(command: str) -> None:
    assert started(command) == []


def test_a_sourced_file_sets_variables() -> None:
    script = "ARGS=-a\n[ -r /etc/default/app ] && . /etc/default/app\napp $ARGS\n"
    assert started(script) == ["app -a"]
    assert started(script, {"etc/default/app": "ARGS='-b -c'\n"}) == ["app -b -c"]


def test_where_a_sourced_file_is_not_in_the_image_its_variables_stay_open() -> None:
    assert started(". /var/lib/app.conf\napp $ARGS") == ["app $ARGS"]


def test_scripts_that_scripts_call_are_followed() -> None:
    files: dict[str, Content] = {
        "usr/bin/start_app.sh": executable("#!/bin/ash\napp --as $1\n"),
        "opt/x.sh": "app --sh $1\n",
        "etc/init.d/other": executable("#!/bin/sh\nother $1\n"),
    }
    walk = walked("/usr/bin/start_app.sh x &\nsh /opt/x.sh y\nstart_app.sh z\nservice other start", files)
    assert [(" ".join(process.argv), process.service, str(process.at)) for process in walk.processes] == [
        ("app --as x", "S50app", "usr/bin/start_app.sh:2"),
        ("app --sh y", "S50app", "opt/x.sh:1"),
        ("app --as z", "S50app", "usr/bin/start_app.sh:2"),
        ("other start", "other", "etc/init.d/other:2"),
    ]
    assert tuple(walk.scripts) == (ENTRY, "usr/bin/start_app.sh", "opt/x.sh", "etc/init.d/other")


def test_a_script_for_another_interpreter_is_a_program() -> None:
    assert started("/opt/app.py", {"opt/app.py": executable("#!/usr/bin/python3\n")}) == ["/opt/app.py"]


def test_a_program_that_may_not_be_executed_does_not_start() -> None:
    (process,) = walked("/opt/app", {"opt/app": "\x7fELF"}).processes
    assert process.start is Start.DISABLED


def test_a_program_not_in_the_image_counts_as_started() -> None:
    assert only("/opt/app").start is Start.BOOT


def test_the_file_that_a_program_is_fed_is_kept() -> None:
    processes = walked("iptables-restore < /etc/fw\ncat /etc/fw6 | ip6tables-restore").processes
    assert [process.input for process in processes] == ["/etc/fw", "/etc/fw6"]


def test_what_could_not_be_worked_out_is_told() -> None:
    walk = walked("$(nvram get app) -x\n. /etc/$(uname -m)\neval $(nvram dump)\ndone\n")
    assert len(walk.unread) == 4


def test_scripts_that_call_each_other_end() -> None:
    files: dict[str, Content] = {
        "a": executable("#!/bin/sh\n/b $1x\napp\n"),
        "b": executable("#!/bin/sh\n/a $1x\n"),
    }
    walk = walked("/a", files)
    assert [process.program for process in walk.processes] == ["app"] * len(walk.processes)
    assert any("too deep" in text for text in walk.unread)


def test_a_walk_is_bounded() -> None:
    loop = "for i in 1 2 3 4 5 6 7 8 9 10; do " * 6 + ":" + "; done" * 6
    assert any("more than" in text for text in walked(loop).unread)


FRAGMENTS = """
if then fi else for i in do done case esac $1 ;; a=$a$a ${a:-b} $(a) . /etc/x exit return f() { f } ( ) && || | ! [ ]
-f app start-stop-daemon -S -x -- su -c sh eval set shift exec 'a $b' "$@" & < > while true break continue daemon --user
"""
PIECES = st.lists(st.sampled_from([*FRAGMENTS.split(), "\n", "\n", "; "]), max_size=50)


@given(PIECES)
def test_any_script_is_walked_without_error(pieces: list[str]) -> None:
    text = " ".join(pieces)
    for process in walked(text, {"etc/x": text}).processes:
        assert process.argv
        assert process.at.path


@pytest.mark.parametrize("script", ['eval "$(nvram get boot)"', "eval $(cat /data/x)", 'read x < /data/x\neval "$x"'])
def test_data_that_is_evaluated_is_not_read(script: str) -> None:
    assert walked(script).unread


def test_settings_that_are_evaluated_are() -> None:
    assert not walked("eval $(apt-config shell A APT::A)\neval `ipcalc.sh 10.0.0.1`").unread


def test_parts_of_a_script_are_read_when_a_loop_over_ls_names_them() -> None:
    loop = "for f in `(test -d /etc/app/conf.d && ls -1 /etc/app/conf.d) | sort -u`; do . /etc/app/conf.d/$f; done\n"
    files: dict[str, Content] = {"etc/app/conf.d/10-web": "WEB='-w -p 8080'\n", "etc/app/conf.d/20-more": "telnetd &\n"}
    walk = walked(loop + "app $WEB\n", files)
    assert [" ".join(process.argv) for process in walk.processes] == ["telnetd", "app -w -p 8080"]
    assert not walk.unread
    assert not walked(loop + "app $WEB\n").unread


def test_only_the_files_that_the_name_can_mean_are_read() -> None:
    files: dict[str, Content] = {"etc/app.d/a.sh": "one\n", "etc/app.d/b.txt": "two\n"}
    assert started("read N < /dev/x\n. /etc/app.d/$N.sh\n", files) == ["one"]


def test_a_part_that_may_not_be_taken_is_doubted() -> None:
    files: dict[str, Content] = {"etc/app.d/a": "PORT=1\nexit\n"}
    assert started("PORT=2\nread N < /dev/x\n. /etc/app.d/$N\n[ $PORT = 2 ] && app\nend\n", files) == ["app", "end"]


def test_programs_that_print_known_assignments_hide_nothing() -> None:
    walk = walked('FSTYPE=unknown\neval "$(fstype /dev/sda1 2> /dev/null)"\n[ $FSTYPE = unknown ] && app\n')
    assert not walk.unread
    assert [process.program for process in walk.processes if process.program == "app"] == ["app"]


LOOP = "#!/bin/sh\nwhile {}; do\n\tcurl -fsS https://a.example.com/\n{}done\n"


@pytest.mark.parametrize(
    ("condition", "rest", "stays"),
    [
        ("sleep 300", "", True),
        ("true", "sleep 5\n", True),
        (":", "", True),
        ("[ 1 ]", "", True),
        ("true", "[ -e /run/x ] && break\n", False),
        ("true", "[ -e /run/x ] && exit 0\n", False),
        ("true", "for i in a b; do break; done\n", True),
        ("[ $n -lt 5 ]", "n=6\n", False),
        ("! ping -c 1 a", "", False),
        ("read line", "", False),
    ],
)
def test_a_start_script_that_never_ends_is_a_program_that_stays(condition: str, rest: str, stays: bool) -> None:
    script = "n=1\n" + LOOP.format(condition, rest).partition("\n")[2]
    found = {process.program: process.stays for process in walked(script).processes}
    assert found.get("S50app", False) is stays


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("/usr/bin/loop &", ["/usr/bin/loop"]),
        ("start-stop-daemon -S -b -x /usr/bin/loop", ["/usr/bin/loop"]),
        ("/usr/bin/loop", []),
        ("(while true; do wget http://a/; sleep 9; done) &", ["/etc/init.d/S50app"]),
        ("while true; do /usr/bin/app; sleep 1; done &", ["/usr/bin/app"]),
    ],
)
def test_a_loop_is_a_program_of_its_own_where_it_is_started_to_stay(script: str, expected: list[str]) -> None:
    files: dict[str, Content] = {
        "usr/bin/loop": executable(LOOP.format("sleep 60", "")),
        "usr/bin/app": executable(b"\x7fELF"),
    }
    assert [process.argv[0] for process in walked(script, files).processes if process.stays] == expected


def test_a_loop_has_the_user_and_the_line_of_its_script() -> None:
    files: dict[str, Content] = {"usr/bin/loop": executable(LOOP.format("sleep 60", ""))}
    processes = walked("start-stop-daemon -S -b -c bob -x /usr/bin/loop", files).processes
    (process,) = (one for one in processes if one.stays)
    assert (process.user, str(process.at)) == ("bob", "usr/bin/loop:2")


TELNET = """\
has_root_pwd() {
\tlocal pwd=$([ -f "$1" ] && cat "$1")
\tpwd="${pwd#*root:}"
\tpwd="${pwd%%:*}"
\ttest -n "${pwd#[\\!x]}"
}
has_key() {
\t( /etc/init.d/dropbear enabled && grep -qs "^ssh-" /etc/dropbear/authorized_keys ) || \\
\t( /etc/init.d/sshd enabled && grep -qs "^ssh-" /root/.ssh/authorized_keys )
}
if ( ! has_key && ! has_root_pwd /etc/passwd && ! has_root_pwd /etc/shadow ) || \\
   ( ! /etc/init.d/dropbear enabled && ! /etc/init.d/sshd enabled ); then
\ttelnetd
fi
"""
PASSWD = "root:x:0:0:root:/root:/bin/ash\n"
DROPBEAR: dict[str, Content] = {
    "etc/init.d/dropbear": executable("#!/bin/sh /etc/rc.common\nSTART=50\n"),
    "etc/rc.d/S50dropbear": link("../init.d/dropbear"),
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({**DROPBEAR, "etc/shadow": "root:$1$salt$hash:0:0:99999:7:::\n"}, []),
        ({**DROPBEAR, "etc/shadow": "root::0:0:99999:7:::\n"}, ["telnetd"]),
        ({**DROPBEAR, "etc/shadow": "root:x:0:0:99999:7:::\n"}, ["telnetd"]),
        ({**DROPBEAR, "etc/shadow": "root:!:0:0:99999:7:::\n"}, ["telnetd"]),
        ({"etc/shadow": "root:$1$salt$hash:0:0:99999:7:::\n"}, ["telnetd"]),
    ],
)
def test_telnet_that_is_for_the_time_without_a_password_alone(files: dict[str, Content], expected: list[str]) -> None:
    assert started(TELNET, {"etc/passwd": PASSWD, **files}) == expected


def test_an_init_script_that_is_not_there_is_no_daemon() -> None:
    assert started("/etc/init.d/sshd enabled\n/etc/init.d/sshd restart || app\n") == ["app"]


def test_rc_common_runs_the_script_that_it_is_given() -> None:
    files: dict[str, Content] = {"etc/init.d/web": "#!/bin/sh /etc/rc.common\nstart() { app; }\n", "etc/rc.common": ""}
    walk = walked("/etc/rc.common /etc/init.d/web start\n", files)
    assert [process.program for process in walk.processes] == ["app"]
    assert not walk.unread


def test_what_ls_names_in_the_folder_that_a_script_went_to_is_read() -> None:
    script = 'cd /etc/first || exit\nfiles="$(ls)"\nfor f in $files; do ( . "./$(basename $f)" ) && rm $f; done\n'
    walk = walked(script, {"etc/first/10-web": "web\n", "etc/first/20-proxy": "proxy\n", "etc/first/.no": "no\n"})
    assert [process.program for process in walk.processes] == ["web", "proxy"]
    assert not walk.unread


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("$(ls /etc/parts)", ["app a", "app b"]),
        ("$(ls -1 /etc/parts/* 2>/dev/null)", ["app /etc/parts/a", "app /etc/parts/b"]),
        ("$(ls /etc/parts/*.sh /etc/parts/b)", ["app /etc/parts/b"]),
        ("$(ls /etc/parts/*.sh)", []),
        ("$(ls /tmp)", ["app $(ls /tmp)"]),
        ("$(ls)", ["app $(ls)"]),
        ("$(ls -t /etc/parts)", ["app $(ls -t /etc/parts)"]),
        ("$([ -d /etc/absent ] && echo a)", []),
        ("$([ -d /etc/parts ] && echo a)", ["app a"]),
    ],
)
def test_what_ls_and_a_test_print(words: str, expected: list[str]) -> None:
    assert started(f"for f in {words}; do app $f; done\n", {"etc/parts/a": "", "etc/parts/b": ""}) == expected


def test_a_folder_that_nobody_knows_lists_nothing() -> None:
    assert walked("cd $1\nfor f in $(ls); do . ./$f; done\n", {"etc/parts/a": "app\n"}, "$X").unread


def test_a_known_program_that_is_evaluated_with_unknown_words_is_that_program() -> None:
    walk = walked("KEY=$(nvram get key)\neval unlock $KEY\napp $UNSET\n")
    assert [" ".join(process.argv) for process in walk.processes] == ["unlock $(nvram get key)", "app"]
    assert not walk.unread


@pytest.mark.parametrize("script", ["eval export $(cat /data/x)", "eval for x in $(cat /data/x); do a; done"])
def test_commands_of_the_shell_are_not_taken_for_programs(script: str) -> None:
    assert walked(script).unread


def test_values_that_are_printed_by_name_hide_nothing() -> None:
    zone = "eval $(ubus call network.interface.lan status | jsonfilter -e 'ZONE=@.data.zone')\n"
    assert not walked(zone + 'UTIL=/usr/bin/nginx-util\neval $("${UTIL}" get_env)\napp $ZONE\n').unread
    assert walked("eval $(ubus call x y | jsonfilter -e '@.data.zone')\n").unread


def test_what_an_event_sets_for_its_script_is_open() -> None:
    walk = Walk(MemoryTree({"etc/hotplug.d/iface/app": '[ "$INTERFACE" = wan ] || exit\napp\n'}))
    walk.sourced_at_event("etc/hotplug.d/iface/app", Origin("app", Manager.PROCD))
    assert [process.program for process in walk.processes] == ["app"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("grep x /proc/cmdline && false", []),
        ("grep x /proc/cmdline || true", ["app"]),
        ("! grep x /proc/cmdline && ! true", []),
        ("grep x /proc/cmdline && true", ["app"]),
    ],
)
def test_a_condition_with_one_known_side_may_be_decided(condition: str, expected: list[str]) -> None:
    assert started(f"if {condition}; then app; fi\n") == expected
    assert started(f"{condition} || no\napp\n" if expected else f"{condition}\napp\n")[-1] == "app"


BUSYBOX_COPIED = [
    ("cp /bin/busybox /var/busyboxx\n/var/busyboxx telnetd -p 9", "/bin/busybox telnetd -p 9"),
    ("cp -f /bin/busybox /var/telnetd; /var/telnetd -p 9", "/bin/busybox telnetd -p 9"),
    ("ln -sf ../bin/busybox /var/httpd; cd /var; ./httpd", "./httpd"),
    ("ln -sf ../bin/busybox /var/httpd; exec /var/httpd -p 80", "/bin/busybox httpd -p 80"),
    ("install -m 755 /bin/busybox /usr/local/bin/telnetd\ntelnetd", "/bin/busybox telnetd"),
    ("cat /bin/busybox > /tmp/telnetd; chmod +x /tmp/telnetd; /tmp/telnetd &", "/bin/busybox telnetd"),
    ("cp /bin/busybox /tmp/one; mv /tmp/one /tmp/telnetd; /tmp/telnetd", "/bin/busybox telnetd"),
    # BusyBox itself says that it has no such applet
    ("cp /bin/busybox /var/helper; /var/helper telnetd", "/bin/busybox helper telnetd"),
    ("cp /usr/sbin/dropbear /tmp/d; /tmp/d -p 2222", "/usr/sbin/dropbear -p 2222"),
    ("cp -t /tmp /usr/sbin/dropbear; /tmp/dropbear -p 2222", "/tmp/dropbear -p 2222"),
    ("cp /bin/busybox $HOME/telnetd; /tmp/d", "/tmp/d"),
]


@pytest.mark.parametrize(("script", "argv"), BUSYBOX_COPIED)
def test_a_copy_under_another_name_is_the_program_that_it_was(script: str, argv: str) -> None:
    program = executable("\x7fELF")
    assert started(script, {"bin/busybox": program, "usr/sbin/dropbear": program}) == [argv]


def test_a_copied_script_is_followed() -> None:
    files: dict[str, Content] = {"usr/share/x": executable("#!/bin/sh\ntelnetd\n")}
    assert started("cp /usr/share/x /tmp/y; /tmp/y", files) == ["telnetd"]


def test_copies_are_bounded() -> None:
    text = "".join(f"cp /bin/busybox /tmp/a{number}\n" for number in range(3000))
    assert len(walked(text, {"bin/busybox": executable("x")}).copies) == 1000


V2 = "mount -t cgroup2 none /sys/fs/cgroup\necho '+memory +pids' > /sys/fs/cgroup/cgroup.subtree_control\n"
GROUP = "mkdir -p /sys/fs/cgroup/app\necho {} > /sys/fs/cgroup/app/memory.max\n"
INSIDE = "echo $$ > /sys/fs/cgroup/app/cgroup.procs\napp\n"
MEMORY = frozenset({Measure.MEMORY})


@pytest.mark.parametrize(
    ("script", "measures"),
    [
        (V2 + GROUP.format("48M") + INSIDE, MEMORY),
        (V2 + GROUP.format("48M") + "echo 0 > /sys/fs/cgroup/app/cgroup.procs\napp\n", MEMORY),
        (V2 + GROUP.format("48M") + "app &\necho $! > /sys/fs/cgroup/app/cgroup.procs\n", MEMORY),
        (V2 + GROUP.format("48M") + "app &\necho $(pidof app) > /sys/fs/cgroup/app/cgroup.procs\n", MEMORY),
        (V2 + "echo 9 > /sys/fs/cgroup/app/pids.max\n" + INSIDE, {Measure.TASKS}),
        (V2 + GROUP.format("max") + INSIDE, ()),
        (V2 + GROUP.format("48M") + "app\n", ()),
        (V2 + GROUP.format("48M") + "echo $$ > /sys/fs/cgroup/other/cgroup.procs\napp\n", ()),
        (V2 + GROUP.format("48M") + "( echo $$ > /sys/fs/cgroup/app/cgroup.procs )\napp\n", ()),
        # without the controller handed down the group has no such file
        (GROUP.format("48M") + INSIDE, ()),
        (V2.replace("+memory", "-memory") + GROUP.format("48M") + INSIDE, ()),
        (V2 + "echo 48M > /sys/fs/cgroup/a/b/memory.max\necho $$ > /sys/fs/cgroup/a/b/cgroup.procs\napp\n", ()),
        (V2 + "echo +memory > /sys/fs/cgroup/a/cgroup.subtree_control\necho 48M > /sys/fs/cgroup/a/b/memory.max\n"
         "echo $$ > /sys/fs/cgroup/a/b/cgroup.procs\napp\n", MEMORY),
        (V2 + GROUP.format("48M") + "echo $$ > /sys/fs/cgroup/app/inner/cgroup.procs\napp\n", MEMORY),
        # version 1
        ("echo 48M > /sys/fs/cgroup/memory/app/memory.limit_in_bytes\necho $$ > /sys/fs/cgroup/memory/app/tasks\napp\n",
         MEMORY),
        ("echo 5 > /sys/fs/cgroup/pids/app/pids.max\necho $$ > /sys/fs/cgroup/pids/app/cgroup.procs\napp\n",
         {Measure.TASKS}),
    ],
)  # fmt: skip
def test_a_control_group_of_the_scripts_own_limits_what_is_in_it(script: str, measures: object) -> None:
    [app] = [process for process in walked(script).processes if process.program == "app"]
    assert app.measures == frozenset(measures)  # type: ignore[call-overload]


def test_systemd_hands_controllers_down_by_itself() -> None:
    files: dict[str, Content] = {"usr/lib/systemd/systemd": executable("x")}
    assert only(GROUP.format("48M") + INSIDE, files).measures == MEMORY
