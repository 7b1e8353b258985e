"""What Sphinx writes and a reader without a mouse or without eyes stumbles over: axe calls it serious."""

from __future__ import annotations

from typing import Any

REPAIRS = (
    (' role="heading">', ' role="heading" aria-level="2">'),  # captions of the table of contents: headings of no level
    ("<pre>", '<pre tabindex="0">'),  # what is wider than its place is scrolled by the keyboard, too
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
)
WHERE = ("body", "furo_navigation_tree")


def repair(_app: object, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """The page that is about to be written, in place."""
    for part in WHERE:
        for found, better in REPAIRS:
            context[part] = context.get(part, "").replace(found, better)
