"""The registry's proxy keeps the contract of link faults as every proxy does, whatever passes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proctor.loop import LoopThread
from proctor.zookeeper.proxy import RegistryProxy
from tests.links import contract
from tests.links.ends import Target


@pytest.fixture
def target() -> Iterator[Target]:
    standing = Target()
    yield standing
    standing.leave()


@pytest.mark.parametrize("fault", contract.FAULTS, ids=str)
def test_a_link_fault_takes_effect_is_proven_and_heals(
    loop: LoopThread, target: Target, fault: contract.LinkFault
) -> None:
    with RegistryProxy(loop, f"127.0.0.1:{target.address[1]}") as proxy:
        contract.holds(proxy, target, fault)
