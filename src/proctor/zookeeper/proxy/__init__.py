"""The proxy between an implementation and its registry: it reads what passes and breaks it as told."""

from proctor.zookeeper.proxy.actions import (
    Cut,
    Delay,
    Drop,
    FailWith,
    Freeze,
    GrantNewSession,
    Hold,
    Refuse,
    Repeat,
    ServeStale,
    Sever,
    Slow,
)
from proctor.zookeeper.proxy.dialogue import CREATES
from proctor.zookeeper.proxy.operations import Kind, Operation
from proctor.zookeeper.proxy.proxy import RegistryProxy
from proctor.zookeeper.proxy.reading import CHILDREN, READS
from proctor.zookeeper.proxy.rules import ArmedRule, Rule, lost_create
from proctor.zookeeper.proxy.sessions import SeenSession
from proctor.zookeeper.proxy.takeover import Expiry

__all__ = [
    "CHILDREN",
    "CREATES",
    "READS",
    "ArmedRule",
    "Cut",
    "Delay",
    "Drop",
    "Expiry",
    "FailWith",
    "Freeze",
    "GrantNewSession",
    "Hold",
    "Kind",
    "Operation",
    "Refuse",
    "RegistryProxy",
    "Repeat",
    "Rule",
    "SeenSession",
    "ServeStale",
    "Sever",
    "Slow",
    "lost_create",
]
