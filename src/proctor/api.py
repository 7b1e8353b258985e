"""The kit's public names: what conformance/, chaos/ and suites of other people import. Everything else may change."""

from __future__ import annotations
