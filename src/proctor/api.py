"""The kit's public names: what conformance/, chaos/ and suites of other people import. Everything else may change.

Fixtures (see `proctor.examination.fixtures`): `server`, `start_server`, `service`, `start_service`,
`start_client`, `listing`, `scripted`, `stage`, `own_stage`, `history`, `for_any`, `exploration`.
"""

from __future__ import annotations

import pytest

from proctor.call import Call, calls
from proctor.checks.calls import (
    calls_were_made,
    every_call_succeeds,
    no_call_outlives_its_deadline,
    replies_answer_their_own_request,
)
from proctor.checks.finding import Finding, none_found
from proctor.checks.workers import never_fewer_than
from proctor.examination.drawing import ForAny
from proctor.examination.fixtures import StartClient, StartScripted, StartServer, StartService
from proctor.faults.ensemble import KillLeader, PartitionMember, RollingRestart
from proctor.faults.fault import Fault
from proctor.faults.foreign import FOSTERED, ForeignChildrenEnd
from proctor.faults.limits import FewDescriptors, FewProcesses, LittleMemory
from proctor.faults.links import CutLink, FreezeLink, HalfOpenLink, OneWayLink, RejectLink, SeverLink
from proctor.faults.newborns import AtBirth
from proctor.faults.output import ReaderGone, SlowReader
from proctor.faults.readers import Unread
from proctor.faults.registry import ExpireSession, RegistryFrozen, RegistryGone, RegistryWiped
from proctor.faults.signals import Burst, GroupBurst, Kill, KillOnSight, Stop, Volley, alive
from proctor.faults.strikes import (
    LateEvents,
    LostEvents,
    RepeatedEvents,
    SessionMoved,
    SilentNewSession,
    StaleReads,
    Strike,
)
from proctor.faults.syscalls import FORKS, WAITS, AcceptFails, ForkFails, Inject, KillAtCall
from proctor.faults.traffic import CorruptLink, SliceLink, SlowLink
from proctor.faults.triggers import (
    After,
    BetweenCreateAndAnswer,
    OnNthSystemCall,
    OnReplyByte,
    OnWatchEvent,
    Trigger,
)
from proctor.faults.waits import finds_no_child
from proctor.history import Event, History
from proctor.links import Address, Direction, LinkProxy
from proctor.links.dials import Dials
from proctor.outcome import Failure, Inconclusive, TimedOut, Unavailable
from proctor.process import observe
from proctor.process.process import Process
from proctor.process.program import Program
from proctor.process.strace import Strace
from proctor.schedules.explore import Exploration
from proctor.subject.census import Census, Count
from proctor.subject.client import Client, Outcome, Pending
from proctor.subject.listing import Listing
from proctor.subject.load import Load, answer, check_cut_short, knocks, new_connections, occupy, through
from proctor.subject.server import PROVEN_S, Node, Server, Snapshot
from proctor.subject.service import Service
from proctor.subject.serving import serving
from proctor.subject.sessions import SHORT_SESSION_MS, long_session, ordinary_session, short_session
from proctor.subject.stage import Stage
from proctor.subject.until import (
    reload_s,
    still,
    unchanged,
    until_gone,
    until_reaped,
    until_renewed,
    until_staffed,
)
from proctor.waiting import eventually, kept, throughout
from proctor.wire.connection import Connection, Ended, NoReply, NotAReply, Refused
from proctor.wire.dead_ends import DeadEnd, deaf, full, refusing
from proctor.wire.messages import (
    Body,
    Reply,
    Request,
    divide,
    encode,
    frame,
    header,
    pi,
    ping,
    pong,
    sleep,
)
from proctor.wire.scripted import (
    Asked,
    Behaviour,
    Dialogue,
    ScriptedServer,
    answers,
    answers_after,
    closes,
    fails,
    once,
    resets,
    sends,
    stays_silent,
)
from proctor.wire.strategies import any_bytes, any_json, any_request, any_requests_in_pieces
from proctor.wire.vectors import RefusalVector, RequestVector, Vector, spec_vectors
from proctor.zookeeper.codes import Error, OpCode
from proctor.zookeeper.proxy import (
    CHILDREN,
    Cut,
    FailWith,
    GrantNewSession,
    Hold,
    Kind,
    RegistryProxy,
    Rule,
    lost_create,
)

clause = pytest.mark.clause
"""Marks a case with the ids of the clauses that it examines."""

