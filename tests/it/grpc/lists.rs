//! Lists: filters, order, pages and totals, the same on both engines.

use crate::harness::{
    World, both,
    refusal::ExpectRefusal as _,
    shapes::{boolean, email, external, filter, group, page, principal, text, user},
};
use roster::api::v1::{
    EnterpriseUser, ErrorReason, Filter, ListGroupsRequest, ListOptions, ListUsersRequest, ListUsersResponse, MultiValue, PersonName,
    ReadSelection, User, list_options::TotalSize,
};
use std::collections::{BTreeMap, BTreeSet};
use tonic::{Code, Status};

async fn a_filter_answers_exactly_the_users_that_match(world: World) {
    people(&world).await;
    let cases: &[(&str, &[&str])] = &[
        ("userName eq \"ADA@corp.example\"", &["Ada@corp.example"]),
        ("userName ne \"ada@corp.example\"", &["grace@navy.example", "linus@corp.example", "Zoë@corp.example"]),
        ("userName sw \"GR\"", &["grace@navy.example"]),
        ("userName co \"CORP\"", &["Ada@corp.example", "linus@corp.example", "Zoë@corp.example"]),
        ("userName ew \"Navy.Example\"", &["grace@navy.example"]),
        ("userName eq \"ZOË@CORP.EXAMPLE\"", &["Zoë@corp.example"]),
        ("externalId eq \"hr-1\"", &["Ada@corp.example"]),
        ("externalId eq \"HR-1\"", &[]),
        ("emails eq \"GRACE@mail.example\"", &["grace@navy.example"]),
        ("emails.value co \"mail\"", &["Ada@corp.example", "grace@navy.example"]),
        ("emails[type eq \"work\" and value ew \"@mail.example\"]", &["Ada@corp.example"]),
        ("emails[type eq \"home\" and value sw \"ada\"]", &[]),
        ("emails[not (type eq \"work\")]", &["grace@navy.example"]),
        ("title pr", &["Ada@corp.example", "grace@navy.example"]),
        ("not (title pr)", &["linus@corp.example", "Zoë@corp.example"]),
        ("active eq false", &["linus@corp.example"]),
        ("active eq true and title pr", &["Ada@corp.example", "grace@navy.example"]),
        ("name.familyName eq \"lovelace\"", &["Ada@corp.example"]),
        ("name.familyName gt \"i\"", &["Ada@corp.example"]),
        ("title eq \"Dr\" or active eq false and userName sw \"linus\"", &["grace@navy.example", "linus@corp.example"]),
        ("(title eq \"Dr\" or active eq false) and userName sw \"linus\"", &["linus@corp.example"]),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"engines\"", &["Ada@corp.example"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName EQ \"grace@navy.example\"", &["grace@navy.example"]),
        ("USERNAME eq \"grace@navy.example\" AND ACTIVE EQ true", &["grace@navy.example"]),
        ("meta.created gt \"2020-01-01T00:00:00Z\" and userName sw \"z\"", &["Zoë@corp.example"]),
        ("meta.created lt \"2020-01-01T00:00:00+02:00\"", &[]),
        ("displayName eq \"say \\\"and\\\" ] )\"", &["linus@corp.example"]),
        ("id pr", &["Ada@corp.example", "grace@navy.example", "linus@corp.example", "Zoë@corp.example"]),
    ];

    for (expression, expected) in cases {
        let answer = list(&world, filter(expression), page(0, "", "")).await.unwrap();

        let names: BTreeSet<&str> = answer.users.iter().map(|u| u.user_name.as_str()).collect();
        assert_eq!(names, expected.iter().copied().collect(), "{expression}");
        assert_eq!(answer.total_size, Some(i64::try_from(expected.len()).unwrap()), "{expression}");
    }
}

async fn a_filter_on_groups_is_answered_by_the_edges(world: World) {
    let people = people(&world).await;
    let engines =
        world.create_group("Engines", vec![principal(&people["Ada@corp.example"]), principal(&people["linus@corp.example"])]).await;
    let empty = world.create_group("Empty", vec![]).await;
    let groups = |expression: String| {
        let request =
            ListGroupsRequest { organization_id: world.organization.clone(), filter: filter(&expression), ..ListGroupsRequest::default() };
        let mut groups = world.grpc().groups;
        async move { groups.list_groups(request).await.unwrap().into_inner().groups.into_iter().map(|g| g.display_name).collect::<Vec<_>>() }
    };

    for expression in ["groups eq", "groups.value eq"] {
        let answer = list(&world, filter(&format!("{expression} \"{}\"", engines.id)), page(0, "", "userName")).await.unwrap();
        assert_eq!(names(&answer), ["Ada@corp.example", "linus@corp.example"], "{expression}");
    }
    let both = format!("groups.value eq \"{}\" and active eq true", engines.id);
    assert_eq!(names(&list(&world, filter(&both), None).await.unwrap()), ["Ada@corp.example"]);
    let none = format!("groups.value eq \"{}\"", empty.id);
    assert_eq!(names(&list(&world, filter(&none), None).await.unwrap()), Vec::<&str>::new());
    for path in ["members eq", "members.value eq"] {
        assert_eq!(groups(format!("{path} \"{}\"", people["Ada@corp.example"])).await, ["Engines"]);
    }
    assert_eq!(groups(format!("id eq \"{}\" and members eq \"{}\"", engines.id, people["Zoë@corp.example"])).await, Vec::<String>::new());
    assert_eq!(groups(format!("id eq \"{}\" and members eq \"{}\"", engines.id, people["Ada@corp.example"])).await, ["Engines"]);
    assert_eq!(groups("displayName eq \"EMPTY\"".to_owned()).await, ["Empty"]);
}

