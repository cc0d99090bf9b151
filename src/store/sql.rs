//! Two databases, one way to speak to them: statements are written once, in the SQL that both understand, with `$1` for
//! the first value. Where they differ, the difference stands beside the statement.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection as _, Decode, Executor as _, Postgres, Row as _, Sqlite, Transaction, Type};

use super::address::At;
use super::{StoreAddress, StoreError, StoreErrorKind};

/// Connections that only read. A long back-test holds one.
const READERS: u32 = 4;

/// A statement on a server may take so long. The network between may be cut without a word: who waits for its answer would
/// wait for a quarter of an hour, and alerts with them.
const LONGEST_STATEMENT: Duration = Duration::from_secs(30);

/// A value for a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<&'a str>),
    Bytes(&'a [u8]),
}

macro_rules! value_from {
    ($($kind:ty => $variant:ident($wrap:expr)),* $(,)?) => {
        $(impl<'a> From<$kind> for Value<'a> {
            fn from(value: $kind) -> Self {
                Self::$variant($wrap(value))
            }
        })*
    };
}

value_from! {
    i64 => Int(Some),
    Option<i64> => Int(std::convert::identity),
    f64 => Real(Some),
    Option<f64> => Real(std::convert::identity),
    &'a str => Text(Some),
    &'a String => Text(|text: &'a String| Some(text.as_str())),
    Option<&'a str> => Text(std::convert::identity),
    &'a Option<String> => Text(|text: &'a Option<String>| text.as_deref()),
    &'a [u8] => Bytes(std::convert::identity),
}

/// Values of many kinds as a list for a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Value::from($value)),*] };
}
pub(super) use values;

/// Binds a list of values to a query of either database.
macro_rules! bound {
    ($query:expr, $values:expr) => {
        $values.iter().fold($query, |query, value| match *value {
            Value::Int(value) => query.bind(value),
            Value::Real(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
    };
}

/// A row of either database.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of this column.
    pub(super) fn get<T>(&self, column: usize) -> Result<T, sqlx::Error>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

/// An error for a row that holds something else than this program writes.
pub(super) fn unreadable(what: String) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

/// Connections: one that writes, some that read.
#[derive(Debug)]
pub(super) enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { writer: PgPool, readers: PgPool },
}

/// A database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) pools: Pools,
    pub(super) address: Arc<str>,
    longest_statement: Duration,
}

/// A write transaction; rolled back where it is dropped. One that has only read is committed all the same: a server's
/// connection is closed where it is dropped.
pub(super) struct Writing {
    pub(super) transaction: Either,
    address: Arc<str>,
}

pub(super) enum Either {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(OnServer),
}

/// A connection that is in use. One that is not given back whole is closed at once: it may wait for an answer that never
/// comes, or be in the middle of something.
pub(super) struct OnServer {
    connection: Option<PoolConnection<Postgres>>,
    longest: Duration,
}

impl OnServer {
    async fn of(pool: &PgPool, longest: Duration) -> Result<Self, sqlx::Error> {
        Ok(Self { connection: Some(pool.acquire().await?), longest })
    }

    /// What somebody does with the connection, within the time that a statement may take.
    pub(super) async fn run<T>(
        &mut self,
        statement: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let longest = self.longest;
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        tokio::time::timeout(longest, statement(connection)).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", longest.as_secs_f64());
            Err(std::io::Error::new(std::io::ErrorKind::TimedOut, text).into())
        })
    }

    /// It is whole: others may have it.
    fn give_back(mut self) {
        drop(self.connection.take());
    }
}

impl Drop for OnServer {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}

