"""Whether a shell shows on a serial line."""

import pytest

from firmward.lab.means.root_shell import PROMPT


@pytest.mark.parametrize("said", ["/ # ", "# ", "~ # ", "boot\n/ # \x1b[6n", "lab:/root# "])
def test_a_shells_prompt_is_seen(said: str) -> None:
    assert PROMPT.search(said)


@pytest.mark.parametrize(
    "said", ["## Loading kernel from FIT Image", "=> ", "   Trying 'kernel' # 1", "[    0.1] cpu # 1", "#1 SMP", ""]
)
def test_what_boot_loader_and_kernel_say_is_none(said: str) -> None:
    assert not PROMPT.search(said)
