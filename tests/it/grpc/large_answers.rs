//! Users of nearly the largest size, many at once: an answer takes what fits, and no more is read for it.

use crate::harness::{
    Refused, World, both,
    shapes::{by_email, by_id, email, filter, page, user},
};
use roster::api::v1::{
    BatchGetUsersRequest, ListOptions, ListUsersRequest, MultiValue, ReadSelection, User, UserRef, batch_get_users_response::result::Result,
};
use std::collections::BTreeSet;

const MANY: usize = 36;

/// A user of some 235 KB.
fn large(name: &str) -> User {
    let value = |i: usize| MultiValue { value: Some(format!("{i}{}", "x".repeat(7_990))), ..MultiValue::default() };
    User { roles: (0..29).map(value).collect(), emails: vec![email("all@x.example")], ..user(name) }
}

async fn people(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for i in 0..MANY {
        ids.push(world.create_user(large(&format!("u{i:02}"))).await.id);
    }
    ids
}

async fn batch(world: &World, users: Vec<UserRef>, attributes: &[&str]) -> Vec<std::result::Result<String, String>> {
    let selection = (!attributes.is_empty())
        .then(|| ReadSelection { attributes: attributes.iter().map(ToString::to_string).collect(), ..ReadSelection::default() });
    let request = BatchGetUsersRequest { organization_id: world.organization.clone(), users, selection, ..BatchGetUsersRequest::default() };
    let answer = world.grpc().users.batch_get_users(request).await.unwrap().into_inner();
    let one = |one: Result| match one {
        Result::User(user) => Ok(user.id),
        Result::Error(error) => Err(Refused::of_item(&error).reason),
    };
    answer.results.into_iter().map(|result| one(result.result.unwrap())).collect()
}

async fn a_batch_answers_what_fits_and_looks_up_the_rest(world: World) {
    let ids = people(&world).await;
    let everybody = || ids.iter().map(|id| by_id(id));
    let odd = [by_id("nobody"), by_email("all@x.example"), by_email("nobody@x.example"), by_id(&ids[0])];

    let answers = batch(&world, everybody().chain(odd).collect(), &[]).await;

    let fit = answers.iter().take_while(|one| one.is_ok()).count();
    assert!((7..10).contains(&fit), "{fit}");
    let mut expected: Vec<_> = ids[..fit].iter().cloned().map(Ok).collect();
    let too_large = "RESPONSE_TOO_LARGE";
    expected.extend(vec![too_large; MANY - fit].into_iter().map(|reason| Err(reason.to_owned())));
    expected.extend(["NOT_FOUND", "AMBIGUOUS_REFERENCE", "NOT_FOUND", too_large].map(|reason| Err(reason.to_owned())));
    assert_eq!(answers, expected);
    // Of what little is asked for, all fits.
    assert_eq!(batch(&world, everybody().collect(), &["userName"]).await, ids.iter().cloned().map(Ok).collect::<Vec<_>>());
}

async fn a_page_reads_little_more_than_it_shows(world: World) {
    let ids = people(&world).await;
    for (expression, order, descending) in [("", "", false), ("active pr", "", false), ("", "userName", true), ("", "id", true)] {
        let (mut token, mut seen, mut pages) = (String::new(), Vec::new(), 0);
        loop {
            let order_by = if descending { format!("{order} desc") } else { order.to_owned() };
            let list = Some(ListOptions { total_size: 0, ..page(1_000, &token, &order_by).unwrap() });
            let organization_id = world.organization.clone();
            let request = ListUsersRequest { organization_id, filter: filter(expression), list, ..ListUsersRequest::default() };
            let before = world.counted().rows_read;
            let answer = world.grpc().users.list_users(request).await.unwrap().into_inner();
            let read = world.counted().rows_read - before;
            assert!((1..10).contains(&answer.users.len()), "{} users", answer.users.len());
            // What is sorted is all looked at, a little at a time.
            assert!(order == "userName" || read < 25, "{expression} {order}: {read} rows");
            seen.extend(answer.users.into_iter().map(|user| user.id));
            (token, pages) = (answer.next_page_token, pages + 1);
            if token.is_empty() {
                break;
            }
        }
        let expected: Vec<String> = if descending { ids.iter().rev().cloned().collect() } else { ids.clone() };
        assert_eq!((seen, pages > 3), (expected, true), "{expression} {order}");
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), MANY);
}

both! {
    a_batch_answers_what_fits_and_looks_up_the_rest
    a_page_reads_little_more_than_it_shows
}
