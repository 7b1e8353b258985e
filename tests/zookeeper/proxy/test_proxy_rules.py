"""A rule is data: which frames it fits, and what makes no sense."""

from __future__ import annotations

import pytest

from proctor.outcome import Inconclusive
from proctor.zookeeper.codes import Error, EventType, OpCode
from proctor.zookeeper.proxy import (
    CREATES,
    Cut,
    Delay,
    Drop,
    GrantNewSession,
    Kind,
    RegistryProxy,
    Rule,
    ServeStale,
    lost_create,
)
from proctor.zookeeper.proxy.dialogue import Meaning

CREATE = Meaning(Kind.REQUEST, OpCode.CREATE, 1, "/demo/rpc")
CREATED = Meaning(Kind.REPLY, OpCode.CREATE, 1, "/demo/rpc0000000000", error=0)
EXISTED = Meaning(Kind.REPLY, OpCode.CREATE, 1, "/demo/rpc", error=Error.NODE_EXISTS)
CHANGED = Meaning(Kind.EVENT, EventType.NODE_CREATED, -1, "/demo/rpc")
MULTI = Meaning(Kind.REQUEST, OpCode.MULTI, 1, parts=((OpCode.CHECK, "/a"), (OpCode.CREATE, "/demo/rpc")))
UNKNOWN = Meaning(Kind.REQUEST)


@pytest.mark.parametrize(
    ("rule", "meaning", "fits"),
    [
        (Rule(Kind.REQUEST, Cut()), CREATE, True),
        (Rule(Kind.REQUEST, Cut()), UNKNOWN, True),
        (Rule(Kind.REQUEST, Cut()), CREATED, False),
        (Rule(Kind.REQUEST, Cut(), CREATES), CREATE, True),
        (Rule(Kind.REQUEST, Cut(), (OpCode.DELETE,)), CREATE, False),
        (Rule(Kind.REQUEST, Cut(), CREATES), UNKNOWN, False),
        (Rule(Kind.REQUEST, Cut(), path_prefix="/demo/"), CREATE, True),
        (Rule(Kind.REQUEST, Cut(), path_prefix="/demo/x"), CREATE, False),
        (Rule(Kind.REQUEST, Cut(), path_prefix="/"), UNKNOWN, False),
        (Rule(Kind.REQUEST, Cut(), CREATES, "/demo/"), MULTI, True),
        (Rule(Kind.REQUEST, Cut(), CREATES, "/a"), MULTI, False),
        (Rule(Kind.REPLY, Cut(), error=Error.NODE_EXISTS), EXISTED, True),
        (Rule(Kind.REPLY, Cut(), error=Error.OK), EXISTED, False),
        (Rule(Kind.EVENT, Drop(), (EventType.NODE_CREATED,)), CHANGED, True),
        (Rule(Kind.EVENT, Drop(), (EventType.NODE_DELETED,)), CHANGED, False),
        (Rule(Kind.REQUEST, Cut(), CREATES), CHANGED, False),  # both are number 1
        (lost_create("/demo/"), CREATED, True),
        (lost_create("/demo/"), EXISTED, False),  # nothing was created
        (lost_create("/demo/"), CREATE, False),
    ],
)
def test_a_rule_fits_the_frames_that_it_names(rule: Rule, meaning: Meaning, *, fits: bool) -> None:
    assert rule.fits(meaning) is fits


def test_rules_are_data() -> None:
    assert lost_create("/demo") == Rule(Kind.REPLY, Cut("fin"), CREATES, "/demo", Error.OK)
    assert hash(lost_create()) == hash(lost_create())


def test_a_reply_that_is_skipped_would_blame_sound_clients() -> None:
    """Replies come in the order of the requests: after a missing one a client finds the wrong number."""
    with pytest.raises(ValueError, match="Drop can be done to event, not to reply"):
        Rule(Kind.REPLY, Drop())


@pytest.mark.parametrize("action", [ServeStale(), GrantNewSession()])
def test_an_action_is_refused_where_it_can_t_be_done(action: ServeStale | GrantNewSession) -> None:
    with pytest.raises(ValueError, match="can be done to"):
        Rule(Kind.EVENT, action)


def test_a_rule_counts_from_1() -> None:
    with pytest.raises(ValueError, match="counts from 1"):
        Rule(Kind.REPLY, Cut(), nth=0)
    with pytest.raises(ValueError, match="counts from 1"):
        Rule(Kind.REPLY, Cut(), times=0)


def test_events_and_operations_are_not_mixed_up() -> None:
    """OpCode.CREATE and EventType.NODE_CREATED are the same number."""
    with pytest.raises(ValueError, match="wants EventTypes"):
        Rule(Kind.EVENT, Drop(), CREATES)
    with pytest.raises(ValueError, match="wants OpCodes"):
        Rule(Kind.REPLY, Delay(1), (EventType.NODE_CREATED,))


def test_a_fault_that_did_not_strike_makes_the_verdict_inconclusive(proxy: RegistryProxy) -> None:
    with pytest.raises(Inconclusive, match=r"struck 0 of 1 times .* \(0 frames fitted it\)"):
        proxy.arm(lost_create("/demo/")).wait_fired(0.05)
