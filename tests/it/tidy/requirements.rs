//! `docs/scim.md` lists every requirement with the stories that prove it, and the stories are there.

use super::{
    proofs::{functions, stories, table},
    source::crate_root,
};
use std::{collections::BTreeMap, fs};

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
    let line = |[number, words, rfc, proofs, status]: [String; 5]| {
        assert!(!words.is_empty(), "{number}");
        Line { number: number.parse().unwrap(), rfc, stories: stories(&proofs), status }
    };
    table(section).into_iter().map(line).collect()
}

#[test]
fn every_requirement_is_in_the_table_once_and_in_order() {
    let numbers: Vec<u32> = lines().iter().map(|line| line.number).collect();

    assert_eq!(numbers, (1..=96).chain(101..=106).collect::<Vec<_>>());
}

#[test]
fn every_requirement_is_met_by_stories_that_are_there() {
    let functions = functions("Requirement");

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

    for (story, numbers) in functions("Requirement") {
        for number in numbers {
            assert!(lines.get(&number).is_some_and(|stories| stories.contains(&story)), "{story} says {number}");
        }
    }
}
