"""The heads of AppArmor profiles, and apparmor_parser as a witness."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.apparmor import Profile, matches, parse, paths

TEXT = """abi <abi/3.0>,
#include <tunables/global>
include <tunables/global>
@{exec_path} = /usr/bin/one
@{exec_path} += /opt/{a,b}/one # comment {
profile one @{exec_path} flags=(attach_disconnected, complain) {
  #include <abstractions/base>
  /{usr/,}bin/x ix,
  /tmp/{a,b} rw,
  profile child {
    /x r,
  }
  ^hat flags=(complain) {
    /y r,
  }
}
/usr/sbin/two {
  include if exists <local/two>
}
"/opt/with blank/three" (complain) { /a r, }
profile four xattrs=(security.tag=four) flags=(unconfined) {
}
profile five
  /usr/sbin/five
  flags=(complain)
{
  capability,
}
"""


def test_heads_name_programs_and_modes() -> None:
    file = parse(TEXT)
    assert file.profiles == (
        Profile("one", "@{exec_path}", frozenset({"attach_disconnected", "complain"}), 6),
        Profile("/usr/sbin/two", "/usr/sbin/two", frozenset(), 17),
        Profile("/opt/with blank/three", "/opt/with blank/three", frozenset({"complain"}), 20),
        Profile("four", None, frozenset({"unconfined"}), 21),
        Profile("five", "/usr/sbin/five", frozenset({"complain"}), 23),
    )
    assert file.variables == {"@{exec_path}": ("/usr/bin/one", "/opt/{a,b}/one")}
    assert not file.is_cut


def test_a_file_that_ends_inside_a_profile_says_so() -> None:
    assert parse("/usr/bin/a {\n  /x r,\n").is_cut


@pytest.mark.parametrize(
    ("attachment", "path", "fits"),
    [
        ("/usr/bin/a", "/usr/bin/a", True),
        ("/usr/bin/a", "/usr/bin/b", False),
        ("/{,usr/}{,s}bin/a", "/usr/sbin/a", True),
        ("/{,usr/}{,s}bin/a", "/bin/a", True),
        ("/usr/bin/*", "/usr/bin/a", True),
        ("/usr/*", "/usr/bin/a", False),
        ("/usr/**", "/usr/bin/a", True),
        ("/usr/bin/py[23]", "/usr/bin/py3", True),
        ("@{bin}/a", "/usr/sbin/a", True),
        ("@{own}/a", "/srv/own/a", True),
        ("@{nobody}/a", "/any/where/a", True),
    ],
)
def test_an_attachment_means_paths(attachment: str, path: str, fits: bool) -> None:
    assert matches(path, paths(attachment, {"@{own}": ("/srv/own",)})) is fits


@pytest.mark.parametrize("attachment", ["/{a,b}" * 20, "@{x}", "{" * 5000, "/" + "*a" * 2000])
def test_an_attachment_that_multiplies_comes_to_an_end(attachment: str) -> None:
    patterns = paths(attachment, {"@{x}": ("@{x}", "@{x}@{x}")})
    assert not matches("/" + "a" * 2000 + "b", patterns)


@given(st.text(alphabet='ab/{}@*,"()\n#= profileflagscomplain', max_size=400))
def test_any_text_is_read(text: str) -> None:
    file = parse(text)
    for profile in file.profiles:
        paths(profile.attachment or "", file.variables)


@pytest.mark.skipif(shutil.which("apparmor_parser") is None, reason="apparmor is not installed")
def test_apparmor_names_the_same_profiles(tmp_path: Path) -> None:
    file = tmp_path / "profiles"
    file.write_text(TEXT.replace("profile four xattrs=(security.tag=four)", "profile four"))
    told = subprocess.run(
        ["apparmor_parser", "--names", "--base", "/etc/apparmor.d", str(file)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    names = [name for name in told.stdout.splitlines() if "//" not in name]
    assert sorted(names) == sorted(profile.name for profile in parse(TEXT).profiles), told.stderr
