//! `docs/capabilities.md` lists what administrators expect with the stories that prove it, and each of them says so itself.

use super::{
    proofs::{functions, stories, table},
    source::crate_root,
};
use std::fs;

/// The last row.
const ROWS: u32 = 51;
/// What no story can prove: that something is never done, or not yet.
const UNPROVEN: [&str; 2] = ["**Roster sends no mail at all**", "**Not served in this version**"];

/// One line of the table.
struct Line {
    row: u32,
    what: String,
    stories: Vec<String>,
}

fn lines() -> Vec<Line> {
    let document = fs::read_to_string(crate_root().join("docs/capabilities.md")).unwrap();
    let line = |[row, product, what, how, proofs]: [String; 5]| {
        assert!(["Jumper", "Infisical", "JupiterOne", "JumpCloud", "Bitwarden"].contains(&product.as_str()), "{row}: {product}");
        assert!(!what.is_empty() && !how.is_empty(), "{row}");
        Line { row: row.parse().unwrap(), what, stories: stories(&proofs) }
    };
    table(&document).into_iter().map(line).collect()
}

#[test]
fn every_row_is_in_the_table_once_and_in_order() {
    let numbers: Vec<u32> = lines().iter().map(|line| line.row).collect();

    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
}

#[test]
fn every_row_is_proved_by_stories_that_name_it() {
    let functions = functions("Row");

    for Line { row, what, stories } in lines() {
        assert_eq!(stories.is_empty(), UNPROVEN.iter().any(|words| what.contains(words)), "{row} is proved by {stories:?}");
        for story in stories {
            let named = functions.get(&story).unwrap_or_else(|| panic!("{row}: there is no {story:?}"));
            assert!(named.contains(&row), "{story} does not say that it proves row {row}, but {named:?}");
        }
    }
}