impl Database {
    /// Opens it; a file is made where `create` says so and there is none.
    pub(super) async fn open(address: &StoreAddress, create: bool) -> Result<Self, StoreError> {
        let shown: Arc<str> = address.to_string().into();
        let failed = |error: sqlx::Error| StoreError::of(&shown, &error);
        let patience = address.patience;
        let pools = match &address.at {
            At::Sqlite(path) => {
                if create && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder).map_err(|error| {
                        let detail = format!("its folder {} can't be made: {error}", folder.display());
                        StoreError::new(StoreError::of(&shown, &error.into()).kind(), &shown, detail)
                    })?;
                }
                if !create && !path.exists() {
                    let detail = "there is no such file: check the path; `run` makes it at its first start";
                    return Err(StoreError::new(StoreErrorKind::NotFound, &shown, detail));
                }
                let options = sqlite_options(path, patience).create_if_missing(create);
                // The pool would try again and again, and then tell of the time instead of the fault.
                SqliteConnection::connect_with(&options).await.map_err(failed)?.close().await.map_err(failed)?;
                let pool = || SqlitePoolOptions::new().acquire_timeout(patience).idle_timeout(None).max_lifetime(None);
                Pools::Sqlite {
                    writer: pool().max_connections(1).test_before_acquire(false).connect_lazy_with(options.clone()),
                    readers: pool().max_connections(READERS).connect_lazy_with(options.pragma("query_only", "on")),
                }
            }
            At::Postgres(options) => {
                let options = postgres_options(options, patience);
                let connecting = PgConnection::connect_with(&options);
                let connected = tokio::time::timeout(patience, connecting).await;
                let connected = connected.map_err(|_| StoreError::no_answer(&shown, patience))?;
                connected.map_err(failed)?.close().await.map_err(failed)?;
                let pool = || PgPoolOptions::new().acquire_timeout(patience);
                Pools::Postgres {
                    writer: pool().max_connections(1).connect_lazy_with(options.clone()),
                    readers: pool()
                        .max_connections(READERS)
                        .connect_lazy_with(options.options([("default_transaction_read_only", "on")])),
                }
            }
        };
        // Who is less patient in all (a test) is so in this too.
        let longest_statement = LONGEST_STATEMENT.min(3 * patience);
        Ok(Self { pools, address: shown, longest_statement })
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// Rows that are read outside any transaction.
    pub(super) async fn read<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        of: impl Fn(&Row) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let rows: Result<Vec<T>, sqlx::Error> = match &self.pools {
            Pools::Sqlite { readers, .. } => match bound!(sqlx::query(sql), values).fetch_all(readers).await {
                Ok(rows) => rows.into_iter().map(|row| of(&Row::Sqlite(row))).collect(),
                Err(error) => Err(error),
            },
            Pools::Postgres { readers, .. } => match self.read_on_server(readers, sql, values).await {
                Ok(rows) => rows.into_iter().map(|row| of(&Row::Postgres(row))).collect(),
                Err(error) => Err(error),
            },
        };
        rows.map_err(|error| self.failed(&error))
    }

    async fn read_on_server(
        &self,
        readers: &PgPool,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut server = OnServer::of(readers, self.longest_statement).await?;
        let rows = server.run(async |connection| bound!(sqlx::query(sql), values).fetch_all(connection).await).await?;
        server.give_back();
        Ok(rows)
    }

    /// The first row, if any.
    pub(super) async fn read_first<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        of: impl Fn(&Row) -> Result<T, sqlx::Error>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.read(sql, values, of).await?.into_iter().next())
    }

    /// Begins to write. Writers come one after another.
    pub(super) async fn write(&self) -> Result<Writing, StoreError> {
        let transaction = match &self.pools {
            // A transaction that began by reading could find the file changed once it writes.
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Either::Sqlite),
            Pools::Postgres { writer, .. } => self.begin_on_server(writer).await.map(Either::Postgres),
        };
        let transaction = transaction.map_err(|error| self.failed(&error))?;
        Ok(Writing { transaction, address: Arc::clone(&self.address) })
    }

    async fn begin_on_server(&self, writer: &PgPool) -> Result<OnServer, sqlx::Error> {
        let mut server = OnServer::of(writer, self.longest_statement).await?;
        server.run(async |connection| connection.execute("BEGIN").await).await?;
        Ok(server)
    }

    pub(super) fn failed(&self, error: &sqlx::Error) -> StoreError {
        StoreError::of(&self.address, error)
    }

    pub(super) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

