"""What a command line says of something that an option decides too."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.checks.kernel.command_line import lacking, undoing
from firmward.checks.kernel.command_line.words import Words, listed, security_module, setting, switched_off, switched_on
from firmward.checks.kernel.options import rows
from firmward.facts.kernel_command_line import Argument, CommandLine
from firmward.formats.boot_arguments import arguments
from firmward.model.location import Location

ALL = (*(row.words for row in rows() if row.words is not None), *(row.words for row in lacking.ROWS))


def line(text: str) -> CommandLine:
    return CommandLine(arguments(text), Location("boot/cmdline.txt"), is_whole=True)


def advised(words: Words) -> Argument:
    found = re.fullmatch(r"(\w+) in lsm=", words.advice)
    (word,) = line(f"lsm={found[1]}" if found else words.advice).arguments
    return word


@pytest.mark.parametrize(
    ("words", "text", "said"),
    [
        (switched_on("init_on_alloc"), "init_on_alloc=1", True),
        (switched_on("init_on_alloc"), "quiet init-on-alloc=on", True),
        (switched_on("init_on_alloc"), "init_on_alloc=True", True),
        (switched_on("init_on_alloc"), "init_on_alloc=off", False),
        (switched_on("init_on_alloc"), "init_on_alloc=1 init_on_alloc=0", False),
        (switched_on("init_on_alloc"), "init_on_alloc=0 init_on_alloc=y", True),
        (switched_on("init_on_alloc"), "init_on_alloc=0 init_on_alloc=maybe", False),
        (switched_on("init_on_alloc"), "init_on_alloc", None),
        (switched_on("init_on_alloc"), "quiet", None),
        (switched_on("init_on_alloc"), "quiet -- init_on_alloc=1", None),
        (switched_on("arm-smmu.disable_bypass"), "arm-smmu.disable_bypass=1", True),
        (switched_off("bdev_allow_write_mounted"), "bdev_allow_write_mounted=0", True),
        (switched_off("bdev_allow_write_mounted"), "bdev_allow_write_mounted=1", False),
        (setting("tsx", "off", "on|auto"), "tsx=off", True),
        (setting("tsx", "off", "on|auto"), "tsx=auto", False),
        (setting("tsx", "off", "on|auto"), "tsx=of", None),
        (listed("intel_iommu", "on", "(?:.*,)?off(?:,.*)?"), "intel_iommu=igfx_off,on", True),
        (listed("intel_iommu", "on", "(?:.*,)?off(?:,.*)?"), "intel_iommu=igfx_off", None),
        (security_module("yama"), "lsm=landlock,yama,bpf", True),
        (security_module("yama"), "lsm=landlock,yamato", False),
    ],
)
def test_the_last_word_that_the_kernel_understands_counts(words: Words, text: str, said: bool | None) -> None:
    assert words.says(line(text)) is said


def test_it_is_on_where_each_line_has_it() -> None:
    words = switched_on("init_on_free")
    assert words.is_on([line("init_on_free=1"), line("quiet init_on_free=1")])
    assert not words.is_on([line("init_on_free=1"), line("quiet")])
    assert not words.is_on([])


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.advice)
def test_the_advice_is_a_word_that_has_it(words: Words) -> None:
    word = advised(words)
    assert word.name in words.names
    assert words.says(line(str(word))) is True


@pytest.mark.parametrize("words", ALL, ids=lambda words: words.advice)
def test_a_word_for_a_protection_is_none_against_one(words: Words) -> None:
    assert not undoing.tells(advised(words))


@given(st.lists(st.sampled_from(["tsx=off", "tsx=on", "tsx=auto", "quiet", "tsx", "tsx=x"])))
def test_words_that_say_nothing_change_nothing(words: list[str]) -> None:
    said = setting("tsx", "off", "on|auto")
    assert said.says(line(" ".join(words))) is said.says(
        line(" ".join(word for word in words if word in {"tsx=off", "tsx=on", "tsx=auto"}))
    )


@pytest.mark.parametrize(
    "word",
    ["ssbd=force-off", "kpti=off", "init_on_alloc=n", "mitigations=auto;no_user_kernel", "xmon=rw", "xmon", "iommu=pt",
        "mitigations=auto,nosmt,no_guest_host", "iommu.passthrough=on", "slub_merge", "rodata=off"],
)  # fmt: skip
def test_a_word_that_undoes_a_protection_is_told(word: str) -> None:
    assert undoing.tells(line(word).arguments[0])


@pytest.mark.parametrize(
    "word",
    ["ssbd=force-on", "mitigations=auto,nosmt", "mitigations=auto", "xmon=off", "iommu=force", "rodata=full", "tsx=off",
        "slab_nomerge", "iommu.passthrough=0", "hash_pointers=always", "slab_debug=FZ"],
)  # fmt: skip
def test_a_word_that_undoes_none_is_not(word: str) -> None:
    assert not undoing.tells(line(word).arguments[0])
