//! A change costs what it changes, not what it changes something of.

use crate::harness::{
    World, both,
    shapes::{add, complex, operation, principal, remove, text},
};
use roster::{
    api::v1::{ModifyGroupMembersRequest, PatchGroupRequest, patch_operation::Op},
    store::{Counted, MEMBER_USER, Stop, Terms},
};
use serde_json::json;

const SIZE: usize = 100_000;

/// Every way to change one member.
const WAYS: [Way; 3] = [Way::Delta, Way::Patch, Way::Scim];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Delta,
    Patch,
    Scim,
}

async fn one_member_of_a_hundred_thousand_costs_what_one_of_a_few_costs(world: World) {
    let people = world.crowd("u", 2).await;
    let small = world.create_group("Few", vec![principal(&people[0])]).await.id;
    let large = world.create_group("Everyone", vec![principal(&people[0])]).await.id;
    fill(&world, &large).await;

    for way in WAYS {
        for adds in [true, false] {
            let few = cost(&world, &small, way, adds, &people[1]).await;
            let everyone = cost(&world, &large, way, adds, &people[1]).await;

            assert_eq!(few, everyone, "{way:?}, adding: {adds}: the same in a group of {SIZE}");
            assert!(few.statements <= 10 && few.rows_read <= 5, "{few:?}");
            // The edge, the group, the change, the commit and the head.
            assert!(few.rows_written <= 6, "{few:?}");
            assert_eq!((few.commits, few.items), (1, 1));
        }
    }
    assert_eq!(world.group(&large).await.direct_member_count, i64::try_from(SIZE).unwrap() + 1);
}

async fn a_group_is_read_without_its_members_at_the_same_cost_whatever_their_number(world: World) {
    let person = world.crowd("u", 1).await;
    let small = world.create_group("Few", vec![principal(&person[0])]).await.id;
    let large = world.create_group("Everyone", vec![principal(&person[0])]).await.id;
    fill(&world, &large).await;

    for query in ["excludedAttributes=members", "attributes=displayName"] {
        let (few, everyone) = (reading(&world, &small, query).await, reading(&world, &large, query).await);
        assert_eq!(few, everyone, "{query}");
        assert!(few.statements <= 3 && few.rows_read <= 3, "{few:?}");
    }
}

/// What reading a group costs.
async fn reading(world: &World, group: &str, query: &str) -> Counted {
    let read = async || world.scim().get(&format!("/Groups/{group}?{query}")).await.expect(200);
    let (read, counted) = world.least(read).await;
    assert!(read.get("members").is_none());
    counted
}

/// What one change costs. Beside it the server may look a credential up again (once a second), so the least of a few counts.
async fn cost(world: &World, group: &str, way: Way, adds: bool, member: &str) -> Counted {
    let mut least = None;
    for _ in 0..4 {
        // The other way first, so that there is something to change.
        change(world, group, way, !adds, member).await;
        let before = world.counted();
        change(world, group, way, adds, member).await;
        let now = world.counted() - before;
        if least.is_none_or(|least: Counted| now.statements < least.statements) {
            least = Some(now);
        }
    }
    change(world, group, way, false, member).await;
    least.unwrap()
}

async fn change(world: &World, group: &str, way: Way, adds: bool, member: &str) {
    let (organization_id, group_id) = (world.organization.clone(), group.to_owned());
    match way {
        Way::Delta => {
            let deltas = vec![if adds { add(principal(member)) } else { remove(principal(member)) }];
            let request = ModifyGroupMembersRequest { organization_id, group_id, deltas, ..ModifyGroupMembersRequest::default() };
            world.grpc().groups.modify_group_members(request).await.unwrap();
        }
        Way::Patch => {
            let op = if adds { Op::Add } else { Op::Remove };
            let operations = vec![operation(op, "members", Some(complex([("value", text(member))])))];
            let request = PatchGroupRequest { organization_id, group_id, operations, ..PatchGroupRequest::default() };
            world.grpc().groups.patch_group(request).await.unwrap();
        }
        Way::Scim => {
            let operations = if adds {
                json!([{"op": "add", "path": "members", "value": [{"value": member}]}])
            } else {
                json!([{"op": "remove", "path": format!("members[value eq \"{member}\"]")}])
            };
            let answer = world.scim().patch(&format!("/Groups/{group}?excludedAttributes=members"), &operations).await;
            assert!([200, 204].contains(&answer.status), "{}", answer.body);
        }
    }
}

/// Edges straight into the store, without a request for each.
async fn fill(world: &World, group: &str) {
    for some in world.populate(SIZE).await.chunks(2_000) {
        let (group, some) = (group.to_owned(), some.to_vec());
        let write = world.store().write(&world.organization, Terms::default(), move |work| {
            let Some(row) = work.group(&group)? else { return Err(Stop::Refused(())) };
            for id in &some {
                work.set_edge(&group, id, Some(MEMBER_USER));
            }
            work.put_group(row.group.clone(), i64::try_from(some.len()).unwrap());
            work.log(1, 1, &group, Vec::new());
            Ok::<(), Stop<()>>(())
        });
        write.await.unwrap().unwrap();
    }
}

both! {
    a_group_is_read_without_its_members_at_the_same_cost_whatever_their_number
    one_member_of_a_hundred_thousand_costs_what_one_of_a_few_costs
}
