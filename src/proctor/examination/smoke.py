"""The smoke check: does the implementation start and answer at all? If not: one diagnosis, not hundreds of failures."""

from __future__ import annotations

from proctor.examination.build import BUILD_WITHIN_S, build
from proctor.examination.stagehand import Stagehand, Subject
from proctor.outcome import Failure
from proctor.subject.client import Client
from proctor.subject.listing import Listing
from proctor.subject.server import Server
from proctor.waiting import eventually
from proctor.wire.connection import describe_reply
from proctor.wire.messages import ping, pong
from proctor.zookeeper.registry import RegistryUnavailable


class SmokeFailed(Exception):
    """Nothing can be examined; the message says what is wrong, where, and whose fault it is."""


def smoke_check(hand: Stagehand) -> tuple[str, str]:
    """Build, registry, server, node, ping, driver: each once; the registry's name and version. SmokeFailed if not."""
    manifest = hand.manifest
    try:
        registry = hand.stage().registry
    except RegistryUnavailable as error:
        raise SmokeFailed(f"the registry can't be had: {error}") from None
    except OSError as error:
        raise SmokeFailed(f"--registry={hand.registry_spec}: {error}") from None
    try:
        build(manifest, BUILD_WITHIN_S * hand.patience)
        if manifest.server is not None:
            check_server(hand)
        if "client" in manifest.about.profiles:
            check_client(hand)
    except Failure as error:
        about = manifest.about
        raise SmokeFailed(f"{about.name} ({manifest.path}) can't be examined: {error}") from None
    return registry.name, registry.version


def check_server(hand: Stagehand) -> None:
    server = Server(hand.stage())
    start(hand, server)
    if "wire" in hand.manifest.about.profiles:
        with server.connect() as wire:
            reply = wire.call(ping("smoke"))
        if reply != pong("smoke"):
            raise Failure(f'the server answered ping "smoke" with {describe_reply(reply)}')
    hand.dismiss(server)


def check_client(hand: Stagehand) -> None:
    listing = Listing(hand.stage())
    client = Client(hand.stage(), listing.root)
    start(hand, client)
    client.servers()  # its driver answers: from then on a change has `update_s`, and its start has had its own time
    listing.add(("127.0.0.1", 9))
    eventually(
        lambda: client.servers() == ["127.0.0.1:9"], within=client.promise("update_s"), what="the client to see a node"
    )
    hand.dismiss(client)
    listing.close()


def start(hand: Stagehand, subject: Subject) -> None:
    hand.enlist(subject)
    subject.start()
