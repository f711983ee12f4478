//! Candidates for a filter: SQL narrows by index, Rust decides. The one place where a statement's text is assembled,
//! from fixed parts only.

use super::{
    Fault, GroupRow, KEY_GROUP_EXTERNAL_ID, KEY_USER_EMAIL, KEY_USER_EXTERNAL_ID, Reader, Statement, View, external_key,
    groups::Columns as GroupColumns,
};
use crate::{attributes::narrow::Condition, limits};
use std::{collections::BTreeMap, fmt::Write as _};

/// What narrows a scan, and where it goes on.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// All of them hold for every resource the filter accepts.
    pub conditions: Vec<Condition>,
    /// Whose externalIds are meant.
    pub connection: String,
    /// For each group of an `InGroup`: itself and the groups below it.
    pub below: BTreeMap<String, Vec<String>>,
    /// Whether the greatest id comes first: the newest.
    pub backwards: bool,
    /// What is there for the reader.
    pub view: View,
}

/// Text with its values.
struct Assembled {
    text: String,
    values: Vec<Value>,
    /// The column whose order the rows come in.
    id: &'static str,
}

enum Value {
    Text(String),
    Integer(i64),
}

impl Assembled {
    /// What is there for the reader decides how to begin. Where that is but what a connection manages and nothing else narrows,
    /// the keys of it lead, in the order of the ids; else they are asked of each candidate.
    fn begin(columns: &str, table: &str, organization: &str, narrow: &Narrow) -> Self {
        let values = vec![Value::Text(organization.to_owned())];
        let text = format!("SELECT {columns} FROM {table} t WHERE t.organization_id = $1");
        let mut query = Assembled { text, values, id: "t.id" };
        let Some((kind, connection)) = narrow.view.key(table == "groups") else { return query };
        let whose = Value::Text(connection.to_owned());
        let keyed = "(SELECT 1 FROM resource_keys v WHERE v.organization_id = $1 AND v.resource_id = t.id AND v.key = ? AND v.kind = ";
        match narrow.view {
            View::Only(_) if narrow.conditions.is_empty() => {
                query.id = "v.resource_id";
                query.text = format!(
                    "SELECT {columns} FROM resource_keys v CROSS JOIN {table} t \
                     WHERE t.organization_id = $1 AND t.id = v.resource_id AND v.organization_id = $1 AND v.kind = {kind}"
                );
                query.and("v.key = ?", whose);
            }
            View::Only(_) => query.and(&format!("EXISTS {keyed}{kind})"), whose),
            View::All | View::Except(_) => query.and(&format!("NOT EXISTS {keyed}{kind})"), whose),
        }
        query
    }

    /// Adds a condition; `?` is the place of its value.
    fn and(&mut self, condition: &str, value: Value) {
        self.values.push(value);
        let place = format!("${}", self.values.len());
        write!(self.text, " AND {}", condition.replace('?', &place)).unwrap_or_default();
    }

