"""TCP links that can be broken: a proxy in front of one address, exact about bytes, FIN, RST and silence."""

from proctor.links.address import Address
from proctor.links.lane import Direction, Traffic
from proctor.links.proxy import LinkProxy, Proxy
from proctor.links.relay import LinkStats, Relay

__all__ = ["Address", "Direction", "LinkProxy", "LinkStats", "Proxy", "Relay", "Traffic"]
