"""Where boot loaders keep the kernel's command line, and how the kernel reads it.

Sources: Linux's admin-guide/kernel-parameters (words apart by blanks, `"` keeps blanks in a value, `-` and `_` are one
in a name, `--` leaves the rest to init); the UAPI boot loader specification (`options`, which add up); extlinux and
U-Boot's distro boot (`append`); GRUB's `linux`, `linux16`, `linuxefi`; U-Boot's `setenv bootargs` in scripts, in
uEnv.txt and in the values of other variables; the Raspberry Pi's cmdline.txt, which is one line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LINE_LIMIT = 16 << 10
"""Characters of one command line; kernels take 256 to 4096."""
LINES = 500
"""Command lines taken from one file."""
EXPANSIONS = 64
"""Variables put into one line."""

_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_SETENV = re.compile(r"\bsetenv\s+(?:-f\s+)?(?:bootargs|cmdline)\s+(?P<value>[^\n]+)")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_ASSIGNED = re.compile(r"(?:set\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>.*)")
_GRUB = re.compile(r"\s*linux(?:16|efi)?\s+(?P<kernel>\S+)(?P<rest>.*)")

FRAGMENTS = frozenset((
    "bootargs", "optargs", "extraargs", "cmdline", "mmcargs", "nandargs", "args", "kernel_args", "bootargs_append",
    "extra_bootargs", "console_bootargs", "defargs", "extra_os_cmdline",
))  # fmt: skip
"""Variables of uEnv.txt and its kin whose value goes into the command line."""


@dataclass(frozen=True, slots=True)
class Argument:
    """`name` as the kernel compares it, with `_` for `-`; `value` is None for a word without `=`."""

    name: str
    value: str | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class Line:
    """A command line as it stands at `number` (from 1) in a file."""

    text: str
    number: int


def arguments(text: str) -> tuple[Argument, ...]:
    """The kernel's words of a command line; what follows `--` is init's."""
    return tuple(argument for argument, _, _ in words(text))


def words(text: str) -> Iterator[tuple[Argument, int, int]]:
    """The kernel's words of a command line, each with where it begins and ends in the text."""
    for match in _WORD.finditer(text[:LINE_LIMIT]):
        word = match[0].replace('"', "")
        if word == "--":
            return
        name, sign, value = word.partition("=")
        yield Argument(name.replace("-", "_"), value if sign else None), match.start(), match.end()


def extlinux(text: str) -> Iterator[Line]:
    """extlinux.conf, syslinux.cfg, isolinux.cfg: `append` lines."""
    return _keyword(text, "append")


def entry(text: str) -> Iterator[Line]:
    """An entry of the boot loader specification: its `options`, which add up."""
    lines = list(_keyword(text, "options"))
    if lines:
        yield Line(" ".join(line.text for line in lines), lines[0].number)


def _keyword(text: str, keyword: str) -> Iterator[Line]:
    for number, line in _numbered(text):
        word, _, rest = line.strip().replace("\t", " ").partition(" ")
        if word.lower() == keyword:
            yield Line(rest.strip(), number)


def grub(text: str) -> Iterator[Line]:
    """grub.cfg, with the variables that it sets to plain words put in."""
    variables: dict[str, str] = {}
    for number, line in _numbered(text):
        assigned = _ASSIGNED.fullmatch(line.strip())
        if assigned and line.strip().startswith("set "):
            variables[assigned["name"]] = assigned["value"].strip("\"'")
        command = _GRUB.fullmatch(line)
        if command:
            yield Line(expanded(command["rest"].strip(), variables), number)


def single(text: str) -> Iterator[Line]:
    """A file that is the command line."""
    for number, line in _numbered(text):
        if line.strip() and not line.lstrip().startswith("#"):
            yield Line(line.strip(), number)
            return


def assignments(text: str) -> Iterator[Line]:
    """uEnv.txt, armbianEnv.txt and their kin: the variables that go into the command line, and `setenv bootargs`."""
    for number, line in _numbered(text):
        assigned = _ASSIGNED.fullmatch(line.strip())
        if assigned and assigned["name"].lower() in FRAGMENTS:
            value = assigned["value"].strip().strip("\"'")
            yield from (Line(told, number) for told in _set(value) or (value,))


def script(text: str) -> Iterator[Line]:
    """A script of U-Boot's."""
    variables: dict[str, str] = {}
    for number, line in _numbered(text):
        words = line.strip().split(None, 2)
        if len(words) == 3 and words[0] == "setenv" and words[1] not in ("bootargs", "cmdline"):
            variables[words[1]] = words[2].strip("\"'")
        for told in _set(line):
            yield Line(expanded(told, variables), number)


def environment(variables: Mapping[str, str]) -> Iterator[str]:
    """The command lines that an environment makes: `bootargs` itself, and what its commands set it to."""
    if "bootargs" in variables:
        yield expanded(variables["bootargs"], variables)
    for value in variables.values():
        yield from (expanded(told, variables) for told in _set(value))


def _set(text: str) -> tuple[str, ...]:
    """What `setenv bootargs` sets in a row of commands."""
    return tuple(_ended(match["value"]) for match in _SETENV.finditer(text[:LINE_LIMIT]))


def _ended(text: str) -> str:
    """The words up to the `;` or `&&` that ends the command, outside quotes."""
    quote = ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == ";" or text.startswith("&&", place):
            text = text[:place]
            break
    stripped = text.strip()
    whole = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'"
    return stripped[1:-1] if whole and stripped[0] not in stripped[1:-1] else stripped


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """A line with the variables that are known put in; others stay as they are."""
    for _ in range(4):
        left = [EXPANSIONS]

        def value(match: re.Match[str], left: list[int] = left) -> str:
            left[0] -= 1
            name = match[1] or match[2]
            return variables.get(name, match[0]) if left[0] >= 0 and name != "bootargs" else match[0]

        following = _VARIABLE.sub(value, text)[:LINE_LIMIT]
        if following == text:
            break
        text = following
    return text


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, those that a backslash continues joined."""
    taken = 0
    held, first = "", 0
    for number, each in enumerate(text.split("\n"), 1):
        line = each.rstrip("\r")
        first = first or number
        if line.endswith("\\") and len(held) < LINE_LIMIT:
            held += line[:-1] + " "
            continue
        whole, held = (held + line)[:LINE_LIMIT], ""
        if whole.strip():
            taken += 1
            yield first, whole
        first = 0
        if taken >= 100 * LINES:
            return
