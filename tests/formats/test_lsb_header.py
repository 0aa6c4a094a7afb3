"""Of the header of an init script the words count, by keyword, and nothing around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats import lsb_header

HEADER = """\
#!/bin/sh
# Provides: nothing yet
### BEGIN INIT INFO
# Provides:          app app-control
# Required-Start:\t$remote_fs  $syslog
# Default-Start:     2 3
# Description:       The app: what it does
#                    goes on here
# X-Start-Before:
# provides:          again
### END INIT INFO
# Should-Start:      late
"""


def test_the_words_stand_by_keyword() -> None:
    assert lsb_header.parse(HEADER) == {
        "provides": ("app", "app-control", "again"),
        "required-start": ("$remote_fs", "$syslog"),
        "default-start": ("2", "3"),
        "description": ("The", "app:", "what", "it", "does"),
        "x-start-before": (),
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#!/bin/sh\n# Provides: app\n",
        HEADER.replace("### END INIT INFO\n", ""),
        HEADER.replace("### BEGIN INIT INFO\n", ""),
        "### END INIT INFO\n### BEGIN INIT INFO\n# Provides: app\n",
        "\n" * lsb_header.SIZE_LIMIT + HEADER,
    ],
)
def test_without_both_its_lines_there_is_none(text: str) -> None:
    assert lsb_header.parse(text) is None


@given(st.text(alphabet="#: ABC-\n$", max_size=200))
def test_any_text_between_the_lines_is_read(text: str) -> None:
    found = lsb_header.parse(f"{lsb_header.BEGIN}\n{text}\n{lsb_header.END}\n")
    assert found is not None
    assert all(key == key.lower() and all(word == word.strip() for word in words) for key, words in found.items())
