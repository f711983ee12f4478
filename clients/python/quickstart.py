"""A tour of Roster's gRPC API: look people up, list them, fill a group, read it back.

    ROSTER_TOKEN=… python quickstart.py --endpoint 127.0.0.1:50051

Works in an organization of yours without disturbing it: what it makes, it deletes. Every step says what it did and
stops the program if the answer is not what the contract promises.
"""

import uuid

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

from connection import arguments, connect, parse, reason_of, write  # first: it puts the generated code on the path

from roster.v1 import group_service_pb2 as groups_v1
from roster.v1 import provisioning_service_pb2 as provisioning_v1
from roster.v1 import types_pb2 as types_v1
from roster.v1 import user_pb2 as user_v1
from roster.v1 import user_service_pb2 as users_v1
from roster.v1.group_service_pb2_grpc import GroupServiceStub
from roster.v1.provisioning_service_pb2_grpc import ProvisioningServiceStub
from roster.v1.user_service_pb2_grpc import UserServiceStub

MEMBERS = 1_000
IN_FLIGHT = 64


def expect(condition, what):
    if not condition:
        raise SystemExit(f"quickstart: {what}")


def in_flight(call, requests):
    """Sends many requests of one method, some at a time, and returns the answers in order."""
    answers, waiting = [], []
    for request in requests:
        waiting.append(call.future(request))
        if len(waiting) == IN_FLIGHT:
            answers.append(waiting.pop(0).result())
    return answers + [future.result() for future in waiting]


