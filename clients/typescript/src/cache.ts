// Keeps a copy of an organization's users, groups and memberships that never misses a change.
//
//     ROSTER_TOKEN=… npm run cache -- --endpoint http://127.0.0.1:50051 --state directory.json
//
// The first run takes a snapshot and follows from there; every later one goes on where the last one ended, whatever
// happened meanwhile: the resume token is stored in the step that stores what came with it.

import { existsSync, readFileSync, renameSync, writeFileSync, openSync, fsyncSync, closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import {
  ChangeEvent_Action as Action,
  ChangeService,
  ResourceKind,
  type ChangeEvent,
  type WatchChangesResponse,
} from "../generated/roster/v1/change_service_pb.js";
import { ProvisioningService } from "../generated/roster/v1/provisioning_service_pb.js";
import type { PrincipalRef } from "../generated/roster/v1/types_pb.js";
import { connect, OPTIONS, read, reasonOf } from "./connection.js";

const KINDS = [ResourceKind.USER, ResourceKind.GROUP, ResourceKind.MEMBERSHIP];
// The place is lost: too old, of a store that was restored, or not this organization's. Only a new snapshot helps.
const LOST = new Set(["REVISION_COMPACTED", "EPOCH_CHANGED", "REVISION_UNKNOWN", "INVALID_TOKEN"]);

/** The copy, and how far it is. */
class Cache {
  private users = new Map<string, string>();
  private groups = new Map<string, string>();
  private members = new Set<string>();
  resumeToken = "";
  /** -1 until the snapshot is complete. */
  revision = -1n;

  constructor(private readonly file: string) {
    if (!existsSync(file)) return;
    const kept = JSON.parse(readFileSync(file, "utf8"));
    this.users = new Map(kept.users);
    this.groups = new Map(kept.groups);
    this.members = new Set(kept.members);
    this.resumeToken = kept.resumeToken;
    this.revision = BigInt(kept.revision);
  }

  /** Takes a message in: what it says and its token are stored in one step, or not at all. */
  apply({ message, resumeToken }: WatchChangesResponse) {
    switch (message.case) {
      case "snapshotChunk":
        for (const user of message.value.users) this.users.set(user.id, user.userName);
        for (const group of message.value.groups) this.groups.set(group.id, group.displayName);
        for (const edge of message.value.memberships) this.members.add(line(edge));
        break;
      case "commit":
        message.value.events.forEach((event) => this.take(event));
        // A large commit comes in fragments; it is there when the last one is.
        if (message.value.lastFragment && this.revision >= 0n) this.revision = message.value.revision!.number;
        break;
      case "snapshotComplete":
        this.revision = message.value.revision!.number;
        break;
      case "checkpoint":
        if (this.revision >= 0n) this.revision = message.value.revision!.number;
        break;
    }
    if (resumeToken) this.resumeToken = resumeToken;
    this.store();
  }

  /** Begins anew. */
  forget() {
    this.users.clear();
    this.groups.clear();
    this.members.clear();
    this.resumeToken = "";
    this.revision = -1n;
    this.store();
  }

  /** The copy as text, for comparing. */
  lines(): string[] {
    const named = (kind: string, names: Map<string, string>) => [...names].map(([id, name]) => `${kind} ${id} ${name}`);
    const members = [...this.members].map((edge) => `member ${edge}`);
    return [...named("user", this.users).sort(), ...named("group", this.groups).sort(), ...members.sort()];
  }

  private take({ kind, action, resourceId, detail }: ChangeEvent) {
    const ended = action === Action.SOFT_DELETED || action === Action.PURGED;
    if (detail.case === "membership") {
      if (action === Action.REMOVED) this.members.delete(line(detail.value));
      else this.members.add(line(detail.value));
    } else if (ended && kind === ResourceKind.USER) this.users.delete(resourceId);
    else if (ended && kind === ResourceKind.GROUP) this.groups.delete(resourceId);
    else if (detail.case === "user" && detail.value.after) this.users.set(resourceId, detail.value.after.userName);
    else if (detail.case === "group" && detail.value.after) this.groups.set(resourceId, detail.value.after.displayName);
  }

  /** A whole new file in place of the old one. A service keeps its copy in a database, and both in one transaction. */
  private store() {
    const { users, groups, members, resumeToken, revision } = this;
    const kept = { users: [...users], groups: [...groups], members: [...members], resumeToken, revision: `${revision}` };
    writeFileSync(`${this.file}.new`, JSON.stringify(kept));
    const written = openSync(`${this.file}.new`, "r");
    fsyncSync(written);
    closeSync(written);
    renameSync(`${this.file}.new`, this.file);
  }
}

function line({ groupId, member }: { groupId: string; member?: PrincipalRef | undefined }) {
  return `${groupId} ${member!.principal.value}`;
}

/** Takes in what comes until the copy is of the revision `until` or a later one; for ever if there is none. */
async function follow(changes: Client<typeof ChangeService>, organizationId: string, cache: Cache, until?: bigint) {
  const done = () => until !== undefined && cache.revision >= until;
  for (let attempt = 0; !done(); attempt++) {
    const token = cache.resumeToken;
    console.log(token ? `going on after revision ${cache.revision}` : "beginning with a snapshot");
    const start = token
      ? ({ case: "resumeToken", value: token } as const)
      : ({ case: "snapshot", value: true } as const);
    let pause = Math.min(10_000, 100 * 2 ** attempt);
    // Ends the stream, however this turn does.
    const stream = new AbortController();
    try {
      const request = { organizationId, kinds: KINDS, start };
      for await (const message of changes.watchChanges(request, { signal: stream.signal })) {
        attempt = 0;
        cache.apply(message);
        if (message.message.case === "ending" && message.message.value.retryAfter) {
          pause = durationMs(message.message.value.retryAfter);
        }
        if (done()) stream.abort();
      }
    } catch (error) {
      if (done()) return;
      if (LOST.has(reasonOf(error) ?? "")) {
        cache.forget();
        pause = 0;
      } else if (ConnectError.from(error).code !== Code.Unavailable) throw error;
    } finally {
      stream.abort();
    }
    await sleep(pause * (0.5 + Math.random() / 2));
  }
}

const { endpoint, token, organization, state, once, dump, web } = read({
  ...OPTIONS,
  /** The file that holds the copy. */
  state: { type: "string", default: "directory.json" },
  /** End when the copy is as new as the directory was at the start. */
  once: { type: "boolean" },
  /** At the end, write the copy to this file, a line each. */
  dump: { type: "string" },
  /** Speak gRPC-Web. */
  web: { type: "boolean" },
});
const transport = connect(endpoint, token, web);
const caller = await createClient(ProvisioningService, transport).getCaller({});
const organizationId = organization ?? caller.organization!.id;
const changes = createClient(ChangeService, transport);
const until = once ? (await changes.getRevisions({ organizationId })).latest!.number : undefined;

const cache = new Cache(state);
await follow(changes, organizationId, cache, until);
const lines = cache.lines();
console.log(`the copy is of revision ${cache.revision}: ${lines.length} users, groups and members`);
if (dump) writeFileSync(dump, lines.map((text) => `${text}\n`).join(""));
