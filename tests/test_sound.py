"""The suite blames nobody who is sound: each of these does lawfully what the reference doesn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.places import spec_folder
from proctor.spec import read_spec
from tests.broken.catalogue import Liar, sound
from tests.broken.door import examined

SPEC = read_spec(spec_folder())
SOUND = {one.name: one for one in sound()}


@pytest.mark.parametrize("one", SOUND.values(), ids=SOUND.keys())
def test_who_is_sound_in_a_way_of_his_own_is_not_blamed(one: Liar, tmp_path: Path) -> None:
    kept = SPEC.clause(one.keeps)
    found = examined(one, [kept.examined_in], tmp_path, clauses=[kept.id])
    if found.verdicts[kept.id] == "inconclusive" and found.missing:
        pytest.skip(f"injectors that this machine doesn't have: {', '.join(found.missing)}")
    assert found.verdicts[kept.id] == "pass", f"{one.lie} {kept.id}: {found.verdicts[kept.id]}\n{found.text}"
