"""Kombu's broker in memory, which says of itself that it suits an event loop, as brokers behind a socket do.

Celery goes by that: with such a broker its parent runs an event loop and its pool is the one that is deployed; with
another it runs threads, and a pool whose workers share one queue. Nothing is sent here, so nothing is to be delivered.
"""

from __future__ import annotations

from kombu.transport import memory


class Transport(memory.Transport):
    implements = memory.Transport.implements.extend(asynchronous=True)
