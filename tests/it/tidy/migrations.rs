//! The two engines keep the same tables.

use super::source::{crate_root, is_word};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// What the migrations of one engine make.
#[derive(Default, Debug, PartialEq)]
struct Schema {
    files: BTreeSet<String>,
    /// Column names per table, and its primary key.
    tables: BTreeMap<String, Table>,
    /// Per unique index: table and columns.
    indexes: BTreeMap<String, String>,
}

#[derive(Default, Debug, PartialEq)]
struct Table {
    columns: BTreeSet<String>,
    primary_key: Vec<String>,
    foreign_keys: Vec<String>,
}

/// Tables whose rows belong to no organization, each with the reason.
const OF_NO_ORGANIZATION: &[&str] = &[
    // What is true of the whole store: its epoch.
    "store",
];

/// Indexes that do not begin with the organization, each with the reason.
const ACROSS_ORGANIZATIONS: &[&str] = &[
    // A credential is looked up before its organization is known.
    "records_by_id",
    // The purge asks for whoever is due, whichever organization it was in.
    "tombstones_due",
    // So are answers whose day is over, to be forgotten.
    "requests_by_age",
];

fn schema(engine: &str) -> Schema {
    let mut schema = Schema::default();
    for entry in fs::read_dir(crate_root().join("migrations").join(engine)).expect("migrations/ has a folder per engine") {
        let entry = entry.unwrap();
        schema.files.insert(entry.file_name().into_string().unwrap());
        let text = fs::read_to_string(entry.path()).unwrap();
        let text: String = text.lines().map(|l| l.split("--").next().unwrap()).collect::<Vec<_>>().join("\n");
        for statement in text.split(';') {
            read(statement, &mut schema);
        }
    }
    schema
}

fn read(statement: &str, schema: &mut Schema) {
    let words: Vec<&str> = statement.split(|c: char| !is_word(c)).filter(|w| !w.is_empty()).collect();
    let upper: Vec<String> = words.iter().map(|w| w.to_uppercase()).collect();
    let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
    let after = |word: &str| upper.iter().position(|w| *w == word).map(|i| words[i + 1].to_lowercase());
    match upper.as_slice() {
        ["CREATE", "TABLE", ..] => {
            let name = if upper[2] == "IF" { words[5] } else { words[2] }.to_lowercase();
            schema.tables.insert(name, table(body(statement)));
        }
        ["CREATE", "INDEX" | "UNIQUE", ..] => {
            let name = after("INDEX").unwrap();
            let unique = if upper[1] == "UNIQUE" { "unique " } else { "" };
            let columns: Vec<String> = entries(body(statement)).iter().map(|c| first_word(c)).collect();
            schema.indexes.insert(name, format!("{unique}{} ({})", after("ON").unwrap(), columns.join(", ")));
        }
        ["ALTER", "TABLE", name, "ADD", rest @ ..] => {
            let column = if rest.first() == Some(&"COLUMN") { words[5] } else { words[4] }.to_lowercase();
            schema.tables.entry(name.to_lowercase()).or_default().columns.insert(column);
        }
        _ => {}
    }
}

/// What stands between the outermost parentheses.
fn body(statement: &str) -> &str {
    let (from, to) = (statement.find('(').unwrap(), statement.rfind(')').unwrap());
    // An index's WHERE comes after its columns.
    let mut depth = 0;
    for (i, c) in statement[from..].char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return &statement[from + 1..from + i];
        }
    }
    &statement[from + 1..to]
}

/// Splits at the commas outside parentheses.
fn entries(body: &str) -> Vec<String> {
    let (mut out, mut depth) = (vec![String::new()], 0);
    for c in body.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            out.push(String::new());
        } else {
            out.last_mut().unwrap().push(c);
        }
    }
    out.into_iter().map(|e| e.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|e| !e.is_empty()).collect()
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|&c| is_word(c)).collect::<String>().to_lowercase()
}

