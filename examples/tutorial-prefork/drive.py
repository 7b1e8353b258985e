"""The driver of the client (spec/client.md): requests on standard input, replies on standard output, one by one."""

from __future__ import annotations

import json
import struct
import sys
from typing import Any

from client import Client, NoServer

NO_REPLY = (ValueError, KeyError, TypeError, struct.error)  # what reading something else than a reply raises


def answer(client: Client, request: dict[str, Any]) -> dict[str, Any]:
    if request["op"] == "servers":
        return {"servers": [server.address for server in client.servers]}
    if request["op"] == "close":
        client.close()
        return {}
    return call(client, request)


def call(client: Client, request: dict[str, Any]) -> dict[str, Any]:
    try:
        out, result = client.call(request["in"], request["params"])
    except (NoServer, ConnectionRefusedError) as error:
        return failed("unavailable", error)
    except OSError as error:
        return failed("transport", error)
    except NO_REPLY as error:
        return failed("protocol", error)
    return {"out": out, "result": result}


def failed(kind: str, error: Exception) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": repr(error)}}


def main() -> None:
    zookeeper, root = sys.argv[1:]
    client = Client(zookeeper, root)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"id": request["id"], **answer(client, request)}), flush=True)
        if request["op"] == "close":
            return
    client.close()


if __name__ == "__main__":
    main()
