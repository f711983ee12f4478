//! The lane itself: one transaction for what waits together, a verdict for each, nothing half done.

use crate::harness::{
    Engine,
    store::{ACME, Bare},
};
use roster::{
    api::v1::{Group, User},
    store::{MEMBER_USER, Record, RecordKind, SYSTEM, Stop, Terms, Work, WriteError},
};

type Edit<T> = Result<T, Stop<&'static str>>;

/// Runs a story on both engines.
macro_rules! on_both {
    ($($(#[$about:meta])* async fn $name:ident($bare:ident) $story:block)+) => {
        $($(#[$about])* async fn $name($bare: Bare) $story)+

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                Box::pin(super::$name(super::Bare::open(super::Engine::Sqlite).await)).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                Box::pin(super::$name(super::Bare::open(super::Engine::Postgres).await)).await;
            })+
        }
    };
}

fn named(id: &str, name: &str) -> User {
    User { id: id.to_owned(), organization_id: ACME.to_owned(), user_name: name.to_owned(), ..User::default() }
}

/// Creates a user unless the name is taken.
fn create(work: &mut Work, id: &str, name: &str) -> Edit<()> {
    if work.user_named(name)?.is_some() {
        return Err(Stop::Refused("taken"));
    }
    work.put_user(named(id, name), name.to_owned());
    work.log(1, 1, id, Vec::new());
    Ok(())
}

/// Gives a user another name unless it is taken.
fn rename(work: &mut Work, id: &str, name: &str) -> Edit<()> {
    let (user, holder) = (work.user(id), work.user_named(name));
    if user?.is_none() || holder?.is_some() {
        return Err(Stop::Refused("taken"));
    }
    work.put_user(named(id, name), name.to_owned());
    work.log(1, 2, id, Vec::new());
    Ok(())
}

async fn names(bare: &Bare) -> Vec<(String, String)> {
    let mut reader = bare.store.read(ACME).await.unwrap().unwrap();
    let mut found = reader.users_named(["ann", "bob", "cat", "tmp"].map(str::to_owned).to_vec()).await.unwrap();
    found.sort();
    found
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

on_both! {
    async fn names_change_hands_within_one_commit(bare) {
        let write = |edit: fn(&mut Work) -> Edit<()>| bare.store.write(ACME, Terms::default(), edit);
        write(|w| create(w, "1", "ann")).await.unwrap().unwrap();
        write(|w| create(w, "2", "bob")).await.unwrap().unwrap();
        let before = bare.store.counters().now();

        // Submitted together, so that they are committed together: the lane is busy with the first.
        let (a, b, c, d, e) = tokio::join!(
            write(|w| { std::thread::sleep(std::time::Duration::from_millis(1)); create(w, "3", "cat") }),
            write(|w| rename(w, "1", "tmp")),
            write(|w| rename(w, "2", "ann")),
            write(|w| rename(w, "1", "bob")),
            write(|w| create(w, "4", "ann")),
        );

        for done in [a, b, c, d] {
            done.unwrap().unwrap();
        }
        assert_eq!(e.unwrap().unwrap_err(), "taken");
        assert_eq!(names(&bare).await, pairs(&[("ann", "2"), ("bob", "1"), ("cat", "3")]));
        assert!((bare.store.counters().now() - before).commits <= 2);
    }

    async fn a_dry_run_gets_its_verdict_and_changes_nothing(bare) {
        let terms = Terms { validate_only: true, ..Terms::default() };

        let tried = bare.store.write(ACME, terms, |w| create(w, "1", "ann")).await.unwrap().unwrap();

        assert_eq!((tried.revision, tried.changed), (0, true));
        assert_eq!(names(&bare).await, pairs(&[]));
        assert_eq!(bare.store.read(ACME).await.unwrap().unwrap().revision(), 0);
    }

    async fn an_edit_that_logs_nothing_has_changed_nothing(bare) {
        let quiet = bare.store.write(ACME, Terms::default(), |work| {
            work.put_user(named("1", "ann"), "ann".to_owned());
            Ok::<_, Stop<()>>(())
        });

        let written = quiet.await.unwrap().unwrap();

        assert_eq!((written.revision, written.changed), (0, false));
        assert_eq!(names(&bare).await, pairs(&[]));
    }

    async fn a_refused_edit_leaves_no_trace_for_those_after_it(bare) {
        let refused = bare.store.write(ACME, Terms::default(), |work| {
            work.user_named("ann")?;
            work.put_user(named("1", "ann"), "ann".to_owned());
            work.log(1, 1, "1", Vec::new());
            Err::<(), _>(Stop::Refused("no"))
        });
        let after = bare.store.write(ACME, Terms::default(), |w| create(w, "2", "ann"));

        let (refused, after) = tokio::join!(refused, after);

        assert_eq!(refused.unwrap().unwrap_err(), "no");
        assert_eq!(after.unwrap().unwrap().revision, 1);
        assert_eq!(names(&bare).await, pairs(&[("ann", "2")]));
    }

    async fn an_item_the_database_refuses_fails_alone(bare) {
        // Credentials are unique over all organizations; no edit can see another organization's.
        let token = |work: &mut Work| {
            work.put_record(RecordKind::Token, Record { id: "t".to_owned(), key: None, secret: None, version: 0, body: vec![1] });
            work.log(8, 1, "t", Vec::new());
            Ok::<_, Stop<&'static str>>(())
        };
        bare.store.write(SYSTEM, Terms::default(), token).await.unwrap().unwrap();

        let mut writes = Vec::new();
        for i in 0..9 {
            let (store, id) = (bare.store.clone(), format!("u{i}"));
            writes.push(tokio::spawn(async move {
                if i == 5 { store.write(ACME, Terms::default(), token).await } else { store.write(ACME, Terms::default(), move |w| create(w, &id, &id)).await }
            }));
        }
        let mut revisions = Vec::new();
        for (i, write) in writes.into_iter().enumerate() {
            match write.await.unwrap() {
                Ok(verdict) => revisions.push(verdict.unwrap().revision),
                Err(error) => assert!(i == 5 && matches!(error, WriteError::Failed), "{i}: {error:?}"),
            }
        }
        revisions.sort_unstable();
        assert_eq!(revisions, (1..=8).collect::<Vec<_>>());
        assert_eq!(bare.store.read(ACME).await.unwrap().unwrap().user_count(), 8);
    }

    async fn edges_are_seen_by_the_edits_after_them_in_the_same_commit(bare) {
        let group = || Group { id: "g".to_owned(), organization_id: ACME.to_owned(), display_name: "G".to_owned(), ..Group::default() };
        let first = bare.store.write(ACME, Terms::default(), move |work| {
            work.group("g")?;
            work.set_edge("g", "u", Some(MEMBER_USER));
            work.put_group(group(), 1);
            work.log(3, 10, "g", Vec::new());
            Ok::<_, Stop<()>>(())
        });
        let second = bare.store.write(ACME, Terms::default(), move |work| {
            let (edge, roster, of) = (work.edges("g", &["u".to_owned()]), work.roster("g"), work.memberships("u"));
            work.group("g")?;
            let seen = (edge?, roster?, of?);
            work.set_edge("g", "u", None);
            work.put_group(group(), -1);
            work.log(3, 11, "g", Vec::new());
            Ok::<_, Stop<()>>(seen)
        });

        let (first, second) = tokio::join!(first, second);

        first.unwrap().unwrap();
        assert_eq!(second.unwrap().unwrap().answer, (vec![Some(MEMBER_USER)], vec![("u".to_owned(), MEMBER_USER)], vec!["g".to_owned()]));
        let mut reader = bare.store.read(ACME).await.unwrap().unwrap();
        assert_eq!(reader.members("g", "", 10).await.unwrap(), vec![]);
        assert_eq!(reader.groups(vec!["g".to_owned()]).await.unwrap()[0].direct_member_count, 0);
    }

    async fn an_organization_that_does_not_exist_takes_no_writes(bare) {
        let nowhere = bare.store.write("nowhere", Terms::default(), |w| create(w, "1", "ann")).await;

        assert!(matches!(nowhere, Err(WriteError::NoOrganization)));
    }

    async fn a_closed_store_finishes_what_it_took_and_takes_nothing_more(bare) {
        let (store, last) = (bare.store.clone(), bare.store.write(ACME, Terms::default(), |w| create(w, "1", "ann")));
        let (last, ()) = tokio::join!(last, store.close());

        last.unwrap().unwrap();
        assert!(matches!(store.write(ACME, Terms::default(), |w| create(w, "2", "bob")).await, Err(WriteError::Unavailable)));
    }
}
