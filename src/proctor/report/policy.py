"""What a page of ours may do in a browser: run its own scripts, known by their digests, and load nothing."""

from __future__ import annotations

import base64
import hashlib


def policy(*scripts: str) -> str:
    """As the page's Content-Security-Policy. Plotly writes style rules of its own; nothing needs other leave."""
    return (
        f"default-src 'none'; script-src {' '.join(map(digest, scripts))}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
