"""The suite tells the truth: each liar is caught by the clause that it breaks, and by nothing that it doesn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.places import spec_folder
from proctor.spec import read_spec
from tests.broken.catalogue import Liar, everybody
from tests.broken.door import examined

SPEC = read_spec(spec_folder())
LIARS = {liar.name: liar for liar in everybody()}


@pytest.mark.parametrize("liar", LIARS.values(), ids=LIARS.keys())
def test_a_liar_is_caught_by_what_it_breaks_and_by_nothing_else(liar: Liar, tmp_path: Path) -> None:
    """Nothing else: of all that stands in the clause's section."""
    broken = SPEC.clause(liar.breaks)
    found = examined(liar, [broken.examined_in], tmp_path)
    if found.verdicts[broken.id] == "inconclusive" and found.missing:
        pytest.skip(f"injectors that this machine doesn't have: {', '.join(found.missing)}")
    assert found.verdicts[broken.id] == "fail", f"{liar.lie} {broken.id}: {found.verdicts[broken.id]}\n{found.text}"
    blamed = {clause: said for clause, said in found.judged("fail").items() if clause not in (broken.id, *liar.also)}
    assert not blamed, f"{liar.lie} It is blamed for more than {broken.id}: {blamed}"
    assert not found.judged("error")
