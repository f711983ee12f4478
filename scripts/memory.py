"""Measures how a running server's resident memory grows while a group with many members is put and read whole.

    ROSTER_SCIM_TOKEN=… python memory.py PID http://127.0.0.1:8080/scim/v2/default IDS --most 64

IDS has the members' ids, one a line. Fails if one request makes the server grow by more than --most MiB.
"""

import argparse
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.parse

from resident import Process

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
REMOVE_ALL = {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "members"}]}
MIB = 1024 * 1024
CHUNK = 64 * 1024


class Server(Process):
    def __init__(self, pid, base):
        super().__init__(pid)
        self.base = urllib.parse.urlsplit(base)

    def ask(self, method, path, body=None):
        """Status, bytes and how often a member is named, read as it comes."""
        connection = http.client.HTTPConnection(self.base.netloc, timeout=600)
        headers = {"Authorization": f"Bearer {os.environ['ROSTER_SCIM_TOKEN']}", "Content-Type": "application/scim+json"}
        connection.request(method, self.base.path + path, body, headers)
        answer = connection.getresponse()
        size, members, kept = 0, 0, b""
        begin = b""
        while chunk := answer.read(CHUNK):
            size += len(chunk)
            begin = begin or chunk
            text = kept + chunk
            members += text.count(b'"value":')
            # A name cut in two is counted with the next chunk.
            kept = text[-len(b'"value":') + 1 :]
        connection.close()
        if answer.status not in (200, 201, 204):
            sys.exit(f"{method} {path} answered {answer.status}: {begin[:500]!r}")
        return size, members, begin


def document(name, ids):
    return json.dumps({"schemas": [GROUP], "displayName": name, "members": [{"value": id} for id in ids]}).encode()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("pid", type=int)
    arguments.add_argument("base")
    arguments.add_argument("ids")
    arguments.add_argument("--most", type=int, required=True)
    arguments = arguments.parse_args()
    server = Server(arguments.pid, arguments.base)
    ids = pathlib.Path(arguments.ids).read_text().split()

    # What any request needs is there before the first is measured.
    small = json.loads(server.ask("POST", "/Groups", document("Small", ids[:10]))[2])["id"]
    server.ask("PUT", f"/Groups/{small}", document("Small", ids[:5]))
    server.ask("GET", f"/Groups/{small}")
    large = json.loads(server.ask("POST", "/Groups", document("Large", []))[2])["id"]

    too_much = 0

    def measure(what, method, body, expected):
        nonlocal too_much
        server.forget_peak()
        before, began = server.memory("VmRSS"), time.monotonic()
        size, members, _ = server.ask(method, f"/Groups/{large}", body)
        seconds = time.monotonic() - began
        growth = (server.memory("VmHWM") - before) / MIB
        if members != expected:
            sys.exit(f"{what} answered {members} members of {expected}")
        moved = max(size, len(body or b"")) / MIB
        print(f"{what:<42} {moved:8.1f} MiB moved {seconds:8.1f} s  peak {growth:+7.1f} MiB")
        too_much += growth > arguments.most

    count = f"{len(ids):,}"
    measure(f"PUT {count} members into an empty group", "PUT", document("Large", ids), len(ids))
    measure(f"GET {count} members", "GET", None, len(ids))
    measure(f"PUT the same {count} members", "PUT", document("Large", ids), len(ids))
    half = ids[: len(ids) // 2]
    measure(f"PUT {len(half):,} of them", "PUT", document("Large", half), len(half))
    measure(f"GET {len(half):,} members", "GET", None, len(half))
    server.ask("PUT", f"/Groups/{large}", document("Large", ids))
    measure(f"PATCH that removes {count} members", "PATCH", json.dumps(REMOVE_ALL).encode(), 0)
    server.ask("PUT", f"/Groups/{large}", document("Large", ids))
    measure(f"DELETE with {count} members", "DELETE", None, 0)
    if too_much:
        sys.exit(f"{too_much} of 7 grew by more than {arguments.most} MiB")


if __name__ == "__main__":
    main()
