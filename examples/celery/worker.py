"""Celery's worker with one task. What is examined is how it keeps its processes, not what they do."""

from __future__ import annotations

import sys

from celery import Celery  # type: ignore[import-untyped]

app = Celery("example")
app.conf.broker_transport = "broker:Transport"


@app.task  # type: ignore[untyped-decorator]
def ping(params: object) -> object:
    return params


if __name__ == "__main__":
    app.start(sys.argv[1:])
