"""A kernel's configuration in few words, and what a check says of a system with one."""

from firmward.audit.engine import Verdict, families, judge
from firmward.audit.example import CLOCK
from firmward.facts.collection import Collection
from firmward.facts.kernel_command_line import CommandLine
from firmward.facts.kernel_config import KernelOptions
from firmward.formats import boot_arguments, kernel_config
from firmward.model.check import Check
from firmward.model.facts import Facts
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import parse_policy
from firmward.model.tree import Tree

REST = "".join(f"CONFIG_DRIVER_{number}=y\n" for number in range(100))


def config(words: str, version: str = "6.12.30", architecture: str = "arm64") -> str:
    """A complete one: what the words do not name is off."""
    title = f"# Automatically generated file; DO NOT EDIT.\n# Linux/{architecture} {version} Kernel Configuration\n"
    return title + defconfig(words) + REST


def defconfig(words: str) -> str:
    return "".join(f"CONFIG_{word}\n" for word in words.split())


def options(text: str, release: str = "") -> KernelOptions:
    said = kernel_config.parse(text)
    at = Location(f"boot/config-{release}")
    return KernelOptions(at, said.settings, said.is_complete, said.version, release, said.architecture)


def line(text: str) -> CommandLine:
    return CommandLine(boot_arguments.arguments(text), Location("boot/cmdline.txt"), is_whole=True)


def system(words: str, command_line: str | None = "", version: str = "6.12.30", **more: Content) -> dict[str, Content]:
    """A root with one kernel, and what starts it unless that is None."""
    files: dict[str, Content] = {f"boot/config-{version}": config(words, version), **more}
    return files if command_line is None else files | {"boot/cmdline.txt": f"root=/dev/sda2 ro {command_line}\n"}


def judged(check: Check, tree: Tree | dict[str, Content], policy: str | None = None, **facts: object) -> Verdict:
    """What the check says of these files, each of `facts` standing for its family."""
    tree = MemoryTree(tree) if isinstance(tree, dict) else tree
    collected = Collection(tree).facts("example", families([check]))
    told = {**collected.families, **{type(fact): fact for fact in facts.values()}}
    declared = None if policy is None else parse_policy(policy)
    return judge(check, Facts("example", collected.source, told), declared, CLOCK)