    fn page(mut self, backwards: bool, after: &str, limit: usize) -> Self {
        let (follows, direction) = if backwards { ("<", "DESC") } else { (">", "ASC") };
        if !after.is_empty() {
            self.and(&format!("{} {follows} ?", self.id), Value::Text(after.to_owned()));
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.values.push(Value::Integer(limit));
        write!(self.text, " ORDER BY {} {direction} LIMIT ${}", self.id, self.values.len()).unwrap_or_default();
        self
    }

    /// Members of any of these groups. Beyond the bound nothing is narrowed, and the edges judge each chunk.
    fn in_groups(&mut self, groups: &[String]) {
        if groups.len() > limits::NARROWING_GROUPS {
            return;
        }
        let places: Vec<String> = (1..=groups.len()).map(|k| format!("${}", self.values.len() + k)).collect();
        self.values.extend(groups.iter().cloned().map(Value::Text));
        let places = if places.is_empty() { "NULL".to_owned() } else { places.join(", ") };
        write!(self.text, " AND t.id IN (SELECT m.member_id FROM members m WHERE m.organization_id = $1 AND m.group_id IN ({places}))")
            .unwrap_or_default();
    }

    fn narrow(&mut self, narrow: &Narrow, external: i64) {
        const KEYED: &str = "t.id IN (SELECT k.resource_id FROM resource_keys k WHERE k.organization_id = $1 AND k.kind = ";
        for condition in &narrow.conditions {
            match condition {
                Condition::Id(id) => self.and("t.id = ?", Value::Text(id.clone())),
                Condition::UserName(key) => self.and("t.user_name_key = ?", Value::Text(key.clone())),
                Condition::UserNamePrefix(prefix) => {
                    self.and("t.user_name_key >= ?", Value::Text(prefix.clone()));
                    self.and("t.user_name_key < ?", Value::Text(format!("{prefix}\u{10ffff}")));
                }
                Condition::ExternalId(value) => {
                    self.and(&format!("{KEYED}{external} AND k.key = ?)"), Value::Text(external_key(&narrow.connection, value)));
                }
                Condition::Email(key) => self.and(&format!("{KEYED}{KEY_USER_EMAIL} AND k.key = ?)"), Value::Text(key.clone())),
                Condition::DisplayName(key) => self.and("t.name_key = ?", Value::Text(key.clone())),
                Condition::Active(active) => self.and("t.active = ?", Value::Integer(i64::from(*active))),
                Condition::Member(id) => self.and(
                    "t.id IN (SELECT m.group_id FROM members m WHERE m.organization_id = $1 AND m.member_id = ?)",
                    Value::Text(id.clone()),
                ),
                Condition::InGroup(id) => self.in_groups(narrow.below.get(id).map_or(&[][..], Vec::as_slice)),
            }
        }
    }
}

fn bound(mut statement: Statement<'_>, values: Vec<Value>) -> Statement<'_> {
    for value in values {
        statement = match value {
            Value::Text(text) => statement.bind(text),
            Value::Integer(integer) => statement.bind(integer),
        };
    }
    statement
}

impl Reader {
    /// Id and encoded message of the next candidates, in id order; and whether more may follow. Fewer than asked for where they are
    /// large: what is read at once is bounded.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn scan_users(&mut self, narrow: &Narrow, after: &str, limit: usize) -> Result<(Vec<(String, Vec<u8>)>, bool), Fault> {
        let mut query = Assembled::begin("t.id, t.body", "users", self.organization(), narrow);
        query.narrow(narrow, KEY_USER_EXTERNAL_ID);
        let query = query.page(narrow.backwards, after, limit);
        let mut on = self.connection();
        let statement = bound(on.assembled(query.text), query.values);
        let (rows, cut) = statement.up_to(limits::SCAN_BYTES, |row: &(String, Vec<u8>)| row.1.len()).await?;
        let more = cut || rows.len() >= limit;
        Ok((rows, more))
    }

    /// The next candidate groups, in id order; and whether more may follow, as for users.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn scan_groups(&mut self, narrow: &Narrow, after: &str, limit: usize) -> Result<(Vec<GroupRow>, bool), Fault> {
        let columns = "t.id, t.member_count, t.created_at, t.updated_at, t.version, t.left_at, t.set_at, t.body";
        let mut query = Assembled::begin(columns, "groups", self.organization(), narrow);
        query.narrow(narrow, KEY_GROUP_EXTERNAL_ID);
        let query = query.page(narrow.backwards, after, limit);
        let mut on = self.connection();
        let statement = bound(on.assembled(query.text), query.values);
        let (rows, cut) = statement.up_to(limits::SCAN_BYTES, |row: &GroupColumns| row.7.len()).await?;
        let (more, life) = (cut || rows.len() >= limit, self.life());
        Ok((rows.into_iter().map(|row| GroupRow::decode(row, life)).collect::<Result<_, _>>()?, more))
    }
}
