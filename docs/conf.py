"""How Sphinx makes the site, with the checkout as its source: a link between pages holds here and on GitHub alike.

`make docs` leaves it in docs/site/. Every warning is an error, and a link to nowhere is a warning.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parents[1]))  # Sphinx puts no folder there that isn't its own

from docs import accessible, docstrings, tables

project = "Proctor"
version = release = version_of("proctor")
root_doc = "docs/index"
include_patterns = ["CHANGELOG.md", "docs/*.md", "spec/**.md"]
exclude_patterns = [".*", "**/node_modules", "report", "src", "tests", "examples", "docs/site"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

default_role = "code"
autodoc_member_order = "groupwise"
autodoc_typehints_format = "short"

html_theme = "furo"
html_title = f"Proctor {version}"
html_extra_path = ["root"]
html_copy_source = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    app.connect("source-read", tables.fill)
    app.connect("autodoc-process-docstring", docstrings.to_rst)
    app.connect("html-page-context", accessible.repair, priority=900)  # after the theme's own
