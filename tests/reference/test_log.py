"""Lines for people."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reference.address import parse_address
from reference.log import LINE_BYTES_MAX, Log, where


def test_a_log_whose_reader_has_stopped_reading_stops_nobody() -> None:
    """A parent that waits for its log reaps nobody, and obeys nobody (S5)."""
    reading, writing = os.pipe()
    log = Log(writing)
    for _ in range(2000):
        log("x" * 100)
    os.close(reading)
    log("to nobody")
    os.close(writing)


def test_the_descriptor_that_others_share_stays_as_it_was() -> None:
    reading, writing = os.pipe()
    Log(writing)
    assert os.get_blocking(writing)
    os.close(reading)
    os.close(writing)


def test_no_message_forges_a_line(tmp_path: Path) -> None:
    """Names of methods come from strangers (Q6)."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        log = Log(file.fileno())
        log("one\nreference[1]: forged\x1b[2J\x00\ud800 é")
        log("x" * 10 * LINE_BYTES_MAX)
    first, second = path.read_bytes().splitlines()
    assert first.endswith(r"one\nreference[1]: forged\x1b[2J\x00\ud800 é".encode())
    assert len(second) < LINE_BYTES_MAX


def test_the_place_of_an_error_is_the_line_that_raised_it() -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT") as raised:
        parse_address("nowhere")
    path, _, line = where(raised.value).rpartition(":")
    assert Path(path).name == "address.py"
    assert "is not HOST:PORT" in Path(path).read_text().splitlines()[int(line) - 1]
