"""Bugs that are planted on purpose: each patch in this folder takes one guard away, and the tests it names must see it.

The first line of a patch says which promise it breaks and ends with ``Red:`` and the tests.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATCHES = sorted(HERE.glob("*.patch"))
PATIENCE = 120.0  # seconds, on a machine that has much else to do
OF_THE_TREE = ("*.py", "pyproject.toml", "requirements*.txt")
ROOMS = ("blueprints", "domain", "tables", "gateways", "migrations", "static", "templates", "tests", "locales", "mappings", "web")
ASSERTED = ("AssertionError", "assert ", "Failed: DID NOT RAISE")


def named_in(patch: Path) -> list[str]:
    """The tests that a patch must turn red."""
    return patch.read_text().partition("\n")[0].partition("Red: ")[2].split(" | ")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the portal and its tests."""
    copy = tmp_path / "portal"
    copy.mkdir()
    for pattern in OF_THE_TREE:
        for file in ROOT.glob(pattern):
            shutil.copy2(file, copy)
    for room in ROOMS:
        if (ROOT / room).is_dir():
            shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("planted", "browser", "data"))
    return copy


def apply(patch: Path, tree: Path) -> None:
    """Change the copy; not a line may stand otherwise than the patch says."""
    apart = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}  # the copy may lie inside somebody's repository
    by = [["git", "apply", str(patch)], ["patch", "-p1", "--fuzz=0", "--input", str(patch)]]
    command = next((one for one in by if shutil.which(one[0])), None)
    assert command, "neither git nor patch is installed, and one of them is needed to plant a bug"
    done = subprocess.run(command, cwd=tree, env=apart, capture_output=True, text=True)
    assert done.returncode == 0, f"{patch.name} is stale: {done.stdout}{done.stderr}"


def run(tests: list[str], tree: Path) -> dict[str, str]:
    """Run the tests of the copy; what each of them failed with, or nothing for one that is green."""
    report = tree / "report.xml"
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DOORSTEP_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *tests], cwd=tree,
        env={**ours, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-2000:]
    found = {case.get("name", ""): case for case in ElementTree.parse(report).iter("testcase")}
    assert len(found) == len(tests), f"{tests} are {sorted(found)}"
    assert not [name for name, case in found.items() if case.find("error") is not None], done.stdout[-3000:]
    assert not [name for name, case in found.items() if case.find("skipped") is not None], "what is skipped shows nothing"
    failures = {name: case.find("failure") for name, case in found.items()}
    return {name: "" if failure is None else failure.get("message", "") for name, failure in failures.items()}


def test_the_ten_are_there_and_each_names_its_tests():
    wanted = {"owner_filter", "immediate", "lease_token", "escape", "get_guard", "unique_index", "csrf", "consent"}
    assert wanted <= {patch.stem for patch in PATCHES}
    assert len(PATCHES) >= 10
    for patch in PATCHES:
        assert all(named_in(patch)), f"the first line of {patch.name} does not end with Red: and the tests"


@pytest.mark.long
def test_without_a_planted_bug_all_of_their_tests_are_green(tree):
    every = list(dict.fromkeys(test for patch in PATCHES for test in named_in(patch)))
    assert run(every, tree) == dict.fromkeys((test.partition("::")[2] for test in every), "")


@pytest.mark.long
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_planted_bug_is_seen(patch, tree):
    apply(patch, tree)
    for name, message in run(named_in(patch), tree).items():
        assert message, f"{name} does not see {patch.stem}"
        assert message.startswith(ASSERTED), f"{name} fails for another reason: {message}"
