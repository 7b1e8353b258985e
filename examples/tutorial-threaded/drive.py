"""The driver of the client (spec/client.md): requests on standard input, each call in a thread, replies as they end."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from client import ClientStub, DistributedChannel
from services import InvalidOperation

NO_REPLY = (ValueError, KeyError, TypeError)  # what reading something else than a reply raises


class Driver:
    def __init__(self, channel: DistributedChannel) -> None:
        self.channel = channel
        self.stub = ClientStub(channel)
        self.lock = threading.Lock()  # of the standard output

    def run(self) -> None:
        for line in sys.stdin:
            request = json.loads(line)
            if request["op"] == "call":
                threading.Thread(target=self.call, args=(request,), daemon=True).start()
            elif request["op"] == "servers":
                self.reply(request, {"servers": [f"{host}:{port}" for host, port in self.channel.servers]})
            else:
                self.reply(request, {})
                break
        self.channel.close()

    def call(self, request: dict[str, Any]) -> None:
        try:
            out, result = self.stub.call(request["in"], request["params"])
        except InvalidOperation as error:
            self.reply(request, failed("remote", error, code="invalid_operation"))
        except IndexError as error:  # the list was empty
            self.reply(request, failed("unavailable", error))
        except (OSError, EOFError) as error:
            self.reply(request, failed("transport", error))
        except NO_REPLY as error:
            self.reply(request, failed("protocol", error))
        else:
            self.reply(request, {"out": out, "result": result})

    def reply(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        with self.lock:
            print(json.dumps({"id": request["id"], **answer}), flush=True)


def failed(kind: str, error: Exception, **code: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": repr(error), **code}}


def main() -> None:
    zookeeper, root = sys.argv[1:]
    Driver(DistributedChannel(zookeeper, root)).run()


if __name__ == "__main__":
    main()
