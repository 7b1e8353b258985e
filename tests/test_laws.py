"""What is drawn to try a law: the seed decides, wherever the kit stands and whatever else was imported."""

from __future__ import annotations

import random
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import strategies
from hypothesis.configuration import storage_directory

from proctor.laws import hold_for_any
from proctor.wire.strategies import any_bytes

SEED, MOST = 3, 200
DRAWING = f"""
import sys
from pathlib import Path
from hypothesis import given
from proctor.laws import hold_for_any
from proctor.wire.strategies import any_bytes

if len(sys.argv) > 1:
    import one_of_theirs

    given(any_bytes())(lambda value: None)()

hold_for_any(print, any_bytes(), seed={SEED}, most={MOST})
status = Path('/proc/self/status').read_text()  # not rusage, whose maximum is of whoever forked, too
print(status.partition('VmHWM:')[2].split()[0], file=sys.stderr)
"""
CONSTANTS = "\n".join(f"A{n}, B{n}, C{n} = {n * 1_000_003}, 'constant {n}', b'bytes {n}'" for n in range(100))
MOST_KIB = 100_000


def drawn(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What another process draws, that finds nothing cached."""
    place.mkdir()
    (place / "one_of_theirs.py").write_text(CONSTANTS)
    (place / "drawing.py").write_text(DRAWING)
    command = [sys.executable, "drawing.py", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)


def test_constants_in_the_code_of_others_are_not_drawn(tmp_path: Path) -> None:
    """Not even if the others have drawn them before, in the same process."""
    without, beside = drawn(tmp_path / "without"), drawn(tmp_path / "beside", "theirs")
    assert len(set(without.stdout.splitlines())) > MOST / 2
    assert beside.stdout == without.stdout


def test_who_draws_takes_little_memory_and_leaves_no_file(tmp_path: Path) -> None:
    """Hypothesis keeps what it knows of characters in a file, if it can, and takes long to make it."""
    assert int(drawn(tmp_path / "first").stderr) < MOST_KIB
    assert not (tmp_path / "first" / ".hypothesis").exists()


def test_another_thread_s_randomness_breaks_no_law() -> None:
    """Not even where warnings are errors. That thread comes here at the worst moment, each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hold_for_any(lambda _value: None, strategies.builds(random.random), seed=SEED, most=3)


def test_others_who_draw_keep_their_folder() -> None:
    before = storage_directory(intent_to_write=False).path
    hold_for_any(lambda _value: None, any_bytes(), seed=SEED, most=1)
    assert storage_directory(intent_to_write=False).path == before


def test_what_breaks_a_law_comes_out_small() -> None:
    def short(value: bytes) -> None:
        assert len(value) < 9, value

    with pytest.raises(AssertionError) as broken:
        hold_for_any(short, any_bytes(), seed=SEED, most=MOST)
    assert "assert 9 <" in str(broken.value)
