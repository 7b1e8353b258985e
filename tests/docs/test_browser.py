"""The site as a browser shows it, to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="looking at a page needs selenium, of the extra `dev`")

from tests.report.browser import Browser, browser, missing_axe

pytestmark = pytest.mark.skipif(missing_axe() is not None, reason=str(missing_axe()))

PHONE_PX, DESK_PX = 390, 1400


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.mark.parametrize(("width", "dark"), [(DESK_PX, False), (PHONE_PX, True)], ids=["desk, light", "phone, dark"])
def test_nothing_keeps_anybody_from_using_a_page(width: int, dark: bool, site: Path, window: Browser) -> None:
    window.pretend(width, dark=dark)
    pages = [page for page in sorted(site.rglob("*.html")) if page.parent != site or page.name != "index.html"]
    assert len(pages) > 15
    for page in pages:
        window.open(page)
        assert not window.barriers(), page.name
