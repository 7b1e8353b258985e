"""Checks on what the registry says of a fleet, and on what clients make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import inf

from proctor.checks.finding import Finding
from proctor.checks.reading import SEEN_WITHIN_S, befell, clients, during, killed, last, ours, theirs, unsettled
from proctor.history import History
from proctor.states import Quiet, View, Znodes, quiet, spans, terms


def each_server_has_one_node(history: History) -> Iterator[Finding]:
    """At rest every living server has one node, which ends with its session, and nobody else has any (R1 to R5)."""
    for phase in ("after", "idle", "gone"):
        moment = unsettled(history, phase)
        nodes = last(Znodes.all(history), moment) if moment else None
        if moment and nodes:
            yield from wrong_nodes(history, nodes, moment)


def wrong_nodes(history: History, nodes: Znodes, moment: Quiet) -> Iterator[Finding]:
    count = Counter(nodes.addresses())
    for server in theirs(history):
        found = count.pop(server.address, 0)
        stopped, dead = moment.phase == "gone", killed(history, server.who)
        if (stopped or dead) and found:
            clause = "discovery/killed-server-vanishes" if dead else "discovery/session-is-closed"
            yield Finding(moment.at, f"{server.who} is gone, and {found} nodes say {server.address}", clause)
        elif found != 1 and not (stopped or dead):
            expired = befell(history, server.who, "expire-server")
            clause = "discovery/one-node-after-expiry" if expired else "discovery/one-node-per-server"
            yield Finding(moment.at, f"{found} nodes say {server.address}, where {server.who} serves", clause)
    for address in count.keys() - {server.address for server in ours(history)}:
        yield Finding(moment.at, f"a node says {address!r}, where nobody serves", "discovery/node-holds-the-address")


def nodes_end_with_their_sessions(history: History) -> Iterator[Finding]:
    """No node of a server is persistent (R3)."""
    addresses = {server.address for server in theirs(history)}
    for state in Znodes.all(history):
        for node in state.nodes:
            if node["address"] in addresses and not node["owner"]:
                said = f"{node['path']}, which says {node['address']}, belongs to no session"
                yield Finding(state.at, said, "discovery/node-is-ephemeral")


def views_are_the_registry_s(history: History) -> Iterator[Finding]:
    """At rest, and after one more change, each client lists what the registry says (D1, D2, D7)."""
    for phase in ("after", "one more", "one less", "idle"):
        moment = unsettled(history, phase)
        nodes = last(Znodes.all(history), moment) if moment else None
        for who in clients(history) if nodes else ():
            assert moment is not None
            assert nodes is not None
            view = last([state for state in View.all(history) if state.who == who], moment)
            if view and view.servers != nodes.addresses():
                cut = befell(history, who) or befell(history, "registry")
                clause = "client/rereads-after-every-reconnect" if cut else "client/follows-every-change"
                said = f"{who} lists {view.servers}, and the registry has {nodes.addresses()}"
                yield Finding(moment.at, said, clause)


def no_list_is_lost(history: History) -> Iterator[Finding]:
    """A client that has read its list lists nothing only where the registry had nothing about then (D3).

    When all servers are told to stop nobody looks on until the registry's last change has been seen.
    """
    started, stopping = quiet(history, "before"), quiet(history, "gone")
    until = stopping.began if stopping else inf
    late_s = terms(history).limits["update_s"] + SEEN_WITHIN_S
    for view in View.all(history):
        if view.servers or started is None or not started.at <= view.at < until:
            continue
        had = all(state.nodes for state in during(Znodes.all(history), view.at - late_s, view.at + SEEN_WITHIN_S))
        if had and not any(span.excuses("list", view.at - late_s, view.at) for span in spans(history)):
            said = f"{view.who} lists nothing, and the registry had a list all the while"
            yield Finding(view.at, said, "client/keeps-the-list-without-registry")
