//! How the engines run the lanes' statements: a set never joins freely.

use crate::harness::{
    Engine,
    store::{ACME, Bare},
};
use roster::{
    api::v1::{ExternalId, Group, User},
    store::{KEY_USER_EXTERNAL_ID, MEMBER_USER, Stop, Terms, Work, external_key},
};
use sqlx::{Connection as _, PgConnection};
use std::collections::BTreeMap;

/// Every statement by which a lane finds rows, and the columns its index must be searched by; where it looks into two tables, the
/// one's or the other's.
fn keys() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("users by id", &["organization_id", "id"][..]),
        ("sizes of users", &["organization_id", "id"]),
        ("sizes of groups", &["organization_id", "id"]),
        ("users by name", &["organization_id", "user_name_key"]),
        ("groups by id", &["organization_id", "id"]),
        ("groups by name", &["organization_id", "name_key"]),
        // Few, and all of them: an index of their own has nothing else.
        ("groups in groups", &["organization_id"]),
        ("kinds of principals", &["organization_id", "id"]),
        ("holders of keys", &["organization_id", "kind", "key"]),
        ("edges", &["organization_id", "group_id", "member_id"]),
        ("rosters", &["organization_id", "group_id"]),
        ("memberships", &["organization_id", "member_id"]),
        // Ids of one kind are unique across organizations, so these two columns are a whole key as well.
        ("records", &["kind", "id"]),
        ("records by key", &["organization_id", "kind", "key"]),
        ("tombstones", &["organization_id", "id"]),
        ("grants by id", &["organization_id", "id"]),
        ("grants by principal", &["organization_id", "principal_id"]),
        ("grants by role", &["organization_id", "role_id"]),
        ("drop grants", &["organization_id", "id"]),
        ("any with a key", &["organization_id", "kind", "key"]),
        ("held keys", &["organization_id", "kind", "key", "resource_id"]),
        ("groups of a mapping", &["organization_id", "name_key"]),
        ("who sits in a group", &["organization_id", "group_id|id"]),
        ("who has a value", &["organization_id", "kind", "key"]),
        ("whom others put there", &["organization_id", "group_id"]),
        ("roles and connections", &["organization_id", "kind"]),
        ("grants of roles", &["organization_id", "role_id"]),
        ("takeovers of a user", &["organization_id", "kind"]),
        ("edges in order", &["organization_id", "group_id"]),
        ("changes of a resource", &["organization_id", "resource_id"]),
        ("drop users", &["organization_id", "id"]),
        ("free names", &["organization_id", "id"]),
        ("drop groups", &["organization_id", "id"]),
        ("drop keys", &["organization_id", "kind", "key", "resource_id"]),
        ("drop edges", &["organization_id", "group_id", "member_id"]),
        ("drop records", &["kind", "id"]),
        ("drop deviations", &["organization_id", "connection_id"]),
        ("drop statuses", &["organization_id", "connection_id"]),
        ("drop tombstones", &["organization_id", "id"]),
        ("answers by request", &["organization_id", "caller", "request_id", "part"]),
        ("empty answers", &["organization_id", "resource_id"]),
    ])
}

#[tokio::test]
async fn sqlite_searches_every_lane_statement_by_its_whole_key() {
    let bare = Bare::open(Engine::Sqlite).await;

    for (name, plan) in bare.store.lane_plans().await.unwrap() {
        let columns = keys().remove(name).unwrap_or_else(|| panic!("say which key {name:?} is searched by"));
        let searches: Vec<&str> = plan.lines().filter(|l| l.contains("SEARCH ")).collect();
        assert!(!searches.is_empty(), "{name}:\n{plan}");
        for line in plan.lines().filter(|l| l.starts_with("SCAN ")) {
            assert!(line.contains("VIRTUAL TABLE") || line.contains("json_each"), "{name} walks a table: {line}");
        }
        // Foreign keys are checked by searches of their own, which have a key too.
        assert!(
            searches.iter().any(|line| columns.iter().all(|c| c.split('|').any(|c| line.contains(&format!("{c}=?"))))),
            "{name}:\n{plan}"
        );
        assert!(searches.iter().all(|line| line.contains("organization_id=?") || line.contains("LIST SUBQUERY")), "{name}:\n{plan}");
    }
}

