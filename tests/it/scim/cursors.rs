//! Cursors (RFC 9865), over one type and over both.

use super::scene;
use crate::harness::{
    Answer, World, faces,
    scim::{Scim, send, with_body},
};
use reqwest::Method;
use roster::api::v1::{Connection, RevokeTokenRequest, connection::Visibility};
use serde_json::{Value, json};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Users u0, u1, … and groups g0, g1, …
async fn fill(scim: &Scim, users: usize, groups: usize) {
    for i in 0..users {
        scene::user(scim, &format!("u{i}")).await.expect(201);
    }
    for i in 0..groups {
        scene::group(scim, json!({"displayName": format!("g{i}")})).await.expect(201);
    }
}

fn ids(page: &Value) -> Vec<String> {
    page["Resources"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
}

fn next(page: &Value) -> Option<String> {
    let next = page.get("nextCursor")?.as_str().expect("a cursor is text").to_owned();
    let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    assert!(!next.is_empty() && next.chars().all(is_unreserved), "{next}");
    Some(next)
}

/// All pages from the first on.
async fn walk(scim: &Scim, path: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let query: Vec<_> = query.iter().copied().chain([("cursor", cursor.as_str())]).collect();
        let page = scim.list(path, &query).await.expect(200);
        assert!(page.get("startIndex").is_none(), "{page}");
        assert_eq!(page["itemsPerPage"], json!(ids(&page).len()));
        let follows = next(&page);
        pages.push(page);
        match follows {
            Some(next) => cursor = next,
            None => return pages,
        }
    }
}

fn sizes(pages: &[Value]) -> Vec<usize> {
    pages.iter().map(|page| ids(page).len()).collect()
}

// 91, RFC 9865 section 2
async fn every_page_but_the_last_says_where_the_next_begins(world: World) {
    let scim = world.scim();
    fill(scim, 7, 7).await;

    for path in ["/Users", "/Groups"] {
        let whole = ids(&scim.get(path).await.expect(200));
        for (count, expected) in [("3", &[3, 3, 1][..]), ("7", &[7]), ("6", &[6, 1]), ("1", &[1; 7]), ("100", &[7])] {
            let pages = walk(scim, path, &[("count", count)]).await;
            assert_eq!(sizes(&pages), expected, "{path} {count}");
            assert_eq!(pages.iter().flat_map(ids).collect::<Vec<_>>(), whole, "{path} {count}");
            assert!(pages.iter().all(|page| page["totalResults"] == 7));
        }
        let page = scim.get(&format!("{path}?cursor&count=4")).await.expect(200);
        assert_eq!((ids(&page), next(&page).is_some()), (whole[..4].to_vec(), true), "a cursor without a value is the first page");
        assert!(scim.get(&format!("{path}?count=4")).await.expect(200).get("nextCursor").is_none(), "paging is by index unless asked for");
    }
    let none = scim.list("/Users", &[("cursor", ""), ("filter", "userName eq \"nobody\"")]).await.expect(200);
    assert_eq!((&none["totalResults"], none.get("nextCursor")), (&json!(0), None));
}

// 92, RFC 9865 section 2
async fn a_count_may_change_from_page_to_page_and_is_bounded(world: World) {
    let scim = world.scim();
    fill(scim, 6, 0).await;
    let page = async |query: String| scim.get(&format!("/Users?{query}")).await;

    let first = page("cursor=&count=1".into()).await.expect(200);
    let second = page(format!("cursor={}&count=2", next(&first).unwrap())).await.expect(200);
    let rest = page(format!("cursor={}&count=100000", next(&second).unwrap())).await.expect(200);
    assert_eq!((ids(&first).len(), ids(&second).len(), ids(&rest).len(), next(&rest)), (1, 2, 3, None));
    for count in ["0", "-1"] {
        let counted = page(format!("cursor=&count={count}")).await.expect(200);
        assert_eq!((&counted["totalResults"], ids(&counted).len()), (&json!(6), 0));
        let begun = page(format!("cursor={}&count=6", next(&counted).unwrap())).await.expect(200);
        assert_eq!((ids(&begun).len(), next(&begun)), (6, None));
    }
    for count in ["x", "1.5", ""] {
        page(format!("cursor=&count={count}")).await.is_error(400, "invalidCount");
        page(format!("count={count}")).await.is_error(400, "invalidValue");
    }
}

