"""A cage for the process that reads what may be hostile: Landlock, seccomp, limits.

A reader that a crafted image took over can then read what lies below a few folders, and that is all: no other file, no
write, no network, no other program, no signal to others. All of it is inherited by the processes that it forks, and
nothing takes it back. Landlock is asked for as much as this kernel knows of it (landlock(7), ABI 1 to 6); where one of
the two is missing the other still holds, and `firmward doctor` says so. Sources: landlock(7), seccomp(2), the kernel's
uapi headers; the numbers of system calls are part of the kernel's ABI.
"""

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1

EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | 1 << 15
"""Rights that a rule for a file, not a folder, may hold."""
EVERY_FILE_RIGHT = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""By the first ABI that knows them."""
TCP = 0b11
"""Bind and connect, from ABI 4."""
SCOPES = 0b11
"""Abstract Unix sockets and signals to processes outside, from ABI 6."""

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2
SIGKILL = 9

ALLOW, KILL, DENY = 0x7FFF0000, 0x80000000, 0x00050000 | 1
"""What a filter answers; DENY is EPERM."""
LOAD, IF_EQUAL, IF_NOT_BELOW, ANSWER = 0x20, 0x15, 0x35, 0x06
"""Instructions of classic BPF: load a word, jump if equal, jump if greater or equal, return."""
X32 = 0x40000000
"""From here on x86-64 counts a second set of system calls."""

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""The kernel's name for the architecture, and which column of the tables below is its own."""

# system call → number on x86-64 and arm64; None: there is none
DENIED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "recvfrom": (45, 207), "recvmsg": (47, 212), "recvmmsg": (299, 243),
    "execve": (59, 221), "execveat": (322, 281),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "syslog": (103, 116), "personality": (135, 92), "acct": (163, 89), "quotactl": (179, 60),
    "iopl": (172, None), "ioperm": (173, None), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "sethostname": (170, 161), "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145),
    "setregid": (114, 143), "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159),
    "capset": (126, 91),
    # what changes or weighs on other processes of the user
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "setpriority": (141, 140), "ioprio_set": (251, 30), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    # memory that is not counted, or stays behind
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "fanotify_init": (300, 262), "modify_ldt": (154, None),
}  # fmt: skip

STARTING = ("execve", "execveat")
"""Allowed where some programs may be started."""

# Landlock does not know these; who may write somewhere may need them
DENIED_TO_READERS: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
}  # fmt: skip


NO_SUCH_CALL = 0x00050000 | 38
"""ENOSYS: the C library then does without."""
NEW_NAMESPACES = 0x7E020000
"""Flags of clone(2) that make a namespace, in which much is open that was never meant for everybody."""
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
"""What puts characters into a terminal's input, as if its user had typed them."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A call that is answered by one of its arguments: denied where `test` holds for a value, or where it does not.

    `place` counts from 0. Only the lower 32 bits are looked at, since the kernel takes no more of these.
    """

    numbers: tuple[int, int]
    place: int
    test: int
    values: tuple[int, ...]
    where_holds: int
    elsewhere: int


IF_ANY_BIT = 0x45
ARGUMENTS = (
    Argument((302, 261), 0, IF_EQUAL, (0,), ALLOW, DENY),  # prlimit64, for itself alone
    Argument((16, 29), 1, IF_EQUAL, (TIOCSTI, TIOCLINUX), DENY, ALLOW),  # ioctl
    Argument((56, 220), 0, IF_ANY_BIT, (NEW_NAMESPACES,), DENY, ALLOW),  # clone
    Argument((435, 435), 0, IF_ANY_BIT, (0xFFFFFFFF,), NO_SUCH_CALL, NO_SUCH_CALL),  # clone3 hides its flags in memory
)


@dataclass(frozen=True, slots=True)
class Cage:
    """What a process may still do. Paths count with all that lies below them, None for whatever its user may read;
    `memory` is in bytes of its own data, `seconds` of CPU. What lies below `runnable` may be started, in this cage."""

    readable: tuple[Path, ...] | None
    writable: tuple[Path, ...] = ()
    memory: int | None = None
    seconds: int | None = None
    runnable: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Walls:
    """What this kernel has. `landlock` is the ABI's number, 0 for none."""

    landlock: int
    seccomp: bool


