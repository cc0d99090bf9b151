//! What can go wrong with the store.

use std::fmt;
use std::io;
use std::time::Duration;

/// The store can't do what was asked. Its text names the store without user and password, what was found, and what to
/// do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("store {address}: {kind}: {detail}")]
pub struct StoreError {
    kind: StoreErrorKind,
    address: String,
    detail: String,
}

/// What failed: a closed list for retries, metric labels and exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// The address is none that can be used.
    Address,
    /// There is no such file or database.
    NotFound,
    /// Files, folders or tables may not be read or written.
    Permission,
    /// User or password are not taken.
    Credentials,
    /// Another program holds it, or a long write of this one.
    Locked,
    /// No room left.
    DiskFull,
    /// No connection to the server, or it was lost.
    Connect,
    /// The tables are of another version than this program's.
    Schema,
    /// The file is damaged, or is no database.
    Corrupt,
    /// What was to be written contradicts what is there.
    Conflict,
    /// A row holds what this program can't read.
    Data,
    /// The disk failed.
    Io,
    /// A statement that the database doesn't take: a bug.
    Bug,
}

impl StoreErrorKind {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::Address,
        Self::NotFound,
        Self::Permission,
        Self::Credentials,
        Self::Locked,
        Self::DiskFull,
        Self::Connect,
        Self::Schema,
        Self::Corrupt,
        Self::Conflict,
        Self::Data,
        Self::Io,
        Self::Bug,
    ];

    /// Its name in labels and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NotFound => "not_found",
            Self::Permission => "permission",
            Self::Credentials => "credentials",
            Self::Locked => "locked",
            Self::DiskFull => "disk_full",
            Self::Connect => "connect",
            Self::Schema => "schema",
            Self::Corrupt => "corrupt",
            Self::Conflict => "conflict",
            Self::Data => "data",
            Self::Io => "io",
            Self::Bug => "bug",
        }
    }

    /// Whether the same call may succeed later without anybody changing what is asked. Every write of the store may be
    /// repeated: what had been committed already is not written twice.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Locked | Self::DiskFull | Self::Connect | Self::Io)
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "not an address",
            Self::NotFound => "not found",
            Self::Permission => "not permitted",
            Self::Credentials => "user or password refused",
            Self::Locked => "locked",
            Self::DiskFull => "the disk is full",
            Self::Connect => "no connection",
            Self::Schema => "another version",
            Self::Corrupt => "damaged",
            Self::Conflict => "contradiction",
            Self::Data => "can't be read",
            Self::Io => "the disk failed",
            Self::Bug => "statement refused",
        })
    }
}

impl StoreError {
    pub(super) fn new(kind: StoreErrorKind, address: &str, detail: impl Into<String>) -> Self {
        Self { kind, address: address.to_owned(), detail: detail.into() }
    }

    pub(crate) fn no_answer(address: &str, patience: Duration) -> Self {
        let detail = format!("no answer within {} s: check host and port", patience.as_secs());
        Self::new(StoreErrorKind::Connect, address, detail)
    }

    /// What failed.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The store's address as it may be shown.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was found, and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The driver's error in our words. The driver never puts a password into its texts.
    pub(super) fn of(address: &str, error: &sqlx::Error) -> Self {
        let (kind, advice) = classified(error);
        let said = match error {
            // Its own text begins with words that say nothing.
            sqlx::Error::Database(error) => error.message().to_owned(),
            error => error.to_string(),
        };
        let detail = if advice.is_empty() { said } else { format!("{said}; {advice}") };
        Self::new(kind, address, detail)
    }
}

