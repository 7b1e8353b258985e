"""What a check finds: one thing that must not be, with the moment at which it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proctor.outcome import Failure

SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """`at` is in seconds of time.monotonic(). `clause`: the one that is broken, where a check can tell."""

    at: float
    message: str
    clause: str = ""


def none_found(*found: Iterable[Finding]) -> None:
    """Failure with the first findings, if there are any."""
    findings = sorted((finding for some in found for finding in some), key=lambda finding: finding.at)
    if findings:
        more = f"\n... and {len(findings) - SHOWN} more" if len(findings) > SHOWN else ""
        raise Failure("\n".join(finding.message for finding in findings[:SHOWN]) + more)