def walls() -> Walls:
    """What a cage is made of here."""
    found = _libc().syscall(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    has_seccomp = platform.machine() in ARCHITECTURES and Path("/proc/sys/kernel/seccomp").is_dir()
    return Walls(max(found, 0), has_seccomp)


def enter(cage: Cage) -> None:
    """Lock this process in, for good. Where the kernel lacks a wall the others stand. Raises OSError when one that it
    has cannot be put up."""
    here = walls()
    _limit(cage)
    _let_go_of_input()
    if _libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise _error("no_new_privs")
    if here.landlock and cage.readable is not None:
        _restrict_files(cage, cage.readable, here.landlock)
    if here.seccomp:
        denied = DENIED if cage.writable else DENIED | DENIED_TO_READERS
        _filter_calls({call: row for call, row in denied.items() if not (cage.runnable and call in STARTING)})


def die_with_parent() -> None:
    """Have the kernel end this process when the one that forked it ends."""
    _libc().prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def _let_go_of_input() -> None:
    """Nothing is read from there, and a terminal could be written to through it."""
    nothing, end = os.pipe()
    os.close(end)
    os.dup2(nothing, 0)
    if nothing:
        os.close(nothing)


def _limit(cage: Cage) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in ((resource.RLIMIT_DATA, cage.memory), (resource.RLIMIT_CPU, cage.seconds)):
        hard = resource.getrlimit(name)[1]
        if value is not None and (hard == resource.RLIM_INFINITY or value < hard):
            resource.setrlimit(name, (value, value))


def _restrict_files(cage: Cage, readable: tuple[Path, ...], abi: int) -> None:
    rights = EVERY_FILE_RIGHT[max(known for known in EVERY_FILE_RIGHT if known <= abi)]
    attributes = struct.pack("=QQQ", rights, TCP if abi >= 4 else 0, SCOPES if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _libc().syscall(CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        raise _error("Landlock")
    try:
        _allow(ruleset, readable, READ_FILE | READ_DIR)
        _allow(ruleset, cage.runnable, READ_FILE | READ_DIR | EXECUTE)
        _allow(ruleset, cage.writable, rights & ~EXECUTE)
        if _libc().syscall(RESTRICT_SELF, ruleset, 0):
            raise _error("Landlock")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, paths: Iterable[Path], rights: int) -> None:
    for path in paths:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fitting = rights if os.path.isdir(path) else rights & ON_FILES  # noqa: PTH112 - no exceptions
            rule = struct.pack("=Qi", fitting, descriptor)
            if _libc().syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0):
                raise _error(f"Landlock, {path}")
        finally:
            os.close(descriptor)


def _filter_calls(denied: dict[str, tuple[int | None, int | None]]) -> None:
    program = filter_program(denied, *ARCHITECTURES[platform.machine()])
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, and where they are
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    if _libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(head, len(head)), 0, 0):
        raise _error("seccomp")


def filter_program(denied: dict[str, tuple[int | None, int | None]], architecture: int, column: int) -> bytes:
    """The filter as the kernel takes it: another architecture ends the process, the denied calls give EPERM."""
    numbers = sorted({number for row in denied.values() if (number := row[column]) is not None})
    count = len(numbers)
    steps = [
        (LOAD, 0, 0, 4),  # seccomp_data.arch
        (IF_EQUAL, 1, 0, architecture),
        (ANSWER, 0, 0, KILL),
        (LOAD, 0, 0, 0),  # seccomp_data.nr
        (IF_NOT_BELOW, 0, 1, X32),
        (ANSWER, 0, 0, DENY),
        *(step for argument in ARGUMENTS for step in _by_argument(argument, argument.numbers[column])),
        *((IF_EQUAL, count - place, 0, number) for place, number in enumerate(numbers)),
        (ANSWER, 0, 0, ALLOW),
        (ANSWER, 0, 0, DENY),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _by_argument(argument: Argument, number: int) -> list[tuple[int, int, int, int]]:
    """The steps that answer one call; any other goes on behind them."""
    count = len(argument.values)
    return [
        (IF_EQUAL, 0, count + 3, number),
        (LOAD, 0, 0, 16 + 8 * argument.place),  # seccomp_data.args
        *((argument.test, count - place, 0, value) for place, value in enumerate(argument.values)),
        (ANSWER, 0, 0, argument.elsewhere),
        (ANSWER, 0, 0, argument.where_holds),
    ]


def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def _error(wall: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"the cage cannot be closed ({wall}: {os.strerror(number)})")
