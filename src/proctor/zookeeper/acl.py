"""Who may do what to a znode: access control lists, and the schemes by which a connection proves who it is.

An ACL entry grants permissions to an id. The schemes are data: how an id must be written, and whether the id that a
connection holds matches the one that an entry names. `world` and `auth` are no schemes of a connection: the one means
everybody, the other "whoever I am" and is replaced by that when an ACL is set. Source: Apache ZooKeeper 3.8's
DigestAuthenticationProvider and IPAuthenticationProvider.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from proctor.zookeeper.codes import Error, KeeperError, Perms
from proctor.zookeeper.protocol import ACL, ANYONE, Id


def expand(acl: Iterable[ACL], ids: Sequence[Id]) -> tuple[ACL, ...]:
    """An ACL as it is kept: no duplicates, `auth` replaced by the connection's `ids`. Raises INVALID_ACL."""
    kept = [entry for asked in dict.fromkeys(acl) for entry in _expand_one(asked, ids)]
    if not kept:
        raise KeeperError(Error.INVALID_ACL)
    return tuple(kept)


def permits(acl: Sequence[ACL], perms: Perms, ids: Sequence[Id]) -> bool:
    """Whether one entry grants one of `perms` to one of `ids`."""
    wanted = int(perms)  # arithmetic of flags is slow, and this is asked for every operation
    return not acl or any(entry.perms & wanted and _names(entry.id, ids) for entry in acl)


def proven(scheme: str, auth: bytes | None, address: str) -> Id | None:
    """The id that a connection gains by an auth packet; None if it proves nothing."""
    if scheme == "ip":
        return Id("ip", address)
    if scheme == "digest" and auth is not None:
        return Id("digest", digest(auth))
    return None


def digest(name_and_password: bytes) -> str:
    """`name:password` as an ACL names it: the name, and the SHA-1 of both in base64."""
    text = name_and_password.decode("utf-8", "replace")
    return f"{text.partition(':')[0]}:{base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()}"


def masked(acl: Iterable[ACL]) -> tuple[ACL, ...]:
    """An ACL as those see it who may read it but not administer it: without the password's digests."""
    return tuple(
        ACL(entry.perms, Id("digest", re.sub(r":.*", ":x", entry.id.id))) if entry.id.scheme == "digest" else entry
        for entry in acl
    )


def user(identity: Id) -> str:
    """The user's name in an id, as whoAmI tells it."""
    return identity.id.split(":")[0] if identity.scheme == "digest" else identity.id


def _expand_one(entry: ACL, ids: Sequence[Id]) -> Sequence[ACL]:
    if entry.id == ANYONE:
        return [entry]
    if entry.id.scheme == "auth":
        own = [ACL(entry.perms, identity) for identity in ids if SCHEMES[identity.scheme].authenticates]
        if not own:
            raise KeeperError(Error.INVALID_ACL)
        return own
    scheme = SCHEMES.get(entry.id.scheme)
    if scheme is None or not scheme.valid(entry.id.id):
        raise KeeperError(Error.INVALID_ACL)
    return [entry]


def _names(named: Id, ids: Sequence[Id]) -> bool:
    if named == ANYONE:
        return True
    return any(own.scheme == named.scheme and SCHEMES[own.scheme].matches(own.id, named.id) for own in ids)


class Scheme(NamedTuple):
    authenticates: bool  # whether holding such an id says who one is, rather than where one is
    valid: Callable[[str], bool]  # whether an ACL may name this id
    matches: Callable[[str, str], bool]  # (a connection's own id, the one that an ACL names)


def _digest_valid(name: str) -> bool:
    return len(name.rstrip(":").split(":")) == 2


def _ip_valid(network: str) -> bool:
    return _ip_network(network) is not None


def _ip_matches(address: str, network: str) -> bool:
    own, named = _ip_network(address), _ip_network(network)
    if own is None or named is None:
        return False
    bits, width = named
    return own[0] >> (32 - width) == bits >> (32 - width)


def _ip_network(text: str) -> tuple[int, int] | None:
    """`a.b.c.d` or `a.b.c.d/width` as the address's 32 bits and the width; None if it is neither."""
    address, slash, width = text.partition("/")
    parts = [int(part) for part in address.split(".") if re.fullmatch(r"\d{1,3}", part, re.ASCII)]
    if len(parts) != 4 or address.count(".") != 3 or max(parts) > 255:
        return None
    if slash and not (re.fullmatch(r"\d{1,2}", width, re.ASCII) and int(width) <= 32):
        return None
    return int.from_bytes(bytes(parts), "big"), int(width) if slash else 32


SCHEMES: Mapping[str, Scheme] = {
    "digest": Scheme(authenticates=True, valid=_digest_valid, matches=str.__eq__),
    "ip": Scheme(authenticates=False, valid=_ip_valid, matches=_ip_matches),
}
