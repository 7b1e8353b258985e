"""How long a fleet takes to come to rest, by the act that was over last."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from proctor.history import History
from proctor.states import quiet, spans


def recovery_s(history: History) -> float | None:
    """From the end of the last act until the fleet was at rest; None if it never was."""
    moment = quiet(history, "after")
    ends = [span.ended for span in spans(history)]
    return max(0.0, moment.at - max(ends)) if moment and moment.settled and ends else None


class Recoveries:
    """Of many schedules. An act that did nothing, as far as is known, has nothing to recover from."""

    def __init__(self) -> None:
        self._took_s: dict[str, list[float]] = {}

    def add(self, history: History) -> None:
        recovered = recovery_s(history)
        if recovered is not None:
            last = max(spans(history), key=lambda span: span.ended)
            if not last.missed:
                self._took_s.setdefault(last.act.what, []).append(recovered)

    def lines(self) -> Iterator[str]:
        """One for each act, the slowest to recover from first."""
        for what, took_s in sorted(self._took_s.items(), key=lambda item: -max(item[1])):
            yield f"at rest after {what}: {median(took_s):.2f} s (median of {len(took_s)}), {max(took_s):.2f} s at most"
