"""gunicorn's command line as a script, so that what it executes again on SIGUSR2 is what was started. See README.md."""

from __future__ import annotations

from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]

if __name__ == "__main__":
    run()
