"""Keeps a copy of an organization's users, groups and memberships that never misses a change.

    ROSTER_TOKEN=… python cache.py --endpoint 127.0.0.1:50051 --state directory.sqlite

The first run takes a snapshot and follows from there; every later one goes on where the last one ended, whatever happened
meanwhile: the resume token is stored in the transaction that stores what came with it.
"""

import random
import sqlite3
import time

import grpc

from connection import arguments, connect, parse, reason_of  # first: it puts the generated code on the path

from roster.v1 import change_service_pb2 as changes_v1
from roster.v1 import provisioning_service_pb2 as provisioning_v1
from roster.v1.change_service_pb2_grpc import ChangeServiceStub
from roster.v1.provisioning_service_pb2_grpc import ProvisioningServiceStub

TABLES = """
CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS groups (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (group_id TEXT, member_id TEXT, PRIMARY KEY (group_id, member_id));
CREATE TABLE IF NOT EXISTS place (resume_token TEXT NOT NULL, revision INTEGER NOT NULL);
"""
KINDS = (changes_v1.RESOURCE_KIND_USER, changes_v1.RESOURCE_KIND_GROUP, changes_v1.RESOURCE_KIND_MEMBERSHIP)
# The place is lost: too old, of a store that was restored, or not this organization's. Only a new snapshot helps.
LOST = {"REVISION_COMPACTED", "EPOCH_CHANGED", "REVISION_UNKNOWN", "INVALID_TOKEN"}
Event = changes_v1.ChangeEvent


class Cache:
    """The copy, and how far it is."""

    def __init__(self, file):
        self.store = sqlite3.connect(file)
        self.store.executescript(TABLES)

    def place(self):
        """The token to go on from, and the revision the copy is of: -1 until its snapshot is complete."""
        return self.store.execute("SELECT resume_token, revision FROM place").fetchone() or (None, -1)

    def apply(self, message):
        """Takes a message in: what it says and its token are stored in one step, or not at all."""
        with self.store:
            what = message.WhichOneof("message")
            revision = self.place()[1]
            if what == "snapshot_chunk":
                self._take_chunk(message.snapshot_chunk)
            elif what == "commit":
                for event in message.commit.events:
                    self._take_event(event)
                # A large commit comes in fragments; it is there when the last one is.
                if message.commit.last_fragment and revision >= 0:
                    revision = message.commit.revision.number
            elif what == "snapshot_complete":
                revision = message.snapshot_complete.revision.number
            elif what == "checkpoint" and revision >= 0:
                revision = message.checkpoint.revision.number
            if message.resume_token:
                self.store.execute("DELETE FROM place")
                self.store.execute("INSERT INTO place VALUES (?, ?)", (message.resume_token, revision))

    def forget(self):
        """Begins anew."""
        with self.store:
            for table in ("users", "groups", "members", "place"):
                self.store.execute(f"DELETE FROM {table}")

    def _take_chunk(self, chunk):
        self.store.executemany("REPLACE INTO users VALUES (?, ?)", [(u.id, u.user_name) for u in chunk.users])
        self.store.executemany("REPLACE INTO groups VALUES (?, ?)", [(g.id, g.display_name) for g in chunk.groups])
        edges = [(edge.group_id, principal(edge.member)) for edge in chunk.memberships]
        self.store.executemany("REPLACE INTO members VALUES (?, ?)", edges)

    def _take_event(self, event):
        ended = event.action in (Event.ACTION_SOFT_DELETED, Event.ACTION_PURGED)
        if event.kind == changes_v1.RESOURCE_KIND_MEMBERSHIP:
            edge = (event.membership.group_id, principal(event.membership.member))
            if event.action == Event.ACTION_REMOVED:
                self.store.execute("DELETE FROM members WHERE group_id = ? AND member_id = ?", edge)
            else:
                self.store.execute("REPLACE INTO members VALUES (?, ?)", edge)
        elif event.kind == changes_v1.RESOURCE_KIND_USER:
            if ended:
                self.store.execute("DELETE FROM users WHERE id = ?", (event.resource_id,))
            elif event.user.HasField("after"):
                self.store.execute("REPLACE INTO users VALUES (?, ?)", (event.resource_id, event.user.after.user_name))
        elif event.kind == changes_v1.RESOURCE_KIND_GROUP:
            if ended:
                self.store.execute("DELETE FROM groups WHERE id = ?", (event.resource_id,))
            elif event.group.HasField("after"):
                self.store.execute("REPLACE INTO groups VALUES (?, ?)", (event.resource_id, event.group.after.display_name))

    def lines(self):
        """The copy as text, for comparing."""
        for table in ("users", "groups", "members"):
            for row in self.store.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
                yield " ".join((table[:-1], *row))


def principal(ref):
    """A member's id, whichever kind it is."""
    return getattr(ref, ref.WhichOneof("principal"))


def follow(changes, organization, cache, until):
    """Takes in what comes until the copy is of the revision `until` or a later one; for ever if that is None."""
    attempt = 0
    while until is None or cache.place()[1] < until:
        token, revision = cache.place()
        print(f"going on after revision {revision}" if token else "beginning with a snapshot", flush=True)
        request = changes_v1.WatchChangesRequest(organization_id=organization, kinds=KINDS)
        if token:
            request.resume_token = token
        else:
            request.snapshot = True
        pause = min(10.0, 0.1 * 2**attempt)
        attempt += 1
        try:
            stream = changes.WatchChanges(request)
            for message in stream:
                attempt = 0
                cache.apply(message)
                if message.WhichOneof("message") == "ending":
                    pause = message.ending.retry_after.ToTimedelta().total_seconds()
                if until is not None and cache.place()[1] >= until:
                    stream.cancel()
                    return
        except grpc.RpcError as error:
            if reason_of(error) in LOST:
                cache.forget()
                pause = 0.0
            elif error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
        time.sleep(random.uniform(pause / 2, pause))


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--state", default="directory.sqlite", help="the file that holds the copy")
    parser.add_argument("--once", action="store_true", help="end when the copy is as new as the directory was at the start")
    parser.add_argument("--dump", help="at the end, write the copy to this file, a line each")
    read = parse(parser)

    channel = connect(read.endpoint, read.token)
    caller = ProvisioningServiceStub(channel).GetCaller(provisioning_v1.GetCallerRequest())
    organization = read.organization or caller.organization.id
    changes = ChangeServiceStub(channel)
    until = None
    if read.once:
        revisions = changes.GetRevisions(changes_v1.GetRevisionsRequest(organization_id=organization))
        until = revisions.latest.number

    cache = Cache(read.state)
    follow(changes, organization, cache, until)
    lines = list(cache.lines())
    print(f"the copy is of revision {cache.place()[1]}: {len(lines)} users, groups and members")
    if read.dump:
        with open(read.dump, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
