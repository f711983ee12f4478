// A tour of Roster's gRPC API: somebody is created, found, changed, put into a group and read back.
//
//     ROSTER_TOKEN=… npm run quickstart -- --endpoint http://127.0.0.1:50051 [--web]
//
// With --web it speaks gRPC-Web, as a page in a browser does (the server needs --grpc-web-origins). Works in an
// organization of yours without disturbing it: what it makes, it deletes.

import { randomUUID } from "node:crypto";
import assert from "node:assert/strict";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { GroupService, MemberDelta_Action } from "../generated/roster/v1/group_service_pb.js";
import { ProvisioningService } from "../generated/roster/v1/provisioning_service_pb.js";
import { UserService } from "../generated/roster/v1/user_service_pb.js";
import { connect, OPTIONS, read, reasonOf, write } from "./connection.js";

const { endpoint, token, organization, web } = read({ ...OPTIONS, web: { type: "boolean" } });
const transport = connect(endpoint, token, web);
const users = createClient(UserService, transport);
const groups = createClient(GroupService, transport);

const caller = await createClient(ProvisioningService, transport).getCaller({});
const organizationId = organization ?? caller.organization!.id;
console.log(`caller: home organization ${caller.organization!.id}, scopes ${caller.scopes.join(", ")}`);

const domain = `${randomUUID()}.example.com`;
let userId: string | undefined;
let groupId: string | undefined;
try {
  // Should the answer be lost, the request is sent again, and its request_id makes that one user.
  const createAda = {
    organizationId,
    user: {
      userName: `Ada.Lovelace@${domain}`,
      name: { givenName: "Ada", familyName: "Lovelace" },
      emails: [{ value: `ada@${domain}`, type: "work", primary: true }],
    },
    write: { requestId: randomUUID() },
  };
  const created = await write(users.createUser, createAda);
  const ada = created.user!;
  userId = ada.id;
  console.log(`created ${ada.userName} as ${ada.id}, version ${ada.meta!.etag}`);
  assert.equal((await write(users.createUser, createAda)).user!.id, ada.id, "the same request_id made another user");
  console.log("sent again with its request_id: the same user");

  // Found by everything it is known by; on any node, once its token was seen there.
  const fresh = { requirement: { case: "atLeastAsFresh", value: created.committedAt!.token } } as const;
  const references = [
    { case: "userName", value: `ADA.LOVELACE@${domain.toUpperCase()}` },
    { case: "email", value: `ada@${domain}` },
  ] as const;
  for (const ref of references) {
    const found = await users.getUser({ organizationId, user: { ref }, consistency: { ...fresh } });
    assert.equal(found.user!.id, ada.id);
    console.log(`found by ${ref.case}`);
  }

  // A mask names what changes; nothing else does.
  const titled = await users.updateUser({
    organizationId,
    user: { id: ada.id, title: "Countess" },
    updateMask: { paths: ["title"] },
    precondition: { ifMatch: [ada.meta!.etag] },
  });
  assert.deepEqual([titled.user!.title, titled.user!.name], ["Countess", ada.name]);
  console.log(`updated under if_match, now version ${titled.user!.meta!.etag}`);

  // Errors are for programs: a code, a stable reason, metadata.
  const refused = await users.getUser({ organizationId, user: { ref: { case: "id", value: "nobody" } } }).then(
    () => assert.fail("a user that is not there was found"),
    (error: unknown) => ConnectError.from(error),
  );
  assert.deepEqual([refused.code, reasonOf(refused)], [Code.NotFound, "NOT_FOUND"]);
  console.log(`an unknown id answers ${Code[refused.code]}, reason ${reasonOf(refused)}`);

  // Members change by deltas; they are read as a stream.
  groupId = (await groups.createGroup({ organizationId, group: { displayName: `Engineers ${domain}` } })).group!.id;
  const member = { principal: { case: "userId", value: ada.id } } as const;
  const added = await groups.modifyGroupMembers({
    organizationId,
    groupId,
    deltas: [{ action: MemberDelta_Action.ADD, member }],
  });
  assert.equal(added.membersAdded, 1n);
  const streamed: unknown[] = [];
  for await (const chunk of groups.streamGroupMembers({ organizationId, groupId })) {
    streamed.push(...chunk.members.map((edge) => edge.member!.principal.value));
  }
  assert.deepEqual(streamed, [ada.id]);
  console.log(`added a member at revision ${added.committedAt!.number}, and streamed it`);
} finally {
  if (groupId) await groups.deleteGroup({ organizationId, groupId });
  if (userId) await users.deleteUser({ organizationId, userId });
}
console.log("deleted what was made; all as the contract says");
