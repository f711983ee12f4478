//! Many writers at once, in every order: what they were told adds up to what is there.

use crate::harness::{
    Refused, World, both,
    shapes::{add, any_principal, by_name, filter, operation, page, remove, text, user},
};
use roster::api::v1::{
    DeleteUserRequest, ListGroupsRequest, ListUsersRequest, ModifyGroupMembersRequest, PatchUserRequest, patch_operation::Op,
};
use std::collections::{BTreeMap, BTreeSet};
use tonic::Status;

const WRITERS: usize = 16;
const WRITES: usize = 40;
const NAMES: usize = 12;

/// A cheap source of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Told to a writer: the revision, if its write may have made one.
fn told(answer: Result<Option<u64>, Status>) -> Option<u64> {
    match answer {
        Ok(revision) => revision,
        Err(status) => {
            let refused = Refused::read(&status);
            assert!(["NOT_FOUND", "UNIQUENESS", "INVALID_VALUE"].contains(&refused.reason.as_str()), "{refused:?}");
            None
        }
    }
}

async fn what_writers_were_told_adds_up(world: World) {
    let people = world.crowd("u", 20).await;
    let mut groups = Vec::new();
    for (i, person) in people.iter().take(4).enumerate() {
        groups.push(world.create_group(&format!("G{i}"), vec![any_principal(person)]).await.id);
    }
    let start = world.head().await;

    let writers = (0..WRITERS).map(|w| writer(&world, w, &people, &groups));
    let mut revisions: Vec<u64> = futures_util::future::join_all(writers).await.into_iter().flatten().collect();

    // Every change has a revision of its own, and there is no revision that nobody was told.
    revisions.sort_unstable();
    let head = world.head().await;
    assert_eq!(revisions, (start + 1..=head).collect::<Vec<_>>());
    consistent(&world, &groups).await;
    is_told_by_the_feed(&world).await;
}

/// Every revision of every organization is a commit with at least one change, and the last one is the head.
async fn is_told_by_the_feed(world: &World) {
    let heads =
        world.pairs("SELECT revision, (SELECT COUNT(*) FROM commits c WHERE c.organization_id = h.organization_id) FROM heads h").await;
    let bounds = world.pairs("SELECT MIN(revision), MAX(revision) FROM commits GROUP BY organization_id").await;
    let bare = world
        .pairs(
            "SELECT c.revision, 0 FROM commits c LEFT JOIN changes x ON x.organization_id = c.organization_id AND x.revision = c.revision \
             WHERE x.idx IS NULL",
        )
        .await;
    let stray = world
        .pairs(
            "SELECT x.revision, 0 FROM changes x LEFT JOIN commits c ON c.organization_id = x.organization_id AND c.revision = x.revision \
             WHERE c.revision IS NULL",
        )
        .await;
    let indexes = world.pairs("SELECT MAX(idx) + 1, COUNT(*) FROM changes GROUP BY organization_id, revision").await;

    assert!(heads.iter().all(|(head, commits)| head == commits), "as many commits as revisions: {heads:?}");
    assert!(bounds.iter().all(|(first, last)| *first == 1 && heads.iter().any(|(head, _)| head == last)), "{bounds:?} {heads:?}");
    assert_eq!((bare, stray), (vec![], vec![]), "no commit without a change, no change without a commit");
    assert!(indexes.iter().all(|(next, count)| next == count), "the changes of a commit are numbered from 0");
}

async fn writer(world: &World, number: usize, people: &[String], groups: &[String]) -> Vec<u64> {
    let mut dice = Dice(0x9e37_79b9 ^ number as u64);
    let mut revisions = Vec::new();
    for _ in 0..WRITES {
        let organization_id = world.organization.clone();
        let person = people[dice.below(people.len())].clone();
        let name = format!("Name{}", dice.below(NAMES));
        let mut clients = world.grpc();
        let answer = match dice.below(10) {
            0 | 1 => world.try_create_user(user(&name)).await.map(|(_, r)| Some(r.number)),
            2 | 3 => {
                let operations = vec![operation(Op::Replace, "userName", Some(text(&name)))];
                let request = PatchUserRequest { organization_id, user_id: person, operations, ..PatchUserRequest::default() };
                clients
                    .users
                    .patch_user(request)
                    .await
                    .map(tonic::Response::into_inner)
                    .map(|a| a.changed.then(|| a.committed_at.unwrap().number))
            }
            4 => {
                // One that was made under a name, if somebody has it now.
                let Ok(holder) = world.try_get_user(by_name(&name)).await else { continue };
                if people.contains(&holder.id) {
                    continue;
                }
                let request = DeleteUserRequest { organization_id, user_id: holder.id, ..DeleteUserRequest::default() };
                clients.users.delete_user(request).await.map(|a| Some(a.into_inner().committed_at.unwrap().number))
            }
            n => {
                let group_id = groups[dice.below(groups.len())].clone();
                let deltas = vec![if n < 8 { add(any_principal(&person)) } else { remove(any_principal(&person)) }];
                let request = ModifyGroupMembersRequest { organization_id, group_id, deltas, ..ModifyGroupMembersRequest::default() };
                let answer = clients.groups.modify_group_members(request).await.map(tonic::Response::into_inner);
                answer.map(|a| (a.redundant == 0).then(|| a.committed_at.unwrap().number))
            }
        };
        revisions.extend(told(answer));
    }
    revisions
}

/// Every index says what the resources say.
async fn consistent(world: &World, groups: &[String]) {
    let organization_id = world.organization.clone();
    let mut clients = world.grpc();
    let request = ListUsersRequest { organization_id: organization_id.clone(), list: page(1_000, "", ""), ..ListUsersRequest::default() };
    let listed = clients.users.list_users(request).await.unwrap().into_inner();
    assert_eq!(listed.total_size, Some(i64::try_from(listed.users.len()).unwrap()), "the counter counts what is there");
    let names: BTreeMap<String, String> = listed.users.iter().map(|u| (u.user_name.to_lowercase(), u.id.clone())).collect();
    assert_eq!(names.len(), listed.users.len(), "no name is held twice");
    for (name, id) in &names {
        assert_eq!(&world.try_get_user(by_name(&name.to_uppercase())).await.unwrap().id, id);
    }
    for number in 0..NAMES {
        let name = format!("name{number}");
        assert_eq!(world.try_get_user(by_name(&name)).await.is_ok(), names.contains_key(&name), "{name}");
    }
    let mut memberships: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for group in groups {
        let members = world.members(group).await;
        assert_eq!(world.group(group).await.direct_member_count, i64::try_from(members.len()).unwrap());
        for member in members {
            memberships.entry(member).or_default().insert(group.clone());
        }
    }
    for user in &listed.users {
        let request = ListGroupsRequest {
            organization_id: organization_id.clone(),
            filter: filter(&format!("members eq \"{}\"", user.id)),
            ..ListGroupsRequest::default()
        };
        let found = clients.groups.list_groups(request).await.unwrap().into_inner().groups;
        assert_eq!(found.into_iter().map(|g| g.id).collect::<BTreeSet<_>>(), memberships.remove(&user.id).unwrap_or_default());
    }
    assert!(memberships.is_empty(), "nobody who is gone is a member: {memberships:?}");
}

both! {
    what_writers_were_told_adds_up
}
