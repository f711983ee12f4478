//! A set of rows as it enters SQL, by column.
//!
//! PostgreSQL takes one array per column. SQLite takes one JSON text of row arrays and one packed blob that holds
//! all bodies; the JSON carries a body's offset and length. Static text, constant number of binds, no hex.

use super::statement::bindable;
use sqlx::{Arguments, error::BoxDynError, postgres::PgArguments};
use std::fmt::Write as _;

/// One column of a set.
#[derive(Debug, Clone)]
pub enum Column {
    /// Text.
    Text(Vec<String>),
    /// Text or NULL.
    Maybe(Vec<Option<String>>),
    /// 64-bit integers.
    Integer(Vec<i64>),
    /// Bodies; a NULL body is an absent one.
    Blob(Vec<Option<Vec<u8>>>),
}

/// A set of rows; every column has the same length.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    columns: Vec<Column>,
}

impl Rows {
    /// No column yet.
    pub fn new() -> Self {
        Rows::default()
    }

    /// Adds a text column.
    #[must_use]
    pub fn text(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns.push(Column::Text(values.into_iter().map(|value| bindable(value.into())).collect()));
        self
    }

    /// Adds a text column that may hold NULL.
    #[must_use]
    pub fn maybe(mut self, values: impl IntoIterator<Item = Option<String>>) -> Self {
        self.columns.push(Column::Maybe(values.into_iter().map(|value| value.map(bindable)).collect()));
        self
    }

    /// Adds an integer column.
    #[must_use]
    pub fn integer(mut self, values: impl IntoIterator<Item = i64>) -> Self {
        self.columns.push(Column::Integer(values.into_iter().collect()));
        self
    }

    /// Adds a column of bodies.
    #[must_use]
    pub fn blob(mut self, values: impl IntoIterator<Item = Option<Vec<u8>>>) -> Self {
        self.columns.push(Column::Blob(values.into_iter().collect()));
        self
    }

    fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| match column {
            Column::Text(v) => v.len(),
            Column::Maybe(v) => v.len(),
            Column::Integer(v) => v.len(),
            Column::Blob(v) => v.len(),
        })
    }

    /// The JSON text, and the blob if some column has bodies.
    pub(super) fn pack(&self) -> (String, Option<Vec<u8>>) {
        let mut text = String::with_capacity(self.len() * 96 + 2);
        // Never empty: SQLite takes an empty blob for NULL, and so would an empty body be.
        let mut blob = self.columns.iter().any(|c| matches!(c, Column::Blob(_))).then(|| vec![0]);
        text.push('[');
        for row in 0..self.len() {
            text.push_str(if row > 0 { ",[" } else { "[" });
            for (k, column) in self.columns.iter().enumerate() {
                if k > 0 {
                    text.push(',');
                }
                match column {
                    Column::Text(v) => quote(&mut text, v.get(row).map_or("", String::as_str)),
                    Column::Maybe(v) => match v.get(row).and_then(Option::as_deref) {
                        Some(value) => quote(&mut text, value),
                        None => text.push_str("null"),
                    },
                    Column::Integer(v) => write!(text, "{}", v.get(row).copied().unwrap_or_default()).unwrap_or_default(),
                    Column::Blob(v) => match (v.get(row).and_then(Option::as_ref), &mut blob) {
                        (Some(body), Some(blob)) => {
                            write!(text, "{},{}", blob.len() + 1, body.len()).unwrap_or_default();
                            blob.extend_from_slice(body);
                        }
                        _ => text.push_str("null,null"),
                    },
                }
            }
            text.push(']');
        }
        text.push(']');
        (text, blob)
    }

    /// Binds one array per column.
    pub(super) fn bind_postgres(self, args: &mut PgArguments) -> Result<(), BoxDynError> {
        for column in self.columns {
            match column {
                Column::Text(v) => args.add(v)?,
                Column::Maybe(v) => args.add(v)?,
                Column::Integer(v) => args.add(v)?,
                Column::Blob(v) => args.add(v)?,
            }
        }
        Ok(())
    }
}

/// A JSON string.
fn quote(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_rows_is_packed_by_row_with_offsets_into_one_blob() {
        let rows =
            Rows::new().text(["a", "q\"\\\n"]).integer([1, -2]).maybe([None, Some("x".to_owned())]).blob([Some(vec![1, 2]), Some(vec![3])]);
        let (text, blob) = rows.pack();
        assert_eq!(text, r#"[["a",1,null,2,2],["q\"\\\u000a",-2,"x",4,1]]"#);
        assert_eq!(blob, Some(vec![0, 1, 2, 3]));
    }

    #[test]
    fn a_set_without_bodies_has_no_blob() {
        assert_eq!(Rows::new().text(["a"]).pack(), ("[[\"a\"]]".to_owned(), None));
    }
}
