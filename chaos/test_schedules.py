"""Schedules of random acts, drawn from the run's seed: what nobody thought of.

A case cites whatever its checks may find; a failure tells which of the clauses it is about.
"""

from __future__ import annotations

from proctor.api import Exploration, clause

OF_SERVERS = (
    "wire/ping-echoes",
    "supervision/signal-burst-is-survived",
    "supervision/every-death-is-reaped",
    "supervision/dead-worker-is-replaced",
    "supervision/newborn-worker-serves",
    "supervision/respawning-leaks-nothing",
    "supervision/idle-server-rests",
    "supervision/orphans-end",
    "supervision/stop-ends-everything",
    "discovery/one-node-per-server",
    "discovery/one-node-after-expiry",
    "discovery/node-is-ephemeral",
    "discovery/node-holds-the-address",
    "discovery/killed-server-vanishes",
    "discovery/session-is-closed",
    "discovery/serves-without-registry",
)
OF_CLIENTS = (
    "client/answers-match-calls",
    "client/call-ends-by-its-timeout",
    "client/executes-at-most-once",
    "client/fails-over-when-refused",
    "client/follows-every-change",
    "client/rereads-after-every-reconnect",
    "client/keeps-the-list-without-registry",
    "client/failed-connects-leak-nothing",
    "client/idle-client-rests",
)
OF_RELOADS = ("restart/reload-keeps-the-parent", "restart/reload-loses-no-call")
OF_RESIZES = ("restart/resized-number-is-kept", "restart/ttou-loses-no-call")


@clause(*OF_SERVERS)
def test_servers_outlive_whatever_is_drawn(exploration: Exploration) -> None:
    """Workers and parents that are killed and stopped, sessions that expire, registries that come and go."""
    exploration.explore(of_servers=True, of_clients=False)


@clause(*OF_CLIENTS)
def test_clients_outlive_whatever_is_drawn(exploration: Exploration) -> None:
    """Links that are cut and freeze under calls to servers of ours, which keep a ledger of what they were asked."""
    exploration.explore(of_servers=False, of_clients=True)


@clause(*OF_SERVERS, *OF_CLIENTS)
def test_fleets_outlive_whatever_is_drawn(exploration: Exploration) -> None:
    """Servers and clients of one implementation, and all that can be done to both."""
    exploration.explore(of_servers=True, of_clients=True)


@clause(*OF_SERVERS, *OF_RELOADS)
def test_servers_that_reload_outlive_whatever_is_drawn(exploration: Exploration) -> None:
    """A reload that meets a death, a loss of the session, another reload."""
    exploration.explore(of_servers=True, of_clients=False, besides=("reload", "reload-by-exec"))


@clause(*OF_SERVERS, *OF_RESIZES)
def test_servers_that_are_resized_outlive_whatever_is_drawn(exploration: Exploration) -> None:
    """A number of workers that changes while they die."""
    exploration.explore(of_servers=True, of_clients=False, besides=("grow", "shrink"))