def main():
    read = parse(arguments(__doc__.splitlines()[0]))
    channel = connect(read.endpoint, read.token)
    users, groups = UserServiceStub(channel), GroupServiceStub(channel)
    caller = ProvisioningServiceStub(channel).GetCaller(provisioning_v1.GetCallerRequest())
    organization = read.organization or caller.organization.id
    print(f"caller: home organization {caller.organization.id}, scopes {', '.join(caller.scopes)}")

    run = uuid.uuid4().hex[:12]
    domain = f"{run}.example.com"
    ada_id, group_id, member_ids = None, None, []
    try:
        # One user. Should the answer be lost, the request is sent again, and its request_id makes that one user.
        create_ada = users_v1.CreateUserRequest(
            organization_id=organization,
            user=user_v1.User(
                user_name=f"Ada.Lovelace@{domain}",
                name=user_v1.PersonName(given_name="Ada", family_name="Lovelace"),
                emails=[types_v1.MultiValue(value=f"ada@{domain}", type="work", primary=True)],
                external_ids=[user_v1.ExternalId(value=f"hr-{run}")],
            ),
            write=types_v1.WriteOptions(request_id=str(uuid.uuid4())),
        )
        created = write(users.CreateUser, create_ada)
        ada = created.user
        ada_id = ada.id
        print(f"created {ada.user_name} as {ada.id}, version {ada.meta.etag}")
        expect(write(users.CreateUser, create_ada).user.id == ada.id, "the same request_id made another user")
        print("sent again with its request_id: the same user")

        # Found by everything it is known by; on any node, once its token was seen there.
        fresh = types_v1.Consistency(at_least_as_fresh=created.committed_at.token)
        for name, reference in {
            "userName, in another case": user_v1.UserRef(user_name=f"ADA.LOVELACE@{domain.upper()}"),
            "externalId": user_v1.UserRef(external_id=user_v1.ExternalId(value=f"hr-{run}")),
            "e-mail": user_v1.UserRef(email=f"ada@{domain}"),
        }.items():
            found = users.GetUser(users_v1.GetUserRequest(organization_id=organization, user=reference, consistency=fresh)).user
            expect(found == ada, f"by {name} another user came than the one created: {found}")
            print(f"found by {name}")

        # A mask names what changes; nothing else does.
        titled = users.UpdateUser(
            users_v1.UpdateUserRequest(
                organization_id=organization,
                user=user_v1.User(id=ada.id, title="Countess"),
                update_mask=FieldMask(paths=["title"]),
                precondition=types_v1.Precondition(if_match=[ada.meta.etag]),
            )
        ).user
        expect(titled.title == "Countess" and titled.name == ada.name, "the mask changed something else")
        print(f"updated under if_match, now version {titled.meta.etag}")

        # A filter with bind parameters: values never need quoting.
        work_mail = types_v1.Filter(
            expression='emails[type eq "work" and value ew :domain] and active eq true',
            parameters={"domain": types_v1.AttributeValue(string_value=f"@{domain}")},
        )
        listed = users.ListUsers(
            users_v1.ListUsersRequest(
                organization_id=organization,
                filter=work_mail,
                list=types_v1.ListOptions(total_size=types_v1.ListOptions.TOTAL_SIZE_EXACT),
            )
        )
        expect([u.id for u in listed.users] == [ada.id] and listed.total_size == 1, f"the filter answered {listed}")
        print(f"listed by {work_mail.expression!r}: {listed.total_size} user")

        # Errors are for programs: a code, a stable reason, metadata.
        try:
            users.GetUser(users_v1.GetUserRequest(organization_id=organization, user=user_v1.UserRef(id="nobody")))
            raise SystemExit("quickstart: a user that is not there was found")
        except grpc.RpcError as error:
            expect(error.code() == grpc.StatusCode.NOT_FOUND and reason_of(error) == "NOT_FOUND", str(error))
            print(f"an unknown id answers {error.code().name}, reason {reason_of(error)}")

        # A thousand members by one delta: one commit, one revision.
        created = in_flight(
            users.CreateUser,
            (
                users_v1.CreateUserRequest(
                    organization_id=organization, user=user_v1.User(user_name=f"member-{number:04}@{domain}")
                )
                for number in range(MEMBERS)
            ),
        )
        member_ids = [answer.user.id for answer in created]
        print(f"created {len(member_ids)} users, {IN_FLIGHT} in flight")

        group_id = groups.CreateGroup(
            groups_v1.CreateGroupRequest(
                organization_id=organization, group=groups_v1.Group(display_name=f"Engineers {run}")
            )
        ).group.id
        add_all = groups_v1.ModifyGroupMembersRequest(
            organization_id=organization,
            group_id=group_id,
            deltas=[
                groups_v1.MemberDelta(
                    action=groups_v1.MemberDelta.ACTION_ADD, member=types_v1.PrincipalRef(user_id=member_id)
                )
                for member_id in member_ids
            ],
        )
        added = groups.ModifyGroupMembers(add_all)
        expect((added.members_added, added.redundant) == (MEMBERS, 0), f"the delta answered {added}")
        print(f"added {added.members_added} members at revision {added.committed_at.number}")

        again = groups.ModifyGroupMembers(add_all)
        expect((again.members_added, again.redundant) == (0, MEMBERS), f"the repeated delta answered {again}")
        expect(again.etag == added.etag, "a delta that changes nothing made a new version")
        print(f"added them again: {again.redundant} redundant, version still {again.etag}")

        # The members, as a stream; the first chunk carries the group.
        group, streamed = None, []
        for chunk in groups.StreamGroupMembers(
            groups_v1.StreamGroupMembersRequest(organization_id=organization, group_id=group_id)
        ):
            group = group or chunk.group
            streamed += [member.member.user_id for member in chunk.members]
        expect(sorted(streamed) == sorted(member_ids), f"{len(streamed)} members were streamed")
        expect(group.direct_member_count == MEMBERS and group.meta.etag == again.etag, f"the stream's group is {group}")
        print(f"streamed {len(streamed)} members of {group.display_name!r}")

        answer = groups.BatchListPrincipalGroups(
            groups_v1.BatchListPrincipalGroupsRequest(
                organization_id=organization, principals=[types_v1.PrincipalRef(user_id=member_ids[0])]
            )
        )
        expect([g.group_id for g in answer.results[0].groups] == [group_id], f"the groups answered {answer}")
        print("the first member's groups: that one")
    finally:
        if group_id:
            groups.DeleteGroup(groups_v1.DeleteGroupRequest(organization_id=organization, group_id=group_id))
        gone = [ada_id] if ada_id else []
        in_flight(
            users.DeleteUser,
            (users_v1.DeleteUserRequest(organization_id=organization, user_id=u) for u in gone + member_ids),
        )
    print("deleted what was made; all as the contract says")


if __name__ == "__main__":
    main()