fn table(body: &str) -> Table {
    let mut table = Table::default();
    for entry in entries(body) {
        let upper = entry.to_uppercase();
        let names = |text: &str| text.split(',').map(first_word).collect::<Vec<_>>();
        let list = |from: usize| entry[from..].find('(').map(|a| &entry[from + a + 1..from + entry[from..].find(')').unwrap()]);
        let upper =
            upper.strip_prefix("CONSTRAINT ").map_or(upper.as_str(), |rest| rest.split_once(' ').map_or(rest, |(_, r)| r)).to_owned();
        if upper.starts_with("PRIMARY KEY") {
            table.primary_key = names(list(0).unwrap());
        } else if upper.starts_with("FOREIGN KEY") {
            let from = entry.to_uppercase().find("REFERENCES").unwrap();
            table.foreign_keys.push(format!(
                "({}) -> {}({})",
                names(list(0).unwrap()).join(", "),
                first_word(&entry[from + 10..]),
                names(list(from).unwrap()).join(", ")
            ));
        } else if upper.starts_with("UNIQUE") || upper.starts_with("CHECK") {
            // Compared as part of the twin's text by its own engine.
        } else {
            let column = first_word(&entry);
            if upper.contains("PRIMARY KEY") {
                table.primary_key = vec![column.clone()];
            }
            if let Some(at) = entry.to_uppercase().find("REFERENCES") {
                table.foreign_keys.push(format!("({column}) -> {}", first_word(&entry[at + 10..])));
            }
            table.columns.insert(column);
        }
    }
    table.foreign_keys.sort();
    table
}

#[test]
fn the_migrations_are_twins() {
    let (sqlite, postgres) = (schema("sqlite"), schema("postgres"));

    assert!(!sqlite.tables.is_empty());
    assert_eq!(sqlite.files, postgres.files, "same file names");
    assert_eq!(sqlite.tables.keys().collect::<Vec<_>>(), postgres.tables.keys().collect::<Vec<_>>(), "same tables");
    for (name, table) in &sqlite.tables {
        assert_eq!(*table, postgres.tables[name], "same columns and keys of {name}");
    }
    assert_eq!(sqlite.indexes, postgres.indexes, "same indexes");
}

#[test]
fn the_organization_leads_every_key_and_every_unique_index() {
    let schema = schema("sqlite");

    for (name, table) in schema.tables.iter().filter(|(name, _)| !OF_NO_ORGANIZATION.contains(&name.as_str())) {
        assert_eq!(table.primary_key.first().map(String::as_str), Some("organization_id"), "the primary key of {name}");
        for key in &table.foreign_keys {
            assert!(key.starts_with("(organization_id"), "a foreign key of {name}: {key}");
        }
    }
    for (name, index) in schema.indexes.iter().filter(|(name, _)| !ACROSS_ORGANIZATIONS.contains(&name.as_str())) {
        assert!(index.contains("(organization_id"), "the index {name}: {index}");
    }
}

#[test]
fn a_create_table_is_read_column_by_column() {
    let mut found = Schema::default();

    read(
        "CREATE TABLE users (organization_id TEXT NOT NULL REFERENCES organizations, id TEXT COLLATE \"C\" NOT NULL, n NUMERIC(3, 1), PRIMARY KEY (organization_id, id), FOREIGN KEY (organization_id, id) REFERENCES groups (organization_id, id))",
        &mut found,
    );
    read("CREATE UNIQUE INDEX users_key ON users (organization_id, name_key COLLATE \"C\") WHERE (deleted = 0)", &mut found);

    let users = &found.tables["users"];
    assert_eq!(users.columns, ["organization_id", "id", "n"].map(str::to_owned).into());
    assert_eq!(users.primary_key, ["organization_id", "id"]);
    assert_eq!(users.foreign_keys, ["(organization_id) -> organizations", "(organization_id, id) -> groups(organization_id, id)"]);
    assert_eq!(found.indexes["users_key"], "unique users (organization_id, name_key)");
}
