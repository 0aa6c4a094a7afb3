"""One system with planted mistakes, its clean twin, and who confirms what its files mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmward.facts.advisories import Advisories
from firmward.model.memory import Content


@dataclass(frozen=True)
class Witness:
    """A program that says what a configuration means.

    `command` is run in a folder that holds the system's files, `{root}` being that folder's path. What it prints, both
    streams, must match the regular expression `says` for the planted system, and must not for the clean twin. Commands
    only look: they start no service and talk to no network. `package` is Debian's that brings the program.
    """

    command: tuple[str, ...]
    says: str
    package: str


@dataclass(frozen=True)
class Mistake:
    """One mistake: the check that must find it, and where.

    `where` is a text that the finding's key, place (path) or message must hold: the file, account, service, row or
    port, as a person would name it; empty where the system has only one such thing. `files` replace or add to those of
    the clean twin; `without` names files of the twin that the mistake takes away. `source` says which manual or
    specification says that this is so: `sshd_config(5), PermitRootLogin`.
    """

    check: str
    source: str
    where: str = ""
    files: Mapping[str, Content] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    witness: Witness | None = None


@dataclass(frozen=True)
class Truth:
    """A clean system and the mistakes that are planted in it, all at once.

    `distribution` is yocto, openwrt, buildroot, debian, alpine, balena or vendor; `init` systemd, sysv, busybox, procd,
    openrc or script. `policy` is the maker's device.toml. `mistaken_policy` replaces it in the planted system, where
    mistakes are made in the declaration itself. Two mistakes may not touch the same file.

    `low` are checks that may say something of medium or above in the clean twin all the same, with the reason: what the
    catalogue calls a failure and the distribution ships on purpose. `advisories` are what is known of vulnerabilities,
    None where nothing is.
    """

    name: str
    distribution: str
    init: str
    clean: Mapping[str, Content]
    mistakes: tuple[Mistake, ...]
    policy: str = ""
    mistaken_policy: str | None = None
    low: Mapping[str, str] = field(default_factory=dict)
    advisories: Advisories | None = None

    @property
    def planted(self) -> dict[str, Content]:
        files = dict(self.clean)
        for mistake in self.mistakes:
            for path in mistake.without:
                files.pop(path, None)
            files.update(mistake.files)
        return files
