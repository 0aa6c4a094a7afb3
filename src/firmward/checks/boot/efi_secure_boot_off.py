"""efi-secure-boot-off"""

from collections.abc import Iterator

from firmward.facts.efi_programs import EfiProgram, EfiPrograms, Loaded, Maker, Place
from firmward.facts.secure_boot import EnrolledKey, SecureBoot, State, VariableStore
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

STORE = Location(part="image/OVMF_VARS.fd")
AT = Location("EFI/BOOT/BOOTX64.EFI", part="image/esp")
PK = EnrolledKey("PK", "Maker platform key", "5c" * 32)
ON = SecureBoot((VariableStore(STORE, "edk2-authenticated", State.ON, (PK,), 0, 1),))
SETUP = SecureBoot((VariableStore(STORE, "edk2-authenticated", State.SETUP, (), 0, 0),))
TEST = EnrolledKey("PK", "DO NOT TRUST - AMI Test PK", "a7" * 32, is_test=True)
ENROL = Remedy(
    "Enrol keys of your own in manufacture (PK, KEK, db and a current dbx), and leave setup mode: efi-updatevar, or "
    "systemd-boot's secure-boot-enroll",
    Safety.MANUAL,
    Stage.FACTORY,
)
SIGN = Remedy(
    "Sign it (sbsign, or `ukify build --secureboot-private-key`) with a key whose certificate is in the firmware's db",
    Safety.MANUAL,
    Stage.IMAGE,
)
UNIFY = Remedy(
    "Boot a signed unified kernel image, which has kernel, initial ramdisk and command line under one signature",
    Safety.MANUAL,
    Stage.SOURCE,
)
SAID = {
    State.SETUP: ("setup-mode", "no platform key is enrolled: in setup mode the firmware starts everything"),
    State.OFF: ("switched-off", "keys are enrolled, and secure boot is switched off or in audit mode"),
}
NAMED = 3


def _programs(accepted: bool | None, *signers: str, broken: str | None = None) -> EfiPrograms:
    return EfiPrograms((EfiProgram(AT, Place.FALLBACK, Maker.UKI, signers, broken, accepted, "the keys say so"),))


@check(
    title="UEFI secure boot is off, or starts what nobody signed",
    severity=Severity.HIGH,
    practice="P01",
    cwe=1326,
    bad=(
        Example(facts=(SETUP, _programs(None, "Maker"))),
        Example(facts=(ON, _programs(False))),
        Example(facts=(ON, _programs(False, "Somebody"))),
        Example(facts=(ON, _programs(False, "Maker", broken="the digest is not the one that was signed"))),
        Example(facts=(SecureBoot((VariableStore(STORE, "edk2", State.ON, (TEST,), 0, 1),)), _programs(True, "Maker"))),
    ),
    good=Example(facts=(ON, _programs(True, "Maker"))),
)
def efi_secure_boot_off(boot: SecureBoot | None | Unknown, programs: EfiPrograms | None | Unknown) -> Findings:
    """UEFI firmware asks for signatures only when a platform key is enrolled and the switch is on; in setup mode it
    starts whatever lies in EFI/BOOT, and the first one to write a platform key owns the machine. A loader or unified
    kernel image that nobody signed, or that a stranger did, shows that the device boots without, since with secure boot
    it would not start. A signature on GRUB ends at GRUB: it takes grub.cfg and the initial ramdisk as they are.

    The variables lie in the flash of the board. Where no store of them is in the image (a dump of the flash, a file
    such as OVMF_VARS.fd beside the disk) the state of the firmware is not known, and programs are judged by themselves.
    """
    if boot is None and programs is None:
        raise NotApplicable("no variables of UEFI and no EFI program are here")
    doubts = [family.reason for family in (boot, programs) if isinstance(family, Unknown)]
    if isinstance(boot, SecureBoot):
        yield from _of_stores(boot, doubts)
    elif boot is None:
        doubts.append("no store of UEFI's variables is in the image: whether secure boot is on is not known")
    if isinstance(programs, EfiPrograms):
        yield from _of_programs(programs, doubts)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))


def _of_stores(boot: SecureBoot, doubts: list[str]) -> Iterator[Finding]:
    doubts += boot.unread
    for store in boot.stores:
        doubts += [f"{store.at.part}: {problem}" for problem in store.problems]
        tests = dict.fromkeys((key.list, key.subject) for key in store.keys if key.is_test)
        for name, subject in tests:
            message = f"{name} of {store.at.part} has a test key, whose private key is public: {subject}"
            yield Finding(f"test-key {name}", message, at=store.at, remedy=ENROL, evidence=subject)
    if not boot.deciding:
        doubts.append("the variables in the image do not say whether secure boot is on")
    elif boot.state is State.UNKNOWN:
        doubts.append("the stores of variables in the image do not agree on whether secure boot is on")
    elif boot.state in SAID:
        key, words = SAID[boot.state]
        at = boot.deciding[0].at
        yield Finding(key, f"{at.part}: {words}", at=at, remedy=ENROL)


def _of_programs(programs: EfiPrograms, doubts: list[str]) -> Iterator[Finding]:
    doubts += programs.unread
    for one in programs.started:
        if one.accepted is not True and not one.is_signed:
            yield _finding(one, "is not signed")
        elif one.accepted is not True and one.broken is not None:
            yield _finding(one, f"is signed, and the signature does not hold: {one.broken}")
        elif one.accepted is False:
            yield _finding(one, f"is signed by {one.signers[0]}, and the firmware's keys refuse it: {one.why}")
        else:
            if one.accepted is None:
                doubts.append(f"whether {one.name} is let in by the firmware's keys: {one.why}")
            yield from _of_loads(one, doubts)


def _of_loads(one: EfiProgram, doubts: list[str]) -> Iterator[Finding]:
    open = [each for each in one.loads if each.is_covered is False]
    unsure = [each for each in one.loads if each.is_covered is None]
    if open:
        message = f"{one.name} is signed, and loads what no signature covers: {_listed(open)}"
        yield Finding(f"loads {one.name}", message, one.at, UNIFY, Severity.MEDIUM)
    if unsure:
        doubts.append(f"whether a signature covers what {one.name} loads: {_listed(unsure)}")


def _listed(files: list[Loaded]) -> str:
    names = list(dict.fromkeys(f"{each.kind} {each.path}" for each in files))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _finding(one: EfiProgram, message: str) -> Finding:
    key = f"{one.at.part} {one.at.path}" if one.at.path else f"{one.at.part}"
    return Finding(
        key, f"{one.name} {message}", at=one.at, remedy=SIGN, evidence=one.why if one.accepted is False else None
    )
