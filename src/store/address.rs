//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::{StoreError, StoreErrorKind};

/// Where a store is: a file of SQLite, or a database of PostgreSQL. Shown without user and password.
#[derive(Clone)]
pub struct StoreAddress {
    pub(super) at: At,
    pub(super) patience: Duration,
}

#[derive(Clone)]
pub(super) enum At {
    Sqlite(PathBuf),
    // Large beside a path.
    Postgres(Box<PgConnectOptions>),
}

/// How long a statement waits for a lock or a connection before it fails.
const PATIENCE: Duration = Duration::from_secs(10);

impl StoreAddress {
    fn of(at: At) -> Self {
        Self { at, patience: PATIENCE }
    }

    /// `postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full`, or the path of a file (`sqlite:` may stand before it).
    ///
    /// # Errors
    /// [`StoreErrorKind::Address`] for another scheme, or a PostgreSQL address that can't be read.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let wrong = |shown: &str, detail: String| StoreError::new(StoreErrorKind::Address, shown, detail);
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(|error| {
                // The text may hold a password, so that nothing of it is shown.
                wrong("postgres://…", format!("{error}; expected postgres://USER@HOST:PORT/DATABASE"))
            })?;
            if options.get_database().is_none_or(str::is_empty) {
                let detail = "no database is named; expected postgres://USER@HOST:PORT/DATABASE";
                return Err(wrong(&Self::of(At::Postgres(Box::new(options))).to_string(), detail.to_owned()));
            }
            return Ok(Self::of(At::Postgres(Box::new(options.application_name("crowdflow")))));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        if let Some((scheme, _)) = path.split_once("://") {
            let detail = "expected postgres://USER@HOST:PORT/DATABASE, or the path of an SQLite file";
            return Err(wrong(&format!("{scheme}://…"), detail.to_owned()));
        }
        if path.is_empty() || path == ":memory:" {
            return Err(wrong(text, "expected the path of a file".to_owned()));
        }
        Ok(Self::file(path))
    }

    /// An SQLite file.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::of(At::Sqlite(path.as_ref().to_owned()))
    }

    /// With this password, so that it needn't stand in the address. Without effect for a file.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        let at = match self.at {
            At::Postgres(options) => At::Postgres(Box::new(options.password(password))),
            file @ At::Sqlite(_) => file,
        };
        Self { at, ..self }
    }

    /// With another time to wait for a lock or a connection before a call fails than the 10 s that are usual.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The file, where it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.at {
            At::Sqlite(path) => Some(path),
            At::Postgres(_) => None,
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Sqlite(path) => write!(f, "{}", path.display()),
            At::Postgres(options) => {
                write!(f, "postgres://{}:{}", options.get_host(), options.get_port())?;
                write!(f, "/{}", options.get_database().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_user_and_password() {
        for (text, shown) in [
            ("postgres://crowd:geheim@db.example:5433/flow?sslmode=require", "postgres://db.example:5433/flow"),
            ("postgresql://db.example/flow", "postgres://db.example:5432/flow"),
            ("sqlite:data/flow.db", "data/flow.db"),
            ("data/flow.db", "data/flow.db"),
        ] {
            let address = StoreAddress::parse(text).unwrap().with_password("geheim");
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address:?}").contains("geheim"));
        }
    }

    #[test]
    fn wrong_addresses_say_what_was_expected_and_no_password() {
        for text in
            ["mysql://crowd:geheim@db/flow", "postgres://crowd:geheim@db:port/flow", "postgres://crowd:geheim@db", ""]
        {
            let error = StoreAddress::parse(text).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Address, "{text}");
            assert!(error.to_string().contains("expected") && !error.to_string().contains("geheim"), "{error}");
        }
    }
}
