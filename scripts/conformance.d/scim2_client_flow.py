"""Creates, queries, patches and deletes users and groups with scim2-client, against the base URL given.

    ROSTER_SCIM_TOKEN=… python scim2_client_flow.py http://127.0.0.1:8080/scim/v2/default

scim2-client builds its models from the server's own /Schemas and refuses every answer that does not fit them.
"""

import os
import sys
import uuid

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Error, PatchOp, PatchOperation, ResponseParameters, SearchRequest


def expect(condition, what):
    if not condition:
        raise SystemExit(f"scim2-client: {what}")


def patch(scim, model, id, *operations):
    """Applies operations and reads the resource again."""
    scim.modify(model, id, PatchOp[model](operations=[PatchOperation(**operation) for operation in operations]))
    return scim.query(model, id)


def gone(scim, model, id):
    answer = scim.query(model, id, raise_scim_errors=False)
    return isinstance(answer, Error) and answer.status == 404


def main():
    http = Client(base_url=sys.argv[1], headers={"Authorization": f"Bearer {os.environ['ROSTER_SCIM_TOKEN']}"})
    scim = SyncSCIMClient(http)
    scim.discover()
    User, Group = scim.get_resource_model("User"), scim.get_resource_model("Group")
    expect(User and Group, "the server does not describe User and Group")
    run = uuid.uuid4().hex[:12]

    # Users: create, query by id and by filter, replace, patch.
    names = [f"{who}.{run}@example.com" for who in ("Ada", "Grace", "Katherine")]
    created = []
    for name in names:
        user = User(user_name=name, external_id=f"ext-{name}")
        user.emails = [User.Emails(value=name, type="work", primary=True)]
        created.append(scim.create(user))
    ada, grace, katherine = created
    expect(ada.id and ada.meta.location.endswith(f"/Users/{ada.id}"), f"a created user without a location: {ada.meta}")
    expect(ada.meta.version, "a created user without a version")

    again = scim.create(User(user_name=names[0].upper()), raise_scim_errors=False)
    expect(isinstance(again, Error) and again.status == 409, f"a taken userName in another case answered {again}")

    expect(scim.query(User, ada.id) == ada, "a user reads back unlike it was created")
    found = scim.query(User, query_parameters=SearchRequest(filter=f'userName eq "{names[1].lower()}"'))
    expect([u.id for u in found.resources or []] == [grace.id], "the filter on userName did not find the one user")
    page = scim.query(
        User, query_parameters=SearchRequest(filter=f'userName co "{run}"', sort_by="userName", start_index=2, count=1)
    )
    expect(page.total_results == 3, f"totalResults is {page.total_results} of 3")
    expect([u.id for u in page.resources or []] == [grace.id], "the second of the sorted page is another user")
    little = scim.query(User, ada.id, query_parameters=ResponseParameters(attributes=["userName"]))
    expect(little.user_name == names[0] and not little.emails, "attributes=userName returned something else")

    ada.title = "Countess"
    replaced = scim.replace(ada)
    expect(replaced.title == "Countess" and replaced.meta.version != ada.meta.version, "PUT did not make a new version")

    ada = patch(
        scim,
        User,
        ada.id,
        {"op": "replace", "path": "displayName", "value": "Ada Lovelace"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": f"countess.{run}@example.com"},
        {"op": "add", "path": "active", "value": False},
    )
    expect(ada.display_name == "Ada Lovelace" and ada.active is False, "PATCH did not set what it named")
    expect(ada.emails[0].value == f"countess.{run}@example.com", "PATCH did not reach into the work e-mail")
    expect(ada.title == "Countess", "PATCH changed what it did not name")
    print("scim2-client: created, queried, replaced and patched users")

    # Groups: create with a member, query, patch members in and out.
    group = scim.create(
        Group(display_name=f"Engineers {run}", external_id=f"g-{run}", members=[Group.Members(value=ada.id)])
    )
    expect([m.value for m in group.members or []] == [ada.id], "a created group lacks its member")
    group = patch(
        scim,
        Group,
        group.id,
        {"op": "add", "path": "members", "value": [{"value": grace.id}, {"value": katherine.id}]},
        {"op": "remove", "path": f'members[value eq "{ada.id}"]'},
        {"op": "replace", "path": "displayName", "value": f"Programmers {run}"},
    )
    expect({m.value for m in group.members} == {grace.id, katherine.id}, f"the members are {group.members}")
    expect(group.display_name == f"Programmers {run}", "PATCH did not rename the group")
    found = scim.query(Group, query_parameters=SearchRequest(filter=f'displayName eq "Programmers {run}"'))
    expect([g.id for g in found.resources or []] == [group.id], "the filter on displayName did not find the one group")
    mine = scim.query(User, grace.id)
    expect([g.value for g in mine.groups or []] == [group.id], f"the user's groups are {mine.groups}")
    print("scim2-client: created, queried and patched groups")

    # Delete: gone, and gone from the group.
    scim.delete(User, katherine.id)
    expect(gone(scim, User, katherine.id), "a deleted user still answers")
    expect([m.value for m in scim.query(Group, group.id).members] == [grace.id], "a deleted user is still a member")
    scim.delete(Group, group.id)
    expect(gone(scim, Group, group.id), "a deleted group still answers")
    expect(not scim.query(User, grace.id).groups, "a deleted group is still among its member's groups")
    for user in (ada, grace):
        scim.delete(User, user.id)
        expect(gone(scim, User, user.id), "a deleted user still answers")
    left = scim.query(User, query_parameters=SearchRequest(filter=f'userName co "{run}"'))
    expect(left.total_results == 0 and not left.resources, f"{left.total_results} deleted users are still listed")
    print("scim2-client: deleted users and groups")
    print("scim2-client: passed")


if __name__ == "__main__":
    main()
