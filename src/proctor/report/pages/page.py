"""certificate.html: one file that needs nothing else, with every clause and its evidence. Read whole without scripts; a
script of its own filters and searches.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

from proctor.model import PROFILES, Level, Verdict
from proctor.report.document import Certificate
from proctor.report.pages import wording
from proctor.report.pages.templates import rendered
from proctor.report.policy import policy

WORD = 2  # hex digits of a byte


def page(certificate: Certificate, timelines: Collection[str]) -> str:
    """`timelines`: those that stand beside the page and can be linked, as the certificate names them."""
    script = files("proctor.report.pages").joinpath("page.js").read_text(encoding="utf-8")
    there = {clause.verdict for clause in certificate.clauses}
    return rendered(
        "page.html",
        certificate=certificate,
        groups=[(name, [one for one in certificate.clauses if one.profile == name]) for name in PROFILES],
        verdicts=[verdict for verdict in Verdict if verdict in there],
        levels=[level for level in Level if level is not Level.MAY],
        timelines=timelines,
        policy=policy(script),
        say=wording,
        spaced=spaced,
        as_text=as_text,
    )


def spaced(digits: str) -> str:
    return " ".join(digits[at : at + WORD] for at in range(0, len(digits), WORD))


def as_text(digits: str) -> str:
    """Bytes, given in hex, as characters; a dot for what is none. Empty if they are hidden."""
    try:
        return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in bytes.fromhex(digits))
    except ValueError:
        return ""
