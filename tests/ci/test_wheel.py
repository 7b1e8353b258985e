"""What `pip install` of the wheel gives: the whole suite, which examines as a checkout does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from proctor.places import CHECKOUT
from tests.ci.installed import Installed, build

PROCTOR = str(Path(sys.executable).with_name("proctor"))
SECTION = "conformance/wire/test_methods.py"
CARRIED = {"conformance", "chaos", "spec", "reference", "tests"}


def certificate(report: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((report / "certificate.json").read_text())
    return document


def cases(document: dict[str, Any]) -> dict[str, str]:
    return {case["case"]: case["verdict"] for clause in document["clauses"] for case in clause["cases"]}


def test_an_installed_suite_certifies_as_a_checkout_does(installed: Installed, tmp_path: Path) -> None:
    """Or nobody could verify a certificate that was made elsewhere."""
    here = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", SECTION, f"--report={tmp_path / 'here'}"]
    subprocess.run(here, cwd=CHECKOUT, check=True, capture_output=True, timeout=600)
    module = f"proctor.suite.{SECTION.removesuffix('.py').replace('/', '.')}"
    ran = installed.run("pytest", "-q", f"--impl={CHECKOUT / 'reference'}", "--pyargs", module)
    assert ran.status == 0, ran.text
    ours, theirs = certificate(tmp_path / "here"), certificate(tmp_path / "report")
    assert cases(ours) == cases(theirs)
    assert all(case.startswith(SECTION) for case in cases(theirs))
    for bound in ("implementation", "spec", "suite"):
        assert ours[bound] == theirs[bound]
    verified = installed.run(
        "proctor", "verify", str(tmp_path / "here" / "certificate.json"), f"--impl={CHECKOUT / 'reference'}"
    )
    assert verified.status == 0, verified.text
    told = subprocess.run(
        [PROCTOR, "verify", str(tmp_path / "report" / "certificate.json"), "--impl=reference"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (told.returncode, told.stdout) == (0, verified.text)


def test_the_whole_suite_is_collected_and_examines_the_reference_unless_it_is_told_otherwise(
    installed: Installed,
) -> None:
    ran = installed.run("pytest", "--collect-only", "-q", "--pyargs", "proctor.suite")
    assert ran.status == 0, ran.text
    here = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", "conformance", "chaos"]
    told = subprocess.run(here, cwd=CHECKOUT, check=True, capture_output=True, text=True, timeout=600).stdout
    assert collected(ran.text) == collected(told)
    assert any(case.startswith("chaos/test_workers.py::") for case in collected(ran.text))


def collected(text: str) -> set[str]:
    return {line for line in text.splitlines() if "::" in line}


def test_a_failure_is_shown_again_by_its_command(installed: Installed) -> None:
    impl = CHECKOUT / "tests" / "broken"
    ran = installed.run("pytest", f"--impl={impl}", "-q", "-k", "test_workers_that_die_together")
    assert ran.status == 1, ran.text
    (again,) = re.findall(r"^again:  (.*)$", ran.text, re.MULTILINE)
    assert "  at conformance/supervision/test_reaping.py:" in ran.text
    second = installed.run("sh", "-c", again)
    assert second.status == 1, second.text
    assert again in second.text


def test_failure_modes_are_listed_and_reproduced(installed: Installed) -> None:
    listed = installed.run("proctor", "list", "--json")
    assert listed.status == 0, listed.text
    ours = subprocess.run([PROCTOR, "list", "--json"], check=True, capture_output=True, text=True, timeout=60).stdout
    assert json.loads(listed.text) == json.loads(ours)
    staged = installed.run("proctor", "reproduce", "F1")
    assert staged.status == 0, staged.text


def test_two_builds_are_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_holds_what_it_should_and_nothing_else(wheel: Path) -> None:
    files = [Path(name) for name in ZipFile(wheel).namelist()]
    metadata = {f"proctor-{version('proctor')}.dist-info"}
    assert {file.parts[0] for file in files} == {"proctor"} | metadata
    assert Path("proctor/py.typed") in files
    suite = [file.relative_to("proctor/suite") for file in files if file.is_relative_to("proctor/suite")]
    assert {file.parts[0] for file in suite} == CARRIED | {"__init__.py"}
    assert {file.parts[1] for file in suite if file.parts[0] == "tests"} == {"__init__.py", "broken"}
    assert any(file.name == "LICENSE" for file in files)
    assert not [file for file in files if file.suffix == ".pyc" or (file.name.startswith(".") and file.suffix)]


def test_the_source_distribution_holds_no_more_than_the_repository(tmp_path: Path) -> None:
    with tarfile.open(build(tmp_path, "sdist")) as archive:
        inside = {str(Path(*Path(name).parts[1:])) for name in archive.getnames()}
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    assert inside == {*listed.stdout.splitlines(), "PKG-INFO"}


# --- versions


def test_the_changelog_is_of_this_version() -> None:
    latest = re.search(r"^## \[(.+?)\]", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert latest
    assert latest[1] == version("proctor")


def test_everything_that_a_gate_installs_is_pinned_and_is_what_ours_runs_with() -> None:
    """A version that floats makes a gate red on a day when nobody changed anything."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    pins = {
        canonicalize_name(name): pin
        for name, _, pin in (line.partition("==") for line in project["optional-dependencies"]["pinned"])
    }
    wanted = {name: version(name) for name in set(stood_on("proctor"))}
    assert pins == wanted


def stood_on(package: str, extras: frozenset[str] = frozenset({""})) -> Iterator[str]:
    """What a distribution depends on, and what that depends on."""
    for line in requires(package) or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
            yield canonicalize_name(needed.name)
            yield from stood_on(needed.name, frozenset({"", *needed.extras}))
