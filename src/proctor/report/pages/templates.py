"""Renders the templates that stand beside this module. All that they are given is escaped."""

from __future__ import annotations

from typing import Any

from proctor.process.text import legible


def rendered(name: str, **given: Any) -> str:
    # Loaded here and not at the top: every command of `proctor` would pay for it.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup, escape  # noqa: PLC0415

    loader = PackageLoader("proctor.report.pages", ".")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

    def ours(file: str) -> Markup:
        """A file beside the templates, as it stands."""
        return Markup(loader.get_source(environment, file)[0])

    def spoken(text: str) -> Markup:
        """Prose of the spec, in which code stands between backticks."""
        parts = [escape(legible(part)) for part in text.split("`")]
        return Markup("").join(
            Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts)
        )

    environment.globals["ours"] = ours
    environment.filters["shown"] = legible
    environment.filters["spoken"] = spoken
    return environment.get_template(name).render(**given)