async fn a_value_bound_by_name_is_never_read_as_grammar(world: World) {
    people(&world).await;
    let bound = |expression: &str, value| {
        Some(Filter { expression: expression.to_owned(), parameters: BTreeMap::from([("v".to_owned(), value)]), ..Filter::default() })
    };

    let answer = list(&world, bound("displayName eq :v", text("say \"and\" ] )")), None).await.unwrap();
    assert_eq!(names(&answer), ["linus@corp.example"]);
    let answer = list(&world, bound("displayName eq :v", text("x\" or id pr or id eq \"")), None).await.unwrap();
    assert_eq!(names(&answer), Vec::<&str>::new());
    let answer = list(&world, bound("active eq :v", boolean(false)), None).await.unwrap();
    assert_eq!(names(&answer), ["linus@corp.example"]);
    list(&world, bound("displayName eq :other", text("x")), None)
        .await
        .map(tonic::Response::new)
        .refused()
        .is(Code::InvalidArgument, ErrorReason::InvalidFilter);
}

async fn a_list_comes_in_the_order_it_was_asked_for(world: World) {
    people(&world).await;
    let cases: &[(&str, &[&str])] = &[
        ("userName", &["Ada@corp.example", "grace@navy.example", "linus@corp.example", "Zoë@corp.example"]),
        ("userName desc", &["Zoë@corp.example", "linus@corp.example", "grace@navy.example", "Ada@corp.example"]),
        // Who has none comes last, and first when the order is turned round; ties by id.
        ("name.familyName", &["grace@navy.example", "Ada@corp.example", "linus@corp.example", "Zoë@corp.example"]),
        ("name.familyName desc", &["Zoë@corp.example", "linus@corp.example", "Ada@corp.example", "grace@navy.example"]),
        // By the primary address, else the first.
        ("emails", &["grace@navy.example", "Ada@corp.example", "linus@corp.example", "Zoë@corp.example"]),
        ("meta.created", &["Ada@corp.example", "grace@navy.example", "linus@corp.example", "Zoë@corp.example"]),
        ("id", &["Ada@corp.example", "grace@navy.example", "linus@corp.example", "Zoë@corp.example"]),
    ];

    for (order, expected) in cases {
        let whole = list(&world, None, page(0, "", order)).await.unwrap();
        let paged = everyone(&world, None, 1, order).await;

        let mut found = names(&whole);
        if *order == "name.familyName desc" {
            // Turned round, ties come by id too, whichever way that is.
            found[..2].sort_unstable();
        }
        assert_eq!(found, *expected, "{order}");
        assert_eq!(paged, names(&whole), "{order}, page by page");
    }
    list(&world, None, page(0, "", "shoeSize"))
        .await
        .map(tonic::Response::new)
        .refused()
        .is(Code::InvalidArgument, ErrorReason::InvalidPath);
}

async fn pages_neither_repeat_nor_leave_out(world: World) {
    let mut ids = world.crowd("u", 57).await;
    let mut seen = Vec::new();
    let mut token = String::new();
    let mut sizes = Vec::new();
    loop {
        let answer = list(&world, filter("userName sw \"u\""), page(10, &token, "")).await.unwrap();
        assert_eq!(answer.total_size, Some(57));
        sizes.push(answer.users.len());
        seen.extend(answer.users.into_iter().map(|u| u.id));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)), "{token}");
    }

    assert_eq!(sizes, [10, 10, 10, 10, 10, 7]);
    seen.sort();
    ids.sort();
    assert_eq!(seen, ids);
}

