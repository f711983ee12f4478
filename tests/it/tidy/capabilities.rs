//! `docs/capabilities.md` lists what administrators expect with the stories that prove it, and each of them says so itself.

use super::source::crate_root;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

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
    let rows = document.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [number, product, what, how, stories] = cells[..] else { panic!("five cells: {row}") };
        assert!(["Jumper", "Infisical", "JupiterOne", "JumpCloud", "Bitwarden"].contains(&product), "{row}");
        assert!(!what.is_empty() && !how.is_empty(), "{row}");
        let stories = stories.split(", ").filter(|name| *name != "—").map(|name| name.trim_matches('`').to_owned()).collect();
        Line { row: number.parse().unwrap(), what: what.to_owned(), stories }
    })
    .collect()
}

/// Every function of the tests and of the crate, and the rows that a comment above it names: `/// Row 16 (Infisical)`,
/// `// Rows 3, 4 and 8`.
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
            read(&fs::read_to_string(&path).unwrap(), found);
        }
    }
}

fn read(text: &str, found: &mut BTreeMap<String, BTreeSet<u32>>) {
    let mut marked = BTreeSet::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(name) = name(line) {
            found.entry(name.to_owned()).or_default().append(&mut marked);
        } else if let Some(comment) = line.strip_prefix("//") {
            let words = comment.trim_start_matches(['/', ' ']);
            if let Some(rows) = words.strip_prefix("Rows ").or_else(|| words.strip_prefix("Row ")) {
                let numbers = rows.split(['(', ':']).next().unwrap();
                marked.extend(numbers.split([',', ' ']).filter_map(|n| n.parse::<u32>().ok()));
            }
        } else if !line.starts_with("#[") {
            marked.clear();
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
fn every_row_is_in_the_table_once_and_in_order() {
    let numbers: Vec<u32> = lines().iter().map(|line| line.row).collect();

    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
}

#[test]
fn every_row_is_proved_by_stories_that_name_it() {
    let functions = functions();

    for Line { row, what, stories } in lines() {
        assert_eq!(stories.is_empty(), UNPROVEN.iter().any(|words| what.contains(words)), "{row} is proved by {stories:?}");
        for story in stories {
            let named = functions.get(&story).unwrap_or_else(|| panic!("{row}: there is no {story:?}"));
            assert!(named.contains(&row), "{story} does not say that it proves row {row}, but {named:?}");
        }
    }
}

#[test]
fn a_comment_above_a_function_names_its_rows() {
    let mut found = BTreeMap::new();
    let text = "/// Rows 3, 4 and 8 (Jumper)\n#[test]\nfn a() {\n    // Row 9\n    let x = 1;\n}\n// Row 44: of 12\nasync fn b(w: u8) {}\n";

    read(text, &mut found);

    assert_eq!(found["a"], BTreeSet::from([3, 4, 8]));
    assert_eq!(found["b"], BTreeSet::from([44]));
}
