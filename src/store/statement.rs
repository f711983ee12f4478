//! One statement, either engine: a closed two-variant type that binds and runs.

use super::{Counters, Rows, error::Fault};
use futures_util::{TryStreamExt as _, stream::BoxStream};
use sqlx::{
    Arguments, AssertSqlSafe, Encode, FromRow, PgConnection, Postgres, SqlSafeStr, SqlStr, Sqlite, SqliteConnection, Type,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

/// A value both engines can bind.
pub trait Bind: Send + 'static + Type<Sqlite> + for<'q> Encode<'q, Sqlite> + Type<Postgres> + for<'q> Encode<'q, Postgres> {
    /// As it is bound.
    #[must_use]
    fn bindable(self) -> Self
    where
        Self: Sized,
    {
        self
    }
}
impl Bind for i64 {}
impl Bind for Option<i64> {}
impl Bind for Vec<u8> {}
impl Bind for String {
    fn bindable(self) -> Self {
        bindable(self)
    }
}

/// PostgreSQL's text has no NUL, and nothing that is stored has one: such a text is looked up as another that nothing has.
pub(super) fn bindable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{2}") } else { text }
}

/// A row both engines can answer.
pub trait Row: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}
impl<T> Row for T where T: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

/// The text of a statement. Most are the same on both engines; a set of rows enters differently on each.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
}

impl Text {
    /// The same text on both engines.
    pub const fn same(text: &'static str) -> Self {
        Text { sqlite: text, postgres: text }
    }

    /// A text per engine.
    pub const fn twin(sqlite: &'static str, postgres: &'static str) -> Self {
        Text { sqlite, postgres }
    }
}

/// A connection of either engine.
pub enum Connection<'c> {
    /// SQLite.
    Sqlite(&'c mut SqliteConnection, &'c Counters),
    /// PostgreSQL.
    Postgres(&'c mut PgConnection, &'c Counters),
}

impl Connection<'_> {
    /// A statement of fixed text.
    pub fn statement(&mut self, text: Text) -> Statement<'_> {
        match self {
            Connection::Sqlite(c, n) => {
                Statement::Sqlite { to: c, counters: n, sql: text.sqlite.into_sql_str(), args: SqliteArguments::default(), failed: None }
            }
            Connection::Postgres(c, n) => {
                Statement::Postgres { to: c, counters: n, sql: text.postgres.into_sql_str(), args: PgArguments::default(), failed: None }
            }
        }
    }

    /// A statement whose text was put together from fixed parts: filters only. No part may come from a client.
    pub fn assembled(&mut self, text: String) -> Statement<'_> {
        let sql = AssertSqlSafe(text).into_sql_str();
        match self {
            Connection::Sqlite(c, n) => Statement::Sqlite { to: c, counters: n, sql, args: SqliteArguments::default(), failed: None },
            Connection::Postgres(c, n) => Statement::Postgres { to: c, counters: n, sql, args: PgArguments::default(), failed: None },
        }
    }
}

/// A statement with its values, on its connection. A value that cannot be encoded is told when it runs.
#[allow(missing_docs, reason = "the fields are the store's own")]
pub enum Statement<'c> {
    /// SQLite.
    Sqlite { to: &'c mut SqliteConnection, counters: &'c Counters, sql: SqlStr, args: SqliteArguments, failed: Option<Fault> },
    /// PostgreSQL.
    Postgres { to: &'c mut PgConnection, counters: &'c Counters, sql: SqlStr, args: PgArguments, failed: Option<Fault> },
}