async fn a_page_holds_while_others_write(world: World) {
    world.crowd("m", 6).await;
    let first = list(&world, None, page(3, "", "userName")).await.unwrap();
    let before = world.create_user(user("a-new-first")).await;
    world.delete_user(&first.users[1].id).await;
    world.create_user(user("z-new-last")).await;

    let second = list(&world, None, page(3, &first.next_page_token, "userName")).await.unwrap();
    let third = list(&world, None, page(3, &second.next_page_token, "userName")).await.unwrap();

    assert_eq!(names(&first), ["m0", "m1", "m2"]);
    assert_eq!(names(&second), ["m3", "m4", "m5"]);
    assert_eq!(names(&third), ["z-new-last"]);
    assert!(second.read_at.unwrap().number > first.read_at.unwrap().number);
    assert_eq!(before.user_name, "a-new-first");
}

async fn a_page_token_serves_the_query_it_was_made_for(world: World) {
    world.crowd("u", 4).await;
    let first = list(&world, filter("userName sw \"u\""), page(2, "", "userName")).await.unwrap();
    let token = &first.next_page_token;
    let mut forged = token.clone().into_bytes();
    forged[5] = if forged[5] == b'A' { b'B' } else { b'A' };

    let refused = [
        list(&world, filter("userName sw \"u1\""), page(2, token, "userName")).await,
        list(&world, filter("userName sw \"u\""), page(2, token, "userName desc")).await,
        list(&world, filter("userName sw \"u\""), page(2, &String::from_utf8(forged).unwrap(), "userName")).await,
        list(&world, filter("userName sw \"u\""), page(2, "nonsense", "userName")).await,
    ];

    for refused in refused {
        refused.map(tonic::Response::new).refused().is(Code::InvalidArgument, ErrorReason::InvalidPageToken);
    }
    // The size may differ from page to page.
    let second = list(&world, filter("userName sw \"u\""), page(1, token, "userName")).await.unwrap();
    assert_eq!(names(&second), ["u2"]);
}

async fn a_list_skips_and_counts_as_asked(world: World) {
    world.crowd("u", 5).await;
    let options = |skip, total_size: TotalSize| {
        Some(ListOptions { page_size: 2, skip, order_by: "userName".to_owned(), total_size: total_size.into(), ..ListOptions::default() })
    };

    let skipped = list(&world, None, options(3, TotalSize::Exact)).await.unwrap();
    let beyond = list(&world, None, options(9, TotalSize::Exact)).await.unwrap();
    let uncounted = list(&world, None, options(0, TotalSize::None)).await.unwrap();
    let only = list(&world, filter("userName ge \"u3\""), options(0, TotalSize::Only)).await.unwrap();

    assert_eq!((names(&skipped), skipped.total_size), (vec!["u3", "u4"], Some(5)));
    assert_eq!((names(&beyond), beyond.total_size), (vec![], Some(5)));
    assert_eq!((names(&uncounted), uncounted.total_size), (vec!["u0", "u1"], None));
    assert_eq!((names(&only), only.total_size), (vec![], Some(2)));
    // What was counted begins at the token.
    let begin = ListOptions { page_token: only.next_page_token, ..options(0, TotalSize::Exact).unwrap() };
    let begun = list(&world, filter("userName ge \"u3\""), Some(begin)).await.unwrap();
    assert_eq!((names(&begun), begun.total_size, begun.next_page_token.as_str()), (vec!["u3", "u4"], Some(2), ""));
    let nobody = list(&world, filter("userName ge \"u9\""), options(0, TotalSize::Only)).await.unwrap();
    assert_eq!((nobody.total_size, nobody.next_page_token.as_str()), (Some(0), ""));
    let negative = list(&world, None, Some(ListOptions { page_size: -1, ..ListOptions::default() })).await;
    negative.map(tonic::Response::new).refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
}

