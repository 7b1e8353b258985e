"""What is drawn from a certificate, and from nothing else: a page, a summary for CI, badges, JUnit's report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proctor.report.certificate import NAME, save
from proctor.report.document import Certificate, formed
from proctor.report.pages.badge import badge_json, badge_svg
from proctor.report.pages.junit import junit
from proctor.report.pages.markdown import markdown
from proctor.report.pages.page import page

PAGE = "certificate.html"
DRAWN = (PAGE, "certificate.md", "badge.svg", "badge.json", "junit.xml")


def write_report(document: dict[str, Any], folder: Path) -> Path:
    """Leave certificate.json and all that is drawn from it in `folder`, made if missing; the path of certificate.json.

    The page links to timelines that stand in the folder. Raises Unreadable, before anything is written, if the document
    is no certificate (`read_document` reads one); OSError if the folder can't be written.
    """
    certificate = formed(document, Certificate)
    path = save(document, folder)
    timelines = frozenset(found.relative_to(folder).as_posix() for found in folder.glob("timelines/*.html"))
    drawn = (
        page(certificate, timelines),
        markdown(certificate),
        badge_svg(certificate),
        badge_json(certificate),
        junit(certificate),
    )
    for name, text in zip(DRAWN, drawn, strict=True):
        (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def discard_report(folder: Path) -> None:
    """Remove what `write_report` has left in `folder`, if anything: it is not of the examination that begins now, which
    may come to no certificate. Raises OSError.
    """
    for name in (NAME, *DRAWN):
        (folder / name).unlink(missing_ok=True)


def whereabouts(path: Path) -> str:
    """Where to find the certificate that `write_report` has left at `path`: what programs read, and what people do."""
    return f"certificate: {path}, as a page: {path.with_name(PAGE)}"
