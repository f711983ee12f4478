//! What the text of a file may hold.

use super::source::{is_word, sources};

/// Lines of one file of `src/` at most.
const LINES_MAX: usize = 300;

/// Files that may be longer, each with the reason.
const LONGER: &[(&str, usize, &str)] = &[];

#[test]
fn no_file_is_longer_than_it_can_be_read_in_one_go() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|s| s.lines > LONGER.iter().find(|(path, ..)| *path == s.path).map_or(LINES_MAX, |(_, lines, _)| *lines))
        .map(|s| format!("src/{}: {} lines, at most {LINES_MAX}", s.path, s.lines))
        .collect();

    assert!(faults.is_empty(), "one file, one noun: split these\n{}", faults.join("\n"));
}

#[test]
fn sql_stands_in_the_store_alone() {
    let mut faults = Vec::new();

    for source in sources().iter().filter(|s| s.room() != "store") {
        for (line, literal) in &source.literals {
            if is_sql(literal) {
                faults.push(format!("src/{}:{line}: {}", source.path, literal.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
    }

    assert!(faults.is_empty(), "SQL outside the store:\n{}", faults.join("\n"));
}

fn is_sql(literal: &str) -> bool {
    let words: Vec<&str> = literal.split(|c| !is_word(c)).filter(|w| !w.is_empty()).collect();
    let has = |a: &str, b: &str| words.iter().position(|w| *w == a).is_some_and(|i| words[i..].contains(&b));
    let pair = |a: &str, b: &str| words.windows(2).any(|w| w == [a, b]);
    has("SELECT", "FROM")
        || has("UPDATE", "SET")
        || ["TABLE", "INDEX"].iter().any(|what| pair("CREATE", what))
        || pair("INSERT", "INTO")
        || pair("DELETE", "FROM")
        || pair("BEGIN", "IMMEDIATE")
        || words.first() == Some(&"PRAGMA")
}

#[test]
fn sql_is_known_when_seen() {
    assert!(is_sql("SELECT id\n  FROM users") && is_sql("UPDATE groups SET version = $1") && is_sql("INSERT INTO users VALUES ($1)"));
    assert!(!is_sql("Select the users from the list") && !is_sql("UPDATE the settings") && !is_sql("DELETE /Users/{id}"));
}

#[test]
fn nothing_is_left_to_do_later() {
    let mut faults = Vec::new();

    for source in sources() {
        for word in ["todo!", "unimplemented!", "dbg!"] {
            for (at, _) in source.code.match_indices(word) {
                if !source.code[..at].chars().next_back().is_some_and(is_word) {
                    faults.push(format!("src/{}:{}: {word}", source.path, source.line_at(at)));
                }
            }
        }
    }

    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn only_the_clock_asks_the_system_for_time_and_ids() {
    let mut faults = Vec::new();

    for source in sources().iter().filter(|s| s.room() != "clock") {
        for word in ["SystemTime::now", "now_v7", "new_v4", "now_utc", "Utc::now"] {
            if let Some(at) = source.code.find(word) {
                faults.push(format!("src/{}:{}: {word}", source.path, source.line_at(at)));
            }
        }
    }

    assert!(faults.is_empty(), "take time and ids from the clock:\n{}", faults.join("\n"));
}