// 93 and 94, RFC 9865 sections 2.1 and 5
async fn a_cursor_is_good_for_its_list_and_its_caller_alone(world: World) {
    let scim = world.scim();
    fill(scim, 4, 4).await;
    let tenant = world.tenant("other").await;
    let (_, colleague) = world.scim_as("default").await;
    let query = "filter=userName%20sw%20%22u%22&sortBy=userName&count=1";
    let cursor = next(&scim.get(&format!("/Users?{query}&cursor=")).await.expect(200)).unwrap();
    let changed: String = cursor.chars().rev().collect();

    let mut refusals: Vec<Answer> = Vec::new();
    for (who, path) in [
        (scim, format!("/Users?{query}&cursor={changed}")),
        (scim, format!("/Users?{query}&cursor={cursor}x")),
        (scim, format!("/Users?{query}&cursor=nonsense")),
        (scim, format!("/Users?{query}&cursor=%22%2F%3D")),
        (scim, format!("/Users?{query}&cursor={}", "x".repeat(5_000))),
        (scim, format!("/Users?count=1&cursor={cursor}")),
        (scim, format!("/Users?{query}&sortOrder=descending&cursor={cursor}")),
        (scim, format!("/Users?{}&cursor={cursor}", query.replace("%22u%22", "%22u1%22"))),
        (scim, format!("/Groups?count=1&cursor={cursor}")),
        (scim, format!("/?{query}&cursor={cursor}")),
        (scim, format!("/?{query}&cursor=u{cursor}")),
        (&colleague, format!("/Users?{query}&cursor={cursor}")),
        (&tenant.scim, format!("/Users?{query}&cursor={cursor}")),
    ] {
        let answer = who.get(&path).await;
        answer.is_error(400, "invalidCursor");
        refusals.push(answer);
    }
    assert!(refusals.iter().all(|answer| answer.body == refusals[0].body), "a guess learns nothing");
    for start in ["1", "", "x"] {
        scim.get(&format!("/Users?{query}&cursor={cursor}&startIndex={start}")).await.is_error(400, "invalidCursor");
        scim.get(&format!("/Users?startIndex={start}&{query}&cursor=")).await.is_error(400, "invalidCursor");
    }
    scim.get(&format!("/Users?{query}&cursor={cursor}&cursor={cursor}")).await.is_error(400, "invalidValue");
    scim.get(&format!("/Users?{query}&cursor={cursor}&attributes=userName")).await.expect(200);
}

// 94, RFC 9865 section 5
async fn who_may_not_read_any_more_goes_no_further(world: World) {
    fill(world.scim(), 3, 0).await;
    let issued = world.issue(&world.organization, &world.connection, "", &["scim".to_owned()]).await.unwrap();
    let scim = world.scim().with_token(&issued.secret);
    let cursor = next(&scim.get("/Users?cursor=&count=1").await.expect(200)).unwrap();
    let path = format!("/Users?cursor={cursor}&count=1");
    world.scim().get(&path).await.expect(200);

    let token_id = issued.token.unwrap().id;
    let request = RevokeTokenRequest { organization_id: world.organization.clone(), token_id, ..RevokeTokenRequest::default() };
    world.grpc().provisioning.revoke_token(request).await.unwrap();

    // What the access layer remembers lives for a second.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while scim.get(&path).await.status != 401 {
        assert!(tokio::time::Instant::now() < deadline);
    }
    send(scim.with_token("").request(Method::GET, &path)).await.is_error(401, "");
}

/// Row 40 (JumpCloud)
// 95, RFC 9865 section 2.2
async fn what_does_not_change_is_seen_once_while_others_come_and_go(world: World) {
    let scim = world.scim();
    fill(scim, 8, 0).await;
    let whole = ids(&scim.list("/Users", &[("sortBy", "userName")]).await.expect(200));

    for order in ["ascending", "descending"] {
        let query = [("sortBy", "userName"), ("sortOrder", order), ("count", "3")];
        let first = scim.list("/Users", &[&query[..], &[("cursor", "")]].concat()).await.expect(200);
        // One that was given goes, one comes before and one behind what was given.
        let gone = ids(&first)[0].clone();
        assert_eq!(scim.delete(&format!("/Users/{gone}")).await.status, 204);
        let (before, behind) = (scene::user(scim, "a").await.id(), scene::user(scim, "z").await.id());
        let mut seen = ids(&first);
        let mut cursor = next(&first);
        while let Some(at) = cursor {
            let page = scim.list("/Users", &[&query[..], &[("cursor", &at)]].concat()).await.expect(200);
            assert_eq!(page["totalResults"], scim.get("/Users?count=0").await.expect(200)["totalResults"]);
            seen.extend(ids(&page));
            cursor = next(&page);
        }
        let mut expected = whole.clone();
        if order == "descending" {
            expected.reverse();
        }
        expected.retain(|id| seen.contains(id));
        let mut once = seen.clone();
        once.retain(|id| *id != before && *id != behind);
        assert_eq!(once, expected, "{order}");
        assert!(whole.iter().all(|id| seen.contains(id) || order == "descending"), "{order}");
        for id in [before, behind] {
            assert_eq!(scim.delete(&format!("/Users/{id}")).await.status, 204);
        }
    }
}

