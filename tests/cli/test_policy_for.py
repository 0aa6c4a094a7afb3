"""A folder that `firmward build` wrote is judged by the policy that it was built from, unless another is given."""

from pathlib import Path

from firmward.cli.judging import policy_for


def test_the_policy_of_a_build_is_taken_where_none_is_given(tmp_path: Path) -> None:
    for name in ("build.json", "device.toml"):
        (tmp_path / name).touch()
    assert policy_for(None, tmp_path) == tmp_path / "device.toml"


def test_a_policy_that_is_given_wins(tmp_path: Path) -> None:
    for name in ("build.json", "device.toml"):
        (tmp_path / name).touch()
    other = tmp_path / "other.toml"
    assert policy_for(other, tmp_path) == other


def test_a_policy_in_any_other_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "device.toml").touch()
    assert policy_for(None, tmp_path) is None
    assert policy_for(None, None) is None
    assert policy_for(None, tmp_path / "firmware.img") is None
