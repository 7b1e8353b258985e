"""A badge, drawn here, or by shields.io from its endpoint's JSON (https://shields.io/badges/endpoint-badge)."""

from __future__ import annotations

import json

from proctor.report.document import Certificate
from proctor.report.pages.templates import rendered
from proctor.report.pages.wording import headline

LABEL = "proctor"
COLOURS = {"good": "#1f7a45", "bad": "#b3261e", "doubt": "#8a5a00", "none": "#5a6672"}  # white stands out on each
LETTER_PX = 6.1  # of Verdana at 11 px, on average; the text is fitted to what is made of it
MARGIN_PX = 7


def badge_json(certificate: Certificate) -> str:
    message, tone = headline(certificate)
    badge = {"schemaVersion": 1, "label": LABEL, "message": message, "color": COLOURS[tone]}
    return json.dumps(badge, indent=2) + "\n"


def badge_svg(certificate: Certificate) -> str:
    message, tone = headline(certificate)
    return rendered(
        "badge.svg",
        label=LABEL,
        message=message,
        colour=COLOURS[tone],
        label_px=round(len(LABEL) * LETTER_PX),
        message_px=round(len(message) * LETTER_PX),
        margin_px=MARGIN_PX,
    )