#[tokio::test]
async fn postgres_searches_every_lane_statement_by_its_whole_key() {
    let bare = Bare::open(Engine::Postgres).await;

    for (name, plan) in bare.store.lane_plans().await.unwrap() {
        let columns = keys().remove(name).unwrap_or_else(|| panic!("say which key {name:?} is searched by"));
        let conditions: Vec<&str> = plan.lines().filter(|l| l.contains("Index Cond:")).collect();
        assert!(!conditions.is_empty() && !plan.contains("Seq Scan"), "{name}:\n{plan}");
        for condition in conditions {
            assert!(columns.iter().all(|c| c.split('|').any(|c| condition.contains(&format!("({c} = ")))), "{name}:\n{plan}");
        }
    }
}

/// A table that was never analysed (a first load, a restore) must not be walked for each batch. The engine itself says how
/// many rows it walked.
#[tokio::test]
async fn postgres_loads_twenty_thousand_users_without_walking_a_table() {
    const BATCH: usize = 500;
    const BATCHES: usize = 40;
    let bare = Bare::open(Engine::Postgres).await;
    for table in ["users", "groups", "members", "resource_keys"] {
        crate::harness::postgres::execute(&bare.place.url(), &format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).await;
    }

    for batch in 0..BATCHES {
        bare.store.write(ACME, Terms::default(), move |work| load(work, batch * BATCH..(batch + 1) * BATCH)).await.unwrap().unwrap();
    }
    bare.store.close().await;

    let mut connection = PgConnection::connect(&bare.place.url()).await.unwrap();
    // What a session counted is told when it has ended, which is a moment after it was closed.
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    let walked: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT relname::text, seq_tup_read, n_live_tup FROM pg_stat_user_tables WHERE relname IN ('users', 'members', 'resource_keys')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let rows = i64::try_from(BATCH * BATCHES).unwrap();
    assert_eq!(walked.len(), 3);
    for (table, walked, live) in walked {
        assert_eq!(live, rows, "{table}");
        // While a table is as good as empty a walk is the right plan.
        assert!(walked < 2 * rows, "{table}: {walked} rows walked while {live} were loaded");
    }
}

/// Asks for all that a careful edit asks for, and then makes users with an externalId who are members of one group.
fn load(work: &mut Work, range: std::ops::Range<usize>) -> Result<(), Stop<()>> {
    let ids: Vec<String> = range.map(|i| format!("0198f0a0-0000-7000-8000-{i:012}")).collect();
    // All is asked for before the first miss ends the round.
    let names: Vec<_> = ids.iter().map(|id| work.user_named(id)).collect();
    let holders: Vec<_> = ids.iter().map(|id| work.holders(KEY_USER_EXTERNAL_ID, &external_key("", id))).collect();
    let users: Vec<_> = ids.iter().map(|id| work.user(id)).collect();
    let (kinds, edges, group) = (work.kinds(&ids), work.edges("everyone", &ids), work.group("everyone"));
    for ((name, holders), user) in names.into_iter().zip(holders).zip(users) {
        assert!(name?.is_none() && holders?.is_empty() && user?.is_none());
    }
    assert!(kinds?.iter().chain(&edges?).all(Option::is_none));
    let group = group?.map_or_else(
        || Group { id: "everyone".to_owned(), organization_id: ACME.to_owned(), display_name: "Everyone".to_owned(), ..Group::default() },
        |g| g.group.clone(),
    );
    for id in &ids {
        let external_ids = vec![ExternalId { connection_id: String::new(), value: id.clone() }];
        work.put_user(
            User { id: id.clone(), organization_id: ACME.to_owned(), user_name: id.clone(), external_ids, ..User::default() },
            id.clone(),
        );
        work.set_edge("everyone", id, Some(MEMBER_USER));
        work.log(1, 1, id, Vec::new());
    }
    work.put_group(group, i64::try_from(ids.len()).unwrap());
    Ok(())
}

#[tokio::test]
async fn the_feed_is_followed_and_compacted_by_its_keys() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let bare = Bare::open(engine).await;
        for (name, plan) in bare.store.feed_plans().await.unwrap() {
            let searched = match engine {
                Engine::Sqlite => plan.contains("organization_id=?") && !plan.lines().any(|line| line.trim_start().starts_with("SCAN ")),
                Engine::Postgres => plan.contains("(organization_id = ") && !plan.contains("Seq Scan"),
            };
            assert!(searched && !plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{name} on {engine:?}:\n{plan}");
        }
    }
}
