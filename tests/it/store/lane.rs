//! What waits is committed together, and every write has a verdict of its own.

use crate::harness::{
    Refused, World, both,
    shapes::{add, by_name, operation, principal, text, user},
};
use roster::api::v1::{ErrorReason, patch_operation::Op};
use tonic::Code;

const IN_FLIGHT: usize = 64;

async fn creates_in_flight_commit_together_and_a_duplicate_is_refused_alone(world: World) {
    world.create_user(user("held")).await;
    let (before, head) = (world.counted(), world.head().await);

    // The 8th of each eight holds the name of the 1st, in another letter case; and one name is held already.
    let names: Vec<String> = (0..IN_FLIGHT)
        .map(|i| {
            if i == 40 {
                "HELD".to_owned()
            } else if i % 8 == 7 {
                format!("NAME{}", i - 7)
            } else {
                format!("name{i}")
            }
        })
        .collect();
    let answers = futures_util::future::join_all(names.iter().map(|name| world.try_create_user(user(name)))).await;

    let counted = world.counted() - before;
    let mut revisions: Vec<u64> = answers.iter().filter_map(|a| a.as_ref().ok()).map(|(_, revision)| revision.number).collect();
    revisions.sort_unstable();
    let accepted = u64::try_from(revisions.len()).unwrap();
    assert_eq!(revisions, (head + 1..=head + accepted).collect::<Vec<_>>(), "dense, and one for each that was accepted");
    for refused in answers.iter().filter_map(|a| a.as_ref().err()) {
        Refused::read(refused).is(Code::AlreadyExists, ErrorReason::Uniqueness).says("attribute", "userName");
    }
    // `HELD` lost, and of each of the other seven pairs of twins exactly one won.
    assert_eq!(accepted, 64 - 1 - 7);
    for name in &names {
        let found = world.try_get_user(by_name(name)).await.unwrap();
        assert!(found.user_name.eq_ignore_ascii_case(name));
    }
    assert_eq!(counted.items, 64);
    assert!(counted.commits <= 32, "{} commits for 64 creates", counted.commits);
}

async fn writes_of_every_kind_share_a_commit(world: World) {
    let people = world.crowd("u", IN_FLIGHT).await;
    let group = world.create_group("Engines", vec![]).await.id;
    let (before, head) = (world.counted(), world.head().await);

    let writes = people.iter().enumerate().map(|(i, id)| {
        let (world, group) = (&world, &group);
        async move {
            match i % 4 {
                0 => drop(world.modify(group, vec![add(principal(id))]).await.unwrap()),
                1 => drop(world.patch_user(id, vec![operation(Op::Replace, "title", Some(text("Dr")))]).await.unwrap()),
                2 => drop(world.try_create_user(user(&format!("new{i}"))).await.unwrap()),
                _ => world.delete_user(id).await,
            }
        }
    });
    futures_util::future::join_all(writes).await;

    let counted = world.counted() - before;
    assert_eq!(world.head().await, head + 64);
    assert_eq!(counted.items, 64);
    assert!(counted.commits <= 32, "{} commits for 64 writes", counted.commits);
    assert_eq!(world.members(&group).await.len(), 16);
    assert_eq!(world.group(&group).await.direct_member_count, 16);
}

async fn an_idle_lane_commits_each_write_by_itself(world: World) {
    let before = world.counted();

    for i in 0..5 {
        world.create_user(user(&format!("u{i}"))).await;
    }

    let counted = world.counted() - before;
    assert_eq!((counted.commits, counted.items), (5, 5));
}

async fn a_refused_write_commits_nothing(world: World) {
    world.create_user(user("ada")).await;
    let (before, head) = (world.counted(), world.head().await);

    for _ in 0..3 {
        world.try_create_user(user("ADA")).await.unwrap_err();
    }

    let counted = world.counted() - before;
    assert_eq!((counted.commits, counted.items), (0, 3));
    assert_eq!(world.head().await, head);
}

async fn a_name_that_moves_between_users_in_one_commit_ends_where_it_should(world: World) {
    let people = world.crowd("u", 3).await;
    // Whatever the order they are taken in: each takes a name that is free or is refused, and all names stay unique.
    for round in 0..6 {
        let renames = people.iter().enumerate().map(|(i, id)| {
            let (world, name) = (&world, format!("U{}", (i + round) % 4));
            async move { world.patch_user(id, vec![operation(Op::Replace, "userName", Some(text(&name)))]).await }
        });
        for refused in futures_util::future::join_all(renames).await.into_iter().filter_map(Result::err) {
            Refused::read(&refused).is(Code::AlreadyExists, ErrorReason::Uniqueness);
        }
        let mut names = Vec::new();
        for id in &people {
            let user = world.user(id).await;
            assert_eq!(world.try_get_user(by_name(&user.user_name.to_lowercase())).await.unwrap().id, *id);
            names.push(user.user_name.to_lowercase());
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 3);
    }
}

async fn organizations_do_not_wait_for_each_other_s_verdicts(world: World) {
    let (one, two) = (world.tenant("one").await, world.tenant("two").await);
    let create = |tenant: &crate::harness::tenant::Tenant, name: String| {
        let (mut users, organization_id) = (tenant.clients.users.clone(), tenant.organization.id.clone());
        async move {
            let request = roster::api::v1::CreateUserRequest { organization_id, user: Some(user(&name)), ..Default::default() };
            users.create_user(request).await.unwrap().into_inner().committed_at.unwrap().number
        }
    };

    let (mut a, mut b) = tokio::join!(
        futures_util::future::join_all((0..20).map(|i| create(&one, format!("u{i}")))),
        futures_util::future::join_all((0..20).map(|i| create(&two, format!("u{i}")))),
    );

    a.sort_unstable();
    b.sort_unstable();
    assert_eq!(a, (a[0]..a[0] + 20).collect::<Vec<_>>(), "each organization counts for itself");
    assert_eq!(b, (b[0]..b[0] + 20).collect::<Vec<_>>());
}

both! {
    creates_in_flight_commit_together_and_a_duplicate_is_refused_alone
    writes_of_every_kind_share_a_commit
    an_idle_lane_commits_each_write_by_itself
    a_refused_write_commits_nothing
    a_name_that_moves_between_users_in_one_commit_ends_where_it_should
    organizations_do_not_wait_for_each_other_s_verdicts
}