needs = pytest.mark.needs
"""Marks a case with what it depends on beyond its clauses, as their headings write it: `needs("profile wire")`."""

only_on = pytest.mark.only_on
"""Marks a case with the registries, as `--registry` names them, that have what it disturbs: `only_on("ensemble")`."""

takes_long = pytest.mark.takes_long
"""Marks a case that may take more than 3 s with what it can't do without: `takes_long("grace_s")`. Such begin first."""

PROMPTLY_S = 2.0
"""What the spec calls promptly (spec/README.md, "Words"); stretch it by `stage.patience`."""

WATCHED_S = 1.0
"""How long a thing that must not happen is watched, at least (spec/README.md, "Words")."""

__all__ = [
    "CHILDREN",
    "FORKS",
    "FOSTERED",
    "PROMPTLY_S",
    "PROVEN_S",
    "SHORT_SESSION_MS",
    "WAITS",
    "WATCHED_S",
    "AcceptFails",
    "Address",
    "After",
    "Asked",
    "AtBirth",
    "Behaviour",
    "BetweenCreateAndAnswer",
    "Body",
    "Burst",
    "Call",
    "Census",
    "Client",
    "Connection",
    "CorruptLink",
    "Count",
    "Cut",
    "CutLink",
    "DeadEnd",
    "Dialogue",
    "Dials",
    "Direction",
    "Ended",
    "Error",
    "Event",
    "ExpireSession",
    "Exploration",
    "FailWith",
    "Failure",
    "Fault",
    "FewDescriptors",
    "FewProcesses",
    "Finding",
    "ForAny",
    "ForeignChildrenEnd",
    "ForkFails",
    "FreezeLink",
    "GrantNewSession",
    "GroupBurst",
    "HalfOpenLink",
    "History",
    "Hold",
    "Inconclusive",
    "Inject",
    "Kill",
    "KillAtCall",
    "KillLeader",
    "KillOnSight",
    "Kind",
    "LateEvents",
    "LinkProxy",
    "Listing",
    "LittleMemory",
    "Load",
    "LostEvents",
    "NoReply",
    "Node",
    "NotAReply",
    "OnNthSystemCall",
    "OnReplyByte",
    "OnWatchEvent",
    "OneWayLink",
    "OpCode",
    "Outcome",
    "PartitionMember",
    "Pending",
    "Process",
    "Program",
    "ReaderGone",
    "RefusalVector",
    "Refused",
    "RegistryFrozen",
    "RegistryGone",
    "RegistryProxy",
    "RegistryWiped",
    "RejectLink",
    "RepeatedEvents",
    "Reply",
    "Request",
    "RequestVector",
    "RollingRestart",
    "Rule",
    "ScriptedServer",
    "Server",
    "Service",
    "SessionMoved",
    "SeverLink",
    "SilentNewSession",
    "SliceLink",
    "SlowLink",
    "SlowReader",
    "Snapshot",
    "Stage",
    "StaleReads",
    "StartClient",
    "StartScripted",
    "StartServer",
    "StartService",
    "Stop",
    "Strace",
    "Strike",
    "TimedOut",
    "Trigger",
    "Unavailable",
    "Unread",
    "Vector",
    "Volley",
    "alive",
    "answer",
    "answers",
    "answers_after",
    "any_bytes",
    "any_json",
    "any_request",
    "any_requests_in_pieces",
    "calls",
    "calls_were_made",
    "check_cut_short",
    "clause",
    "closes",
    "deaf",
    "divide",
    "encode",
    "eventually",
    "every_call_succeeds",
    "fails",
    "finds_no_child",
    "frame",
    "full",
    "header",
    "kept",
    "knocks",
    "long_session",
    "lost_create",
    "needs",
    "never_fewer_than",
    "new_connections",
    "no_call_outlives_its_deadline",
    "none_found",
    "observe",
    "occupy",
    "once",
    "only_on",
    "ordinary_session",
    "pi",
    "ping",
    "pong",
    "refusing",
    "reload_s",
    "replies_answer_their_own_request",
    "resets",
    "sends",
    "serving",
    "short_session",
    "sleep",
    "spec_vectors",
    "stays_silent",
    "still",
    "takes_long",
    "through",
    "throughout",
    "unchanged",
    "until_gone",
    "until_reaped",
    "until_renewed",
    "until_staffed",
]