async fn a_selection_returns_what_it_names_and_the_id(world: World) {
    people(&world).await;
    let request = |selection| ListUsersRequest {
        organization_id: world.organization.clone(),
        filter: filter("userName sw \"ada\""),
        selection: Some(selection),
        ..ListUsersRequest::default()
    };
    let mut users = world.grpc().users;

    let only = ReadSelection {
        attributes: vec!["userName".to_owned(), "NAME.familyName".to_owned(), "emails.value".to_owned()],
        ..ReadSelection::default()
    };
    let ada = users.list_users(request(only)).await.unwrap().into_inner().users.remove(0);
    let without = ReadSelection { excluded_attributes: vec!["emails".to_owned(), "id".to_owned()], ..ReadSelection::default() };
    let rest = users.list_users(request(without)).await.unwrap().into_inner().users.remove(0);

    assert!(!ada.id.is_empty());
    assert_eq!((ada.user_name.as_str(), ada.title.as_deref(), ada.active), ("Ada@corp.example", None, None));
    assert_eq!(ada.name.unwrap(), PersonName { family_name: Some("Lovelace".to_owned()), ..PersonName::default() });
    assert_eq!(
        ada.emails.iter().map(|e| (e.value.as_deref(), e.r#type.as_deref())).collect::<Vec<_>>(),
        [(Some("ada@mail.example"), None)]
    );
    assert_eq!(rest.id, ada.id, "the id cannot be left out");
    assert!(rest.emails.is_empty() && rest.title.is_some());
}

async fn the_total_without_a_filter_follows_every_write(world: World) {
    let total = async || list(&world, None, page(1, "", "")).await.unwrap().total_size.unwrap();
    let ids = world.crowd("u", 3).await;
    assert_eq!(total().await, 3);

    world.delete_user(&ids[0]).await;
    assert_eq!(total().await, 2);
    world.try_create_user(user("U1")).await.unwrap_err();
    assert_eq!(total().await, 2);
    world.create_user(user("u0")).await;
    assert_eq!(total().await, 3);
}

async fn groups_are_listed_by_name(world: World) {
    for name in ["beta", "Alpha", "alpha", "Gamma"] {
        world.create_group(name, vec![]).await;
    }
    let request = |expression: Option<&str>, list| ListGroupsRequest {
        organization_id: world.organization.clone(),
        filter: expression.and_then(filter),
        list,
        ..ListGroupsRequest::default()
    };
    let mut groups = world.grpc().groups;

    let all = groups.list_groups(request(None, page(0, "", "displayName"))).await.unwrap().into_inner();
    let alphas = groups.list_groups(request(Some("displayName eq \"ALPHA\""), page(1, "", ""))).await.unwrap().into_inner();

    assert_eq!(all.groups.iter().map(|g| g.display_name.as_str()).collect::<Vec<_>>(), ["Alpha", "alpha", "beta", "Gamma"]);
    assert_eq!(all.total_size, Some(4));
    assert_eq!((alphas.groups.len(), alphas.total_size), (1, Some(2)), "a display name may be held twice");
    let (empty, _) = (group(""), alphas);
    let request =
        roster::api::v1::CreateGroupRequest { organization_id: world.organization.clone(), group: Some(empty), ..Default::default() };
    groups.create_group(request).await.refused().is(Code::InvalidArgument, ErrorReason::InvalidValue);
}

async fn list(world: &World, filter: Option<Filter>, list: Option<ListOptions>) -> Result<ListUsersResponse, Status> {
    let request = ListUsersRequest { organization_id: world.organization.clone(), filter, list, ..ListUsersRequest::default() };
    Ok(world.grpc().users.list_users(request).await?.into_inner())
}

fn names(answer: &ListUsersResponse) -> Vec<&str> {
    answer.users.iter().map(|u| u.user_name.as_str()).collect()
}

/// Every user, page by page.
async fn everyone(world: &World, filter: Option<Filter>, size: i32, order: &str) -> Vec<String> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let answer = list(world, filter.clone(), page(size, &token, order)).await.unwrap();
        all.extend(answer.users.into_iter().map(|u| u.user_name));
        token = answer.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

/// Four people, made one after the other; their ids by name.
async fn people(world: &World) -> BTreeMap<String, String> {
    let some = |text: &str| Some(text.to_owned());
    let home = MultiValue { value: some("grace@mail.example"), r#type: some("home"), ..MultiValue::default() };
    let work = MultiValue { value: some("a-grace@navy.example"), r#type: some("work"), primary: Some(true), ..MultiValue::default() };
    let named = |family: &str| Some(PersonName { family_name: some(family), ..PersonName::default() });
    let people = [
        User {
            title: some("Countess"),
            external_ids: vec![external("", "hr-1")],
            emails: vec![email("ada@mail.example")],
            name: named("Lovelace"),
            enterprise: Some(EnterpriseUser { department: some("Engines"), ..EnterpriseUser::default() }),
            ..user("Ada@corp.example")
        },
        User { title: some("Dr"), emails: vec![home, work], name: named("Hopper"), ..user("grace@navy.example") },
        User { active: Some(false), display_name: some("say \"and\" ] )"), ..user("linus@corp.example") },
        user("Zoë@corp.example"),
    ];
    let mut ids = BTreeMap::new();
    for person in people {
        let person = world.create_user(person).await;
        ids.insert(person.user_name, person.id);
    }
    ids
}

both! {
    a_filter_answers_exactly_the_users_that_match
    a_filter_on_groups_is_answered_by_the_edges
    a_value_bound_by_name_is_never_read_as_grammar
    a_list_comes_in_the_order_it_was_asked_for
    pages_neither_repeat_nor_leave_out
    a_page_holds_while_others_write
    a_page_token_serves_the_query_it_was_made_for
    a_list_skips_and_counts_as_asked
    a_selection_returns_what_it_names_and_the_id
    the_total_without_a_filter_follows_every_write
    groups_are_listed_by_name
}
