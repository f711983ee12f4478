//! The questions of a round, and what brute force says to them.

use super::Model;
use crate::harness::{
    World,
    shapes::{any_principal, principal_id},
};
use crate::roles::dice::Dice;
use futures_util::StreamExt as _;
use roster::api::v1::{
    BatchCheckAccessRequest, BatchListPrincipalGroupsRequest, GroupMember, ListGroupMembersRequest, StreamGroupMembersRequest,
    batch_check_access_request::{Item, item::Asked},
    batch_check_access_response::result::Result as Outcome,
    group_summary::Kind,
};
use std::{collections::BTreeMap, env};

/// Principals whose groups are listed in one request, and groups whose members are listed in a round.
const LISTED: usize = 250;
const OPENED: usize = 40;

pub async fn round(world: &World, model: &Model, dice: &mut Dice, round: usize) {
    let groups: Vec<&String> = model.groups.iter().collect();
    let principals: Vec<&String> = model.users.iter().chain(&model.groups).collect();
    // All people once, and some groups.
    let some: Vec<&String> = if round == 0 { model.users.iter().collect() } else { Vec::new() };
    let asked: Vec<&String> = some.into_iter().chain((0..LISTED).map(|_| principals[dice.place(principals.len())])).collect();
    for part in asked.chunks(LISTED) {
        lists(world, model, part, round).await;
    }
    let thousands = env::var("ROSTER_MEMBERSHIP_QUESTIONS").map_or(2, |text| text.parse().unwrap());
    for _ in 0..thousands {
        checks(world, model, dice, &principals, &groups, round).await;
    }
    for k in 0..OPENED {
        // Those high up hold the most.
        let group = groups[if k % 2 == 0 { groups.len() - 1 - dice.place(groups.len() / 10) } else { dice.place(groups.len()) }];
        members(world, model, group, round).await;
    }
}

/// The groups of principals: their own, and those above.
async fn lists(world: &World, model: &Model, principals: &[&String], round: usize) {
    for (transitive, most) in [(true, 5_000), (true, 7), (false, 5_000)] {
        let request = BatchListPrincipalGroupsRequest {
            organization_id: world.organization.clone(),
            principals: principals.iter().map(|id| any_principal(id)).collect(),
            transitive,
            max_groups: i32::try_from(most).unwrap(),
            consistency: None,
        };
        let answer = world.grpc().groups.batch_list_principal_groups(request).await.unwrap().into_inner();
        assert_eq!(answer.results.len(), principals.len());
        for (id, result) in principals.iter().zip(answer.results) {
            let ways = model.ways(id);
            let expected: Vec<(String, Kind)> = ways
                .into_iter()
                .filter(|(_, length)| transitive || *length == 1)
                .map(|(group, length)| (group, if length == 1 { Kind::Direct } else { Kind::Indirect }))
                .collect();
            let told: Vec<(String, Kind)> = result.groups.iter().map(|g| (g.group_id.clone(), g.kind())).collect();
            assert_eq!(
                (told.as_slice(), result.truncated),
                (&expected[..expected.len().min(most)], expected.len() > most),
                "round {round}: groups of {id}"
            );
        }
    }
}

/// Is she in it, and why.
async fn checks(world: &World, model: &Model, dice: &mut Dice, principals: &[&String], groups: &[&String], round: usize) {
    let mut asked = Vec::new();
    while asked.len() < 1_000 {
        let principal = principals[dice.place(principals.len())];
        let ways = model.ways(principal);
        // Some that are so, one that hardly is, and whether it is in itself.
        for _ in 0..3.min(ways.len()) {
            let group = ways.keys().nth(dice.place(ways.len())).unwrap();
            asked.push((principal, group.clone(), ways.get(group).copied()));
        }
        let other = groups[dice.place(groups.len())];
        asked.push((principal, other.clone(), ways.get(other).copied()));
        if model.groups.contains(principal) {
            asked.push((principal, principal.clone(), None));
        }
    }
    asked.truncate(1_000);
    let item = |(principal, group, _): &(&String, String, _)| Item {
        principal: Some(any_principal(principal)),
        asked: Some(Asked::GroupId(group.clone())),
        scope: String::new(),
    };
    let request = BatchCheckAccessRequest {
        organization_id: world.organization.clone(),
        items: asked.iter().map(item).collect(),
        explain: true,
        consistency: None,
    };
    let answer = world.grpc().roles.batch_check_access(request).await.unwrap().into_inner();
    for ((principal, group, length), result) in asked.iter().zip(answer.results) {
        let Some(Outcome::Decision(decision)) = result.result else { panic!("round {round}: {principal} in {group}: {result:?}") };
        assert_eq!(decision.allowed, length.is_some(), "round {round}: {principal} in {group}");
        let ways: Vec<Vec<String>> = decision.derivations.into_iter().map(|d| d.group_path).collect();
        match (length, ways.as_slice()) {
            (Some(length), [way]) => {
                assert!(model.leads(way, group, principal) && way.len() == *length, "round {round}: {principal} in {group} by {way:?}");
            }
            (None, []) => {}
            (_, ways) => panic!("round {round}: {principal} in {group} by {ways:?}"),
        }
    }
}

/// Everybody in a group, by pages and as a stream.
async fn members(world: &World, model: &Model, group: &str, round: usize) {
    let expected = model.everybody(group);
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListGroupMembersRequest {
            organization_id: world.organization.clone(),
            group_id: group.to_owned(),
            transitive: true,
            page_size: 97,
            page_token,
            consistency: None,
        };
        let page = world.grpc().groups.list_group_members(request).await.unwrap().into_inner();
        listed.extend(page.members);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let request = StreamGroupMembersRequest {
        organization_id: world.organization.clone(),
        group_id: group.to_owned(),
        transitive: true,
        ..Default::default()
    };
    let stream = world.grpc().groups.stream_group_members(request).await.unwrap().into_inner();
    let chunks: Vec<_> = stream.map(Result::unwrap).collect().await;
    let streamed: Vec<GroupMember> = chunks.into_iter().flat_map(|chunk| chunk.members).collect();
    assert_eq!(listed, streamed, "round {round}: {group}");
    let told: Vec<(String, bool)> =
        listed.iter().map(|m| (principal_id(m.member.as_ref().unwrap()).to_owned(), m.kind() == Kind::Direct)).collect();
    assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "round {round}: {group}: each once, in order");
    assert_eq!(told.into_iter().collect::<BTreeMap<_, _>>(), expected, "round {round}: {group}");
}
