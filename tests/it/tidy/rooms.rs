//! Who may use whom: the dependency table of the house.

use super::source::{Source, is_word, sources};
use std::collections::BTreeSet;

/// One room: the paths of the crate it may use (a room, or one item of it), and the crates it must never mention.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    never: &'static [&'static str],
}

/// The leaves (`limits`, `clock`, `config`, `telemetry`, `access`) are usable from above; nothing points upwards but
/// `access`, which refuses in the directory's words.
const ROOMS: &[Room] = &[
    Room { name: "main", may_use: &["cli"], never: &["sqlx", "axum", "tonic"] },
    Room { name: "lib", may_use: &[], never: &["sqlx", "axum", "tonic"] },
    Room {
        name: "cli",
        may_use: &["access", "api", "clock", "config", "limits", "server", "telemetry", "store::StoreOptions", "store::Store"],
        never: &["sqlx", "axum"],
    },
    Room {
        name: "server",
        may_use: &["access", "api", "clock", "config", "directory", "limits", "scim", "store", "telemetry"],
        never: &["sqlx", "serde_json"],
    },
    Room { name: "scim", may_use: &["access", "api", "attributes", "clock", "limits", "telemetry", "tolerances"], never: &["sqlx"] },
    Room {
        name: "access",
        may_use: &["api", "clock", "directory::Error", "directory::Result", "limits", "networks", "telemetry"],
        never: &["sqlx"],
    },
    Room {
        name: "directory",
        may_use: &["access", "api", "attributes", "clock", "feed", "limits", "membership", "networks", "store", "telemetry", "tolerances"],
        never: &["sqlx", "axum", "serde_json"],
    },
    Room {
        name: "membership",
        may_use: &["access", "api", "attributes", "clock", "directory::Error", "limits", "store", "telemetry"],
        never: &["sqlx", "axum", "serde_json"],
    },
    Room {
        name: "feed",
        may_use: &["access", "api", "attributes", "clock", "directory::Error", "limits", "store", "telemetry"],
        never: &["sqlx", "axum", "serde_json"],
    },
    // The store is told the time; it never asks for it.
    Room {
        name: "store",
        may_use: &["api", "attributes", "clock::Micros", "clock::micros", "clock::timestamp", "limits", "telemetry"],
        never: &["tonic", "axum"],
    },
    Room { name: "attributes", may_use: &["api", "limits"], never: &["sqlx", "serde_json", "tonic", "axum", "tokio", "hyper", "http"] },
    Room { name: "api", may_use: &[], never: &["sqlx", "axum", "serde_json"] },
    Room { name: "config", may_use: &["limits", "networks"], never: &["sqlx", "axum", "tonic"] },
    Room { name: "telemetry", may_use: &["config", "limits"], never: &["sqlx"] },
    Room { name: "clock", may_use: &["limits"], never: &["sqlx", "axum", "tonic", "serde_json"] },
    Room { name: "tolerances", may_use: &[], never: &["sqlx", "axum", "tonic", "serde_json"] },
    Room { name: "networks", may_use: &[], never: &["sqlx", "axum", "tonic", "serde_json"] },
    Room { name: "limits", may_use: &[], never: &["sqlx", "axum", "tonic", "serde_json"] },
];

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    let names: BTreeSet<&str> = ROOMS.iter().map(|r| r.name).collect();
    let mut faults = Vec::new();

    for source in sources() {
        let Some(room) = ROOMS.iter().find(|r| r.name == source.room()) else {
            faults.push(format!("src/{}: the dependency table does not know this room; add it to ROOMS", source.path));
            continue;
        };
        for (line, path) in uses(&source, &names) {
            let target = path.split("::").next().unwrap();
            let allowed = target == room.name || room.may_use.iter().any(|may| path == *may || path.starts_with(&format!("{may}::")));
            if !allowed {
                faults.push(format!("src/{}:{line}: {} may not use crate::{path}", source.path, room.name));
            }
        }
    }

    assert!(faults.is_empty(), "the dependency table is broken:\n{}", faults.join("\n"));
}

