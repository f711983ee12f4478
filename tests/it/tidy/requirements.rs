//! `docs/scim.md` lists every requirement with the stories that prove it, and the stories are there.

use super::source::crate_root;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// One line of the table.
struct Line {
    number: u32,
    rfc: String,
    stories: Vec<String>,
    status: String,
}

fn lines() -> Vec<Line> {
    let document = fs::read_to_string(crate_root().join("docs/scim.md")).unwrap();
    let section = document.split("\n## Requirements\n").nth(1).expect("the section Requirements").split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [number, words, rfc, stories, status] = cells[..] else { panic!("five cells: {row}") };
        assert!(!words.is_empty(), "{row}");
        let stories = stories.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
        Line { number: number.parse().unwrap(), rfc: rfc.to_owned(), stories, status: status.to_owned() }
    })
    .collect()
}

/// Every function of the tests and of the crate, and the requirements that the comment above it names.
fn functions() -> BTreeMap<String, BTreeSet<u32>> {
    let mut found = BTreeMap::new();
    for folder in ["tests/it", "src"] {
        gather(&crate_root().join(folder), &mut found);
    }
    found
}

fn gather(folder: &Path, found: &mut BTreeMap<String, BTreeSet<u32>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let mut marked = BTreeSet::new();
            for line in fs::read_to_string(&path).unwrap().lines().map(str::trim_start) {
                if let Some(name) = name(line) {
                    found.entry(name.to_owned()).or_default().append(&mut marked);
                } else if let Some(comment) = line.strip_prefix("/// Requirement") {
                    let numbers = comment.trim_start_matches('s').split('(').next().unwrap();
                    marked.extend(numbers.split([',', ' ']).filter_map(|n| n.parse::<u32>().ok()));
                } else if !line.starts_with("///") && !line.starts_with("#[") {
                    marked.clear();
                }
            }
        }
    }
}

/// `f` of `pub async fn f(…`.
fn name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ").unwrap_or(line);
    let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

#[test]
fn every_requirement_is_in_the_table_once_and_in_order() {
    let numbers: Vec<u32> = lines().iter().map(|line| line.number).collect();

    assert_eq!(numbers, (1..=96).chain(101..=106).collect::<Vec<_>>());
}

#[test]
fn every_requirement_is_met_by_stories_that_are_there() {
    let functions = functions();

    for line in lines() {
        assert!(line.rfc.starts_with("RFC "), "{}: {}", line.number, line.rfc);
        assert!(line.status.starts_with("met"), "{}: {}", line.number, line.status);
        for story in &line.stories {
            assert!(functions.contains_key(story), "{}: there is no {story:?}", line.number);
        }
    }
}

#[test]
fn a_story_that_says_what_it_proves_stands_in_that_line() {
    let lines: BTreeMap<u32, Vec<String>> = lines().into_iter().map(|line| (line.number, line.stories)).collect();

    for (story, numbers) in functions() {
        for number in numbers {
            assert!(lines.get(&number).is_some_and(|stories| stories.contains(&story)), "{story} says {number}");
        }
    }
}
