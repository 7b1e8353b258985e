"""The site: built strictly, whole, and from what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import proctor.api
from docs.docstrings import rst
from docs.tables import filled, made
from proctor.api import Fault, Trigger
from proctor.limits import LIMITS
from proctor.model import PROFILES
from tests.docs.building import build

pytest.importorskip("sphinx", reason="the site is made with Sphinx, of the extra `docs`")

OUTSIDE = re.compile(r"""(?:src="|<link[^>]*href="|@import\s|url\(["']?)(?:https?:)?//[^"')\s]*""")


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_page_is_there_and_asks_nobody_else_for_anything(site: Path) -> None:
    names = {str(page.relative_to(site)) for page in pages(site)}
    assert {
        "index.html",
        "docs/start.html",
        "docs/api.html",
        *(f"spec/{profile}.html" for profile in PROFILES),
    } <= names
    files = [*pages(site), *site.rglob("*.css")]
    assert not [(file, found) for file in files for found in OUTSIDE.findall(file.read_text(encoding="utf-8"))]


def test_every_command_and_public_name_has_its_place(site: Path) -> None:
    commands, api = ((site / "docs" / page).read_text(encoding="utf-8") for page in ("commands.html", "api.html"))
    assert 'id="proctor-reproduce"' in commands
    missing = [name for name in proctor.api.__all__ if f'id="proctor.api.{name}"' not in api]
    assert not [name for name in missing if isinstance(getattr(proctor.api, name), type)]


@pytest.mark.parametrize(
    ("link", "told"),
    [("nowhere.md", "nowhere.md"), ("index.md#nowhere", "'nowhere'"), ("#nowhere", "'nowhere'"), ("../spec", "spec")],
)
def test_a_link_to_nowhere_stops_the_build(link: str, told: str, tmp_path: Path) -> None:
    """A reader would be the first to notice."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Title\n\nSee [there]({link}).\n")
    run = build(tmp_path, tmp_path / "made")
    assert run.returncode == 1
    assert told in run.stderr
    assert "docs/index.md:3" in run.stderr


def test_every_fault_and_trigger_is_described() -> None:
    text = made("faults") + made("triggers")
    public = (getattr(proctor.api, name) for name in proctor.api.__all__)
    kinds = {kind for kind in public if isinstance(kind, type) and issubclass(kind, Fault | Trigger)}
    described = set(re.findall(r"^\*\*`(\w+)`\*\*$", text, re.MULTILINE))
    assert described == {kind.__name__ for kind in kinds} - {"Fault", "Trigger"}


def test_every_limit_has_a_row() -> None:
    rows = made("limits").splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(LIMITS)


def test_the_tables_of_the_manifest_are_those_of_the_readme() -> None:
    assert '| `ready` | `"node"` or `"port"` or `"workers"` | `"node"` |' in made("manifest")
    assert "| `command` | a list of: text | must be there |" in made("manifest")
    assert "| `profiles` | a list of: text | must be there |" in made("manifest")


def test_what_is_asked_for_and_not_made_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing is made from the code as 'fault'; there are faults, triggers"):
        filled("before\n<!-- from the code: fault -->\nafter\n")


def test_a_docstring_is_text_and_blocks() -> None:
    lines = ["Takes *args and a_ `name_*`.", "", "    with it:", "", "        pass", "", "More."]
    assert list(rst(lines)) == [
        r"Takes \*args and a\_ `name_*`.",
        "",
        "::",
        "",
        "    with it:",
        "",
        "        pass",
        "",
        "More.",
    ]
