"""A timeline as one HTML text that needs nothing else: no network, no file beside it.

What the history says reaches the page in three ways, each of which escapes it: as text by Jinja, as JSON by Jinja, and
as text of the figure. The page's policy lets no script run but its own two, known by their digests, and loads nothing.
"""

from __future__ import annotations

from typing import Any

from proctor.report.policy import policy
from proctor.report.timeline.figure import figure
from proctor.report.timeline.looks import EFFECT, LOOKS, VIOLATION
from proctor.report.timeline.model import Style, Timeline
from proctor.report.timeline.text import summary, text_of
from proctor.report.timeline.thinning import thinned

SHAPES = {"": "plain", "/": "striped", "x": "crossed", ".": "dotted"}


def page(timeline: Timeline) -> str:
    # Loaded here and not at the top: text is drawn without them, and every command of `proctor` would pay for it.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415
    from plotly.offline import get_plotlyjs  # noqa: PLC0415

    loader = PackageLoader("proctor.report.timeline", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    css, script = (loader.get_source(environment, name)[0] for name in ("page.css", "page.js"))
    plotly, drawn = get_plotlyjs(), thinned(timeline)
    return environment.get_template("page.html").render(
        timeline=drawn,
        summary=summary(timeline),
        legend=legend(drawn),
        text="\n".join(text_of(timeline)),
        figure=figure(drawn),
        policy=policy(plotly, script),
        css=Markup(css),
        plotly=Markup(plotly),
        script=Markup(script),
    )


def legend(timeline: Timeline) -> list[dict[str, Any]]:
    """What is on this page, and no more."""
    there = {span.style for lane in timeline.lanes for span in lane.spans}
    keys = [
        {"name": str(style), "colour": LOOKS[style].colour, "shape": SHAPES[LOOKS[style].pattern]}
        for style in Style
        if style in there
    ]
    if any(fault.effective is not None for fault in timeline.disturbances):
        keys.append({"name": "took effect", "colour": EFFECT.colour, "shape": "diamond"})
    if timeline.violations:
        keys.append({"name": "violated", "colour": VIOLATION, "shape": "line"})
    return keys
