"""A check: history in, findings out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from proctor.api import Finding, History, calls


def nobody_waits_long(history: History, pause_s: float) -> Iterator[Finding]:
    """Between two answers, whoever asked, pass no more than `pause_s` seconds."""
    answered = sorted(call.ended for call in calls(history) if call.outcome == "ok")
    for before, after in pairwise(answered):
        if after - before > pause_s:
            yield Finding(after, f"nobody was answered for {after - before:.2f} s")