#[test]
fn no_room_mentions_a_crate_that_is_not_its_business() {
    let mut faults = Vec::new();

    for source in sources() {
        let never = ROOMS.iter().find(|r| r.name == source.room()).map_or(&[] as &[&str], |r| r.never);
        for (line, word) in crates_named(&source) {
            if never.contains(&word.as_str()) {
                faults.push(format!("src/{}:{line}: {} must not mention {word}", source.path, source.room()));
            }
        }
    }

    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The paths into the crate (`store::Store`), each with its line.
fn uses(source: &Source, rooms: &BTreeSet<&str>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let begins: &[&str] = if source.room() == "main" { &["crate::", "roster::"] } else { &["crate::"] };
    for begin in begins {
        for (at, _) in source.code.match_indices(begin) {
            if source.code[..at].chars().next_back().is_some_and(is_word) {
                continue;
            }
            let mut paths = Vec::new();
            expand(&source.code[at + begin.len()..], "", &mut paths);
            found.extend(paths.into_iter().map(|path| (source.line_at(at), path)));
        }
    }
    // A room reached by climbing is reached all the same.
    for (at, _) in source.code.match_indices("super::") {
        let next: String = source.code[at + 7..].chars().take_while(|&c| is_word(c)).collect();
        let own_file = super::source::crate_root().join("src").join(source.room()).join(format!("{next}.rs")).exists();
        if rooms.contains(next.as_str()) && !own_file {
            found.push((source.line_at(at), next));
        }
    }
    // Items of the crate itself (`crate::Something`) are not rooms.
    found.retain(|(_, path)| path.starts_with(|c: char| c.is_lowercase()));
    found
}

/// Spells out a use tree: `{a::{B, c}, d}` is `a::B`, `a::c`, `d`. Returns how many bytes it took.
fn expand(tree: &str, prefix: &str, out: &mut Vec<String>) -> usize {
    let word: String = tree.trim_start().chars().take_while(|&c| is_word(c) || c == '*').collect();
    let mut at = tree.len() - tree.trim_start().len();
    if tree[at..].starts_with('{') {
        at += 1;
        loop {
            at += tree[at..].len() - tree[at..].trim_start().len();
            match tree[at..].chars().next() {
                None => return at,
                Some('}') => return at + 1,
                Some(',') => at += 1,
                Some(_) => {
                    let took = expand(&tree[at..], prefix, out);
                    // `name as other`: skip to the end of the entry.
                    at += took.max(1);
                    at += tree[at..].find([',', '}']).unwrap_or(tree.len() - at);
                }
            }
        }
    }
    at += word.len();
    let path = if prefix.is_empty() { word } else { format!("{prefix}::{word}") };
    if let Some(rest) = tree[at..].strip_prefix("::") {
        at + 2 + expand(rest, &path, out)
    } else {
        out.push(path.trim_end_matches("::").to_owned());
        at
    }
}

/// The first segments of paths: `axum` of `axum::Router` and of `use axum::…`, with their lines.
fn crates_named(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in source.code.match_indices("::") {
        let before = &source.code[..at];
        let word: String = before.chars().rev().take_while(|&c| is_word(c)).collect::<Vec<_>>().into_iter().rev().collect();
        let lead = before[..before.len() - word.len()].chars().next_back();
        if !word.is_empty() && lead != Some(':') {
            found.push((source.line_at(at), word));
        }
    }
    found
}

#[test]
fn a_use_tree_is_spelled_out_whole() {
    let source = Source::new(
        "store/users.rs",
        "use crate::{api::{Method, v1 as v}, directory::Error,\n limits};\nfn f() { crate::clock::now(); crate::Thing::new(); super::access::x() }",
    );

    let found = uses(&source, &BTreeSet::from(["access"]));

    let paths: Vec<&str> = found.iter().map(|(_, path)| path.as_str()).collect();
    assert_eq!(paths, ["api::Method", "api::v1", "directory::Error", "limits", "clock::now", "access"]);
    assert_eq!(crates_named(&Source::new("a.rs", "use sqlx::Row; let x = axum::http::Y;"))[0], (1, "sqlx".to_owned()));
}
