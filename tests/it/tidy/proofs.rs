//! Tables in documents that name the stories proving each line, and the stories that say which lines they prove.

use super::source::crate_root;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The cells of each line of a text's table, without its head.
pub fn table<const CELLS: usize>(text: &str) -> Vec<[String; CELLS]> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")).skip(2);
    rows.map(|row| {
        let cells: Vec<String> = row.split(" | ").map(str::to_owned).collect();
        cells.try_into().unwrap_or_else(|_| panic!("{CELLS} cells: {row}"))
    })
    .collect()
}

/// The stories that a cell names; a dash for none.
pub fn stories(cell: &str) -> Vec<String> {
    cell.split(", ").filter(|name| *name != "—").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// Every function of the tests and of the crate, and the numbers that a comment above it names after this word:
/// `/// Row 16 (Infisical)`, `// Rows 3, 4 and 8`.
pub fn functions(word: &str) -> BTreeMap<String, BTreeSet<u32>> {
    let mut found = BTreeMap::new();
    for folder in ["tests/it", "src"] {
        gather(&crate_root().join(folder), word, &mut found);
    }
    found
}

fn gather(folder: &Path, word: &str, found: &mut BTreeMap<String, BTreeSet<u32>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, word, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            read(&fs::read_to_string(&path).unwrap(), word, found);
        }
    }
}

fn read(text: &str, word: &str, found: &mut BTreeMap<String, BTreeSet<u32>>) {
    let mut marked = BTreeSet::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(name) = name(line) {
            found.entry(name.to_owned()).or_default().append(&mut marked);
        } else if let Some(comment) = line.strip_prefix("//") {
            let words = comment.trim_start_matches(['/', ' ']).strip_prefix(word);
            if let Some(numbers) = words.and_then(|rest| rest.strip_prefix("s ").or_else(|| rest.strip_prefix(' '))) {
                let numbers = numbers.split(['(', ':']).next().unwrap();
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
fn a_comment_above_a_function_names_its_rows() {
    let mut found = BTreeMap::new();
    let text = "/// Rows 3, 4 and 8 (Jumper)\n#[test]\nfn a() {\n    // Row 9\n    let x = 1;\n}\n// Row 44: of 12\nasync fn b(w: u8) {}\n";

    read(text, "Row", &mut found);

    assert_eq!(found["a"], BTreeSet::from([3, 4, 8]));
    assert_eq!(found["b"], BTreeSet::from([44]));
}