impl Statement<'_> {
    /// Binds the next value.
    #[must_use]
    pub fn bind(mut self, value: impl Bind) -> Self {
        let value = value.bindable();
        match &mut self {
            Statement::Sqlite { args, failed, .. } => note(failed, args.add(value)),
            Statement::Postgres { args, failed, .. } => note(failed, args.add(value)),
        }
        self
    }

    /// Binds a set of rows: one array per column on PostgreSQL; one JSON text, and one blob if there are bodies, on SQLite.
    #[must_use]
    pub fn rows(mut self, rows: Rows) -> Self {
        match &mut self {
            Statement::Sqlite { args, failed, .. } => {
                let (text, blob) = rows.pack();
                note(failed, args.add(text));
                if let Some(blob) = blob {
                    note(failed, args.add(blob));
                }
            }
            Statement::Postgres { args, failed, .. } => note(failed, rows.bind_postgres(args)),
        }
        self
    }

    /// Binds one array (PostgreSQL; SQLite has none). For explaining statements.
    #[must_use]
    pub(super) fn bind_array<T>(mut self, values: Vec<T>) -> Self
    where
        Vec<T>: Send + 'static + Type<Postgres> + for<'q> Encode<'q, Postgres>,
    {
        if let Statement::Postgres { args, failed, .. } = &mut self {
            note(failed, args.add(values));
        }
        self
    }

    /// All rows.
    ///
    /// # Errors
    /// When a value could not be encoded, or the engine refuses or cannot be reached.
    pub async fn all<T: Row>(self) -> Result<Vec<T>, Fault> {
        let (rows, counters) = match self {
            Statement::Sqlite { failed: Some(fault), .. } | Statement::Postgres { failed: Some(fault), .. } => return Err(fault),
            Statement::Sqlite { to, counters, sql, args, .. } => (sqlx::query_as_with(sql, args).fetch_all(to).await?, counters),
            Statement::Postgres { to, counters, sql, args, .. } => (sqlx::query_as_with(sql, args).fetch_all(to).await?, counters),
        };
        counters.read(rows.len());
        Ok(rows)
    }

    /// Rows until they have more than so many bytes, the one that is too much included; and whether some may be left.
    ///
    /// # Errors
    /// When a value could not be encoded, or the engine refuses or cannot be reached.
    pub async fn up_to<T: Row>(self, bytes: usize, size: impl Fn(&T) -> usize) -> Result<(Vec<T>, bool), Fault> {
        let (rows, counters) = match self {
            Statement::Sqlite { failed: Some(fault), .. } | Statement::Postgres { failed: Some(fault), .. } => return Err(fault),
            Statement::Sqlite { to, counters, sql, args, .. } => {
                (gather(sqlx::query_as_with(sql, args).fetch(to), bytes, size).await?, counters)
            }
            Statement::Postgres { to, counters, sql, args, .. } => {
                (gather(sqlx::query_as_with(sql, args).fetch(to), bytes, size).await?, counters)
            }
        };
        counters.read(rows.0.len());
        Ok(rows)
    }

    /// The row, if there is one.
    ///
    /// # Errors
    /// When a value could not be encoded, or the engine refuses or cannot be reached.
    pub async fn optional<T: Row>(self) -> Result<Option<T>, Fault> {
        let (row, counters) = match self {
            Statement::Sqlite { failed: Some(fault), .. } | Statement::Postgres { failed: Some(fault), .. } => return Err(fault),
            Statement::Sqlite { to, counters, sql, args, .. } => (sqlx::query_as_with(sql, args).fetch_optional(to).await?, counters),
            Statement::Postgres { to, counters, sql, args, .. } => (sqlx::query_as_with(sql, args).fetch_optional(to).await?, counters),
        };
        counters.read(usize::from(row.is_some()));
        Ok(row)
    }

    /// Runs it; answers how many rows it touched.
    ///
    /// # Errors
    /// When a value could not be encoded, or the engine refuses or cannot be reached.
    pub async fn execute(self) -> Result<u64, Fault> {
        let (touched, counters) = match self {
            Statement::Sqlite { failed: Some(fault), .. } | Statement::Postgres { failed: Some(fault), .. } => return Err(fault),
            Statement::Sqlite { to, counters, sql, args, .. } => (sqlx::query_with(sql, args).execute(to).await?.rows_affected(), counters),
            Statement::Postgres { to, counters, sql, args, .. } => {
                (sqlx::query_with(sql, args).execute(to).await?.rows_affected(), counters)
            }
        };
        counters.wrote(touched);
        Ok(touched)
    }
}

async fn gather<T>(
    mut rows: BoxStream<'_, Result<T, sqlx::Error>>,
    bytes: usize,
    size: impl Fn(&T) -> usize,
) -> Result<(Vec<T>, bool), Fault> {
    let (mut gathered, mut sum) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        sum += size(&row);
        gathered.push(row);
        if sum > bytes {
            return Ok((gathered, true));
        }
    }
    Ok((gathered, false))
}

fn note(failed: &mut Option<Fault>, added: Result<(), sqlx::error::BoxDynError>) {
    if let Err(error) = added {
        failed.get_or_insert(Fault::from(sqlx::Error::Encode(error)));
    }
}