fn classified(error: &sqlx::Error) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as Kind;
    match error {
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            (Kind::Address, "expected postgres://USER@HOST:PORT/DATABASE, or the path of an SQLite file")
        }
        sqlx::Error::Io(error) => of_io(error),
        sqlx::Error::Tls(_) => {
            (Kind::Connect, "check the server's certificate and the address's `sslmode` and `sslrootcert`")
        }
        sqlx::Error::PoolTimedOut => (
            Kind::Connect,
            "no connection became free in time: is the server up, or does another program hold the store?",
        ),
        sqlx::Error::Protocol(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            (Kind::Connect, "the connection broke off")
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
            (Kind::Data, "the row was written by another version, or by hand")
        }
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                of_sqlite(code.parse().unwrap_or_default())
            } else {
                of_postgres(&code)
            }
        }
        _ => (Kind::Bug, "please report it"),
    }
}

fn of_io(error: &io::Error) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as Kind;
    match error.kind() {
        io::ErrorKind::NotFound => (Kind::NotFound, "check the path or host"),
        io::ErrorKind::PermissionDenied => (Kind::Permission, "the program's user needs to read and write there"),
        io::ErrorKind::StorageFull => (Kind::DiskFull, "free some room"),
        _ => (Kind::Connect, "is the server up, and are host and port right?"),
    }
}

/// By SQLite's result code; its higher bits only tell more of the same.
fn of_sqlite(code: i32) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as Kind;
    match code & 0xff {
        3 | 23 => (Kind::Permission, "the program's user needs to read and write the file"),
        5 | 6 => (Kind::Locked, "another program holds the file: end it, or try again"),
        8 => (Kind::Permission, "the file, or its folder, can't be written"),
        10 => (Kind::Io, "see the system's log about the disk"),
        11 | 26 => (Kind::Corrupt, "not an SQLite database, or a damaged one: restore a backup, or name another file"),
        13 => (Kind::DiskFull, "free some room on the disk that holds the file"),
        14 => (Kind::NotFound, "the file can't be opened: does its folder exist, and may it be written?"),
        19 => (Kind::Conflict, ""),
        _ => (Kind::Bug, "please report it"),
    }
}

/// By PostgreSQL's SQLSTATE.
fn of_postgres(code: &str) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind as Kind;
    match code {
        "3D000" => (Kind::NotFound, "make the database first: createdb"),
        "42501" | "25006" => (Kind::Permission, "the user needs to own the tables, and to make them once"),
        "40001" | "40P01" | "55P03" | "57014" => (Kind::Locked, "try again"),
        "53100" => (Kind::DiskFull, "free some room on the server's disk"),
        "53300" | "57P01" | "57P02" | "57P03" => (Kind::Connect, "the server takes no connections now: try again"),
        "58030" => (Kind::Io, "see the server's log about its disk"),
        "XX001" | "XX002" => (Kind::Corrupt, "restore a backup"),
        _ if code.starts_with("28") => (Kind::Credentials, "check user, password and the server's pg_hba.conf"),
        _ if code.starts_with("08") => (Kind::Connect, "the connection broke off"),
        _ if code.starts_with("23") => (Kind::Conflict, ""),
        _ => (Kind::Bug, "please report it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases_are_told_apart() {
        for (code, kind) in [
            (5, StoreErrorKind::Locked),
            (261, StoreErrorKind::Locked),
            (13, StoreErrorKind::DiskFull),
            (14, StoreErrorKind::NotFound),
            (26, StoreErrorKind::Corrupt),
            (1032, StoreErrorKind::Permission),
            (2067, StoreErrorKind::Conflict),
            (1, StoreErrorKind::Bug),
        ] {
            assert_eq!(of_sqlite(code).0, kind, "{code}");
        }
        for (code, kind) in [
            ("28P01", StoreErrorKind::Credentials),
            ("3D000", StoreErrorKind::NotFound),
            ("53100", StoreErrorKind::DiskFull),
            ("08006", StoreErrorKind::Connect),
            ("57P01", StoreErrorKind::Connect),
            ("23505", StoreErrorKind::Conflict),
            ("42601", StoreErrorKind::Bug),
        ] {
            assert_eq!(of_postgres(code).0, kind, "{code}");
        }
    }
}
