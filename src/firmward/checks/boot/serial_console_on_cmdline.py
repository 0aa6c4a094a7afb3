"""serial-console-on-cmdline"""

from firmward.checks.boot.declared.console import closing
from firmward.facts.consoles import Consoles, ConsoleWord
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, RemoveKernelWord, Safety, SetKernelWord, Stage

EXTLINUX = "boot/extlinux/extlinux.conf"
OUTPUT_ONLY = '[boot]\nconsole = "output-only"\n'


@check(
    title="The kernel talks on a serial line",
    severity=Severity.LOW,
    practice="P09",
    cwe=1191,
    bad=(
        Example({EXTLINUX: "LABEL linux\n  APPEND root=/dev/mmcblk0p2 ro console=ttyS0,115200n8\n"}),
        Example({"boot/cmdline.txt": "console=serial0,115200 console=tty1 root=PARTUUID=6c586e13-02\n"}),
        Example({"boot/grub/grub.cfg": "linux /Image root=/dev/sda2 ro earlycon=pl011,0x9000000 console=ttynull\n"}),
    ),
    good=(
        Example({EXTLINUX: "LABEL linux\n  APPEND root=/dev/mmcblk0p2 ro console=ttynull\n"}),
        Example({"boot/cmdline.txt": "console=tty1 root=PARTUUID=6c586e13-02 quiet\n"}),
        Example({EXTLINUX: "LABEL linux\n  APPEND root=/dev/vda console=ttyAMA0\n"}, policy=OUTPUT_ONLY),
    ),
)
def serial_console_on_cmdline(consoles: Consoles, policy: Policy | None) -> Findings:
    """Two wires on a test pad tell whoever opens one device how all of them start: versions, partitions, addresses,
    what fails and when, and keys that a driver prints. The line is where a login, the magic system request key and the
    kernel's debugger listen as well. `console=ttynull` with CONFIG_NULL_TTY, or no console at all, keeps silent; the
    messages stay in the log. A policy with `console = "output-only"` in its section `boot` accepts the output.
    """
    accepted = policy is not None and policy.boot is not None and policy.boot.console == "output-only"
    told: dict[str, list[ConsoleWord]] = {}
    for word in () if accepted else consoles.words:
        if word.is_serial:
            told.setdefault(word.device, []).append(word)
    for device, words in told.items():
        yield _finding(device, words, _silence(consoles), policy)
    if consoles.unread and not accepted:
        raise Unavailable("; ".join(consoles.unread[:3]))
    if not (told or accepted or consoles.is_whole):
        raise Unavailable("no boot loader's configuration in the image gives the whole command line")


def _silence(consoles: Consoles) -> tuple[Change, ...]:
    """Without a word for a console that stays the kernel takes the first one that it finds."""
    stays = any(not word.is_serial and not word.is_early for word in consoles.words)
    return () if stays else (SetKernelWord("console=ttynull"),)


def _finding(device: str, words: list[ConsoleWord], silence: tuple[Change, ...], policy: Policy | None) -> Finding:
    texts = ", ".join(dict.fromkeys(word.text for word in words))
    when = "before its drivers are there" if all(word.is_early for word in words) else "as long as it runs"
    return Finding(
        device,
        f"the kernel is started with {texts}: it talks on a serial line {when}",
        at=words[0].at,
        evidence=texts[:400],
        remedy=Remedy(
            f"Take {texts[:200]} off the kernel's command line, or name a console that is none: console=ttynull",
            closing(policy),
            Stage.SOURCE,
            (*(RemoveKernelWord(text) for text in dict.fromkeys(word.text for word in words)), *silence),
            "" if closing(policy) is Safety.SAFE else "nobody sees the kernel's messages on the serial line any more",
        ),
    )