impl Writing {
    /// Runs a statement; gives the number of rows that it changed.
    pub(super) async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let done = match &mut self.transaction {
            Either::Sqlite(transaction) => {
                bound!(sqlx::query(sql), values).execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            Either::Postgres(server) => {
                let statement = async |connection: &mut PgConnection| {
                    bound!(sqlx::query(sql), values).execute(connection).await.map(|done| done.rows_affected())
                };
                server.run(statement).await
            }
        };
        done.map_err(|error| StoreError::of(&self.address, &error))
    }

    /// Runs a statement made by this program of its own constants, never of anything that came from outside.
    pub(super) async fn execute_made(&mut self, sql: String, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let sql = AssertSqlSafe(sql);
        let done = match &mut self.transaction {
            Either::Sqlite(transaction) => {
                bound!(sqlx::query(sql), values).execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            Either::Postgres(server) => {
                let statement = async |connection: &mut PgConnection| {
                    bound!(sqlx::query(sql), values).execute(connection).await.map(|done| done.rows_affected())
                };
                server.run(statement).await
            }
        };
        done.map_err(|error| StoreError::of(&self.address, &error))
    }

    /// Rows that are read within the transaction, or given back by a statement that writes.
    pub(super) async fn read<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        of: impl Fn(&Row) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, StoreError> {
        let rows: Result<Vec<T>, sqlx::Error> = match &mut self.transaction {
            Either::Sqlite(transaction) => match bound!(sqlx::query(sql), values).fetch_all(&mut **transaction).await {
                Ok(rows) => rows.into_iter().map(|row| of(&Row::Sqlite(row))).collect(),
                Err(error) => Err(error),
            },
            Either::Postgres(server) => {
                match server.run(async |connection| bound!(sqlx::query(sql), values).fetch_all(connection).await).await
                {
                    Ok(rows) => rows.into_iter().map(|row| of(&Row::Postgres(row))).collect(),
                    Err(error) => Err(error),
                }
            }
        };
        rows.map_err(|error| StoreError::of(&self.address, &error))
    }

    /// The first row, if any.
    pub(super) async fn read_first<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        of: impl Fn(&Row) -> Result<T, sqlx::Error>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.read(sql, values, of).await?.into_iter().next())
    }

    /// Makes it lasting: once this is done, neither a crash nor a power cut loses it.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let done = match self.transaction {
            Either::Sqlite(transaction) => transaction.commit().await,
            Either::Postgres(mut server) => {
                match server.run(async |connection| connection.execute("COMMIT").await).await {
                    Ok(_) => {
                        server.give_back();
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
        };
        done.map_err(|error| StoreError::of(&self.address, &error))
    }

    pub(super) fn contradiction(&self, detail: String) -> StoreError {
        StoreError::new(StoreErrorKind::Conflict, &self.address, detail)
    }
}

fn sqlite_options(path: &std::path::Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        // Readers go on while somebody writes.
        .journal_mode(SqliteJournalMode::Wal)
        // Each commit reaches the disk, so that a power cut loses no transition. Samples come once a second: the same
        // setting costs them one flush a second.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(patience)
        .pragma("cache_size", "-16384")
}

pub(super) fn postgres_options(options: &PgConnectOptions, patience: Duration) -> PgConnectOptions {
    options.clone().options([
        // A server may be set to answer before the disk has it.
        ("synchronous_commit", "on".to_owned()),
        ("timezone", "UTC".to_owned()),
        // A plan made while a table was nearly empty reads all of it, and would be kept while it grows.
        ("plan_cache_mode", "force_custom_plan".to_owned()),
        ("lock_timeout", format!("{}ms", patience.as_millis())),
    ])
}
