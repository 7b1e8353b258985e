"""The limits in the kit and the table of them in the spec are one."""

import re
from pathlib import Path

import pytest

from proctor.limits import LIMITS, Limit

README = Path(__file__).parents[1] / "spec" / "README.md"
ROW = re.compile(
    r"\| `(?P<name>\w+)` \| (?P<unit>\S+) \| (?P<default>\S+) \| (?P<least>\S+) \| (?P<most>\S+) \| (?P<meaning>.+) \|"
)


def table() -> list[Limit]:
    """The rows of the spec's table."""
    return [
        Limit(row["name"], row["unit"], float(row["default"]), float(row["least"]), float(row["most"]), row["meaning"])
        for row in ROW.finditer(README.read_text(encoding="utf-8"))
    ]


def test_the_spec_and_the_kit_hold_the_same_limits() -> None:
    assert table() == list(LIMITS.values())


@pytest.mark.parametrize("limit", LIMITS.values(), ids=lambda limit: limit.name)
def test_a_default_lies_within_its_bounds(limit: Limit) -> None:
    assert 0 < limit.least <= limit.default <= limit.most


@pytest.mark.parametrize("limit", LIMITS.values(), ids=lambda limit: limit.name)
def test_a_limit_has_its_unit_last_in_its_name(limit: Limit) -> None:
    """Whoever scales times, and only times, goes by the name."""
    assert (limit.unit == "s") == (limit.name.endswith("_s") and not limit.name.endswith("_per_s"))


def test_four_letters_are_over_every_frame_limit() -> None:
    """So that a text protocol on the wrong port is refused at once, in either byte order."""
    assert LIMITS["max_frame_bytes"].most < int.from_bytes(b"    ", "big")