// 96, RFC 9865 section 3
async fn a_search_takes_a_cursor(world: World) {
    let scim = world.scim();
    fill(scim, 3, 2).await;
    let search = async |path: &str, body: Value| {
        let mut whole = json!({"schemas": [SEARCH]});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        send(with_body(scim.request(Method::POST, path), &whole)).await
    };

    for (path, total) in [("/Users/.search", 3), ("/Groups/.search", 2), ("/.search", 5)] {
        let (mut seen, mut cursor) = (0, Some(String::new()));
        while let Some(at) = cursor {
            let page = search(path, json!({"cursor": at, "count": 2})).await.expect(200);
            assert_eq!(page["totalResults"], total, "{path}");
            seen += ids(&page).len();
            cursor = next(&page);
        }
        assert_eq!(seen, total, "{path}");
        search(path, json!({"cursor": "nonsense"})).await.is_error(400, "invalidCursor");
        search(path, json!({"cursor": "", "startIndex": 1})).await.is_error(400, "invalidCursor");
        search(path, json!({"cursor": "", "count": "1"})).await.is_error(400, "invalidCount");
        search(path, json!({"cursor": 7})).await.is_error(400, "invalidValue");
    }
}

// 94 and 95, RFC 9865 section 5
async fn a_total_is_of_what_is_seen_now(world: World) {
    let connection = Connection { display_name: "IdP".to_owned(), ..Connection::default() };
    let (connection, wide) = world.scim_with(connection).await;
    fill(world.scim(), 5, 3).await;
    for i in 0..3 {
        scene::user(&wide, &format!("own{i}")).await.expect(201);
    }
    let lists = [&[][..], &[("filter", "userName pr")], &[("sortBy", "id"), ("sortOrder", "descending")], &[("sortBy", "userName")]];
    let mut cursors = Vec::new();
    for list in lists {
        let page = wide.list("/Users", &[list, &[("count", "1"), ("cursor", "")]].concat()).await.expect(200);
        assert_eq!(page["totalResults"], 8);
        cursors.push(next(&page).unwrap());
    }
    let narrow = Connection { visibility: Visibility::Linked.into(), ..connection.clone() };
    world.update_connection(narrow, &["visibility"]).await.unwrap();
    // A token's connection may be remembered for a second: another token begins with what is true now.
    let narrow = wide.with_token(&world.issue(&world.organization, &connection.id, "", &["scim".to_owned()]).await.unwrap().secret);
    for (list, cursor) in lists.into_iter().zip(cursors) {
        let mut page = narrow.list("/Users", &[list, &[("count", "1"), ("cursor", &cursor)]].concat()).await.expect(200);
        let mut seen = ids(&page);
        while let Some(cursor) = next(&page) {
            assert_eq!(page["totalResults"], 3, "{list:?}");
            page = narrow.list("/Users", &[list, &[("count", "1"), ("cursor", &cursor)]].concat()).await.expect(200);
            seen.extend(ids(&page));
        }
        assert_eq!(page["totalResults"], 3, "{list:?}");
        let all = ids(&narrow.list("/Users", list).await.expect(200));
        assert!(seen.iter().all(|id| all.contains(id)) && seen.len() >= 2, "{list:?}: {seen:?}");
    }
}

// 91 and 45, RFC 9865 section 2, RFC 7644 section 3.4.2.1
async fn cursors_lead_from_the_users_to_the_groups(world: World) {
    let scim = world.scim();
    for (users, groups) in [(0, 0), (1, 0), (1, 1), (2, 0), (2, 3)] {
        // What was there stays; the numbers say how many there are then.
        let (have_users, have_groups) = (
            scim.get("/Users?count=0").await.expect(200)["totalResults"].as_u64().unwrap(),
            scim.get("/Groups?count=0").await.expect(200)["totalResults"].as_u64().unwrap(),
        );
        for i in have_users..users {
            scene::user(scim, &format!("u{i}")).await.expect(201);
        }
        for i in have_groups..groups {
            scene::group(scim, json!({"displayName": format!("g{i}")})).await.expect(201);
        }
        let whole = ids(&scim.get("/").await.expect(200));
        for count in 1..=6 {
            let text = count.to_string();
            for extra in [&[][..], &[("sortBy", "displayName")], &[("filter", "id pr")]] {
                let query = [extra, &[("count", text.as_str())]].concat();
                let pages = walk(scim, "/", &query).await;
                let mut seen: Vec<String> = pages.iter().flat_map(ids).collect();
                assert!(pages.iter().all(|page| page["totalResults"] == json!(whole.len())), "{query:?}");
                assert!(sizes(&pages).iter().all(|size| *size <= count), "{query:?}");
                assert!(pages.len() <= whole.len().div_ceil(count).max(1), "no page is empty: {query:?} {:?}", sizes(&pages));
                let mut expected = whole.clone();
                seen.sort();
                expected.sort();
                assert_eq!(seen, expected, "{users} {groups} {query:?}");
            }
        }
    }
}

faces! {
    every_page_but_the_last_says_where_the_next_begins
    a_count_may_change_from_page_to_page_and_is_bounded
    a_cursor_is_good_for_its_list_and_its_caller_alone
    who_may_not_read_any_more_goes_no_further
    a_total_is_of_what_is_seen_now
    what_does_not_change_is_seen_once_while_others_come_and_go
    a_search_takes_a_cursor
    cursors_lead_from_the_users_to_the_groups
}
