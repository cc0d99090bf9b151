//! One running service to a store: two would end each other's alerts and send what the other is sending.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::address::At;
use super::sql::postgres_options;
use super::{StoreAddress, StoreError, StoreErrorKind};

/// A store that is held by this service, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Hold {
    address: String,
    patience: Duration,
    of: Held,
}

#[derive(Debug)]
enum Held {
    /// The system ends the lock with the process, however that ends.
    File { _locked: File },
    /// The server ends the lock with the connection.
    Postgres { options: Box<PgConnectOptions>, connection: Option<PgConnection> },
}

/// The server is told to look for a holder that vanished without a word this often, in seconds: three times in vain, and
/// its lock is free.
const KEEP_ALIVE_S: u32 = 5;

impl Hold {
    /// Holds a store before it is opened. Reading it, and commands on it, need no hold.
    ///
    /// # Errors
    /// [`StoreErrorKind::Locked`] where another service holds it; else as the system or the database has them.
    pub async fn take(address: &StoreAddress) -> Result<Self, StoreError> {
        let (shown, patience) = (address.to_string(), address.patience);
        let of = match &address.at {
            At::Sqlite(path) => {
                // By another name it is the same store; one that is not there yet has no other.
                let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                Held::File { _locked: lock_file(path.as_os_str(), &shown)? }
            }
            At::Postgres(options) => {
                let options = Box::new(postgres_options(options, patience).options([
                    ("tcp_keepalives_idle", KEEP_ALIVE_S),
                    ("tcp_keepalives_interval", KEEP_ALIVE_S),
                    ("tcp_keepalives_count", 3),
                ]));
                let connection = in_time(patience, &shown, lock_database(&options, &shown)).await?;
                Held::Postgres { options, connection: Some(connection) }
            }
        };
        Ok(Self { address: shown, patience, of })
    }

    /// Sees that it still holds, and takes it again where the connection was lost.
    ///
    /// # Errors
    /// [`StoreErrorKind::Locked`] where another service has taken the store meanwhile: this one must end. Any other error
    /// passes.
    pub async fn renew(&mut self) -> Result<(), StoreError> {
        let Held::Postgres { options, connection } = &mut self.of else { return Ok(()) };
        if let Some(known) = connection {
            let alive = tokio::time::timeout(self.patience, known.ping()).await;
            if matches!(alive, Ok(Ok(()))) {
                return Ok(());
            }
        }
        *connection = None;
        *connection = Some(in_time(self.patience, &self.address, lock_database(options, &self.address)).await?);
        Ok(())
    }
}

async fn in_time<T>(
    patience: Duration,
    address: &str,
    future: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(patience, future).await.unwrap_or_else(|_| Err(StoreError::no_answer(address, patience)))
}

fn lock_file(store: &std::ffi::OsStr, shown: &str) -> Result<File, StoreError> {
    let mut path = store.to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |error: std::io::Error| {
        let kind = StoreError::of(shown, &error.into()).kind();
        StoreError::new(kind, shown, format!("its lock {} can't be made: check the folder's rights", path.display()))
    };
    // What another process wrote into it stays until this one has the lock.
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message.
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            let detail = format!(
                "another running service uses it (process {}): end that one first, or set another [store]",
                if holder.is_empty() { "unknown" } else { holder }
            );
            return Err(StoreError::new(StoreErrorKind::Locked, shown, detail));
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
    Ok(file)
}

/// A server notices the end of a killed service a moment after it; it is asked this often, so far apart.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

async fn lock_database(options: &PgConnectOptions, shown: &str) -> Result<PgConnection, StoreError> {
    let failed = |error: sqlx::Error| StoreError::of(shown, &error);
    let mut connection = PgConnection::connect_with(options).await.map_err(failed)?;
    // One for each place of tables: two services may share a database by schemas of their own.
    let lock = "SELECT pg_try_advisory_lock(hashtext('crowdflow service of ' || current_schema()))";
    for _ in 0..TRIES {
        if sqlx::query_scalar::<_, bool>(lock).fetch_one(&mut connection).await.map_err(failed)? {
            return Ok(connection);
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    let detail = "another running service uses it: end that one first, or set another [store] (where its machine lost its \
                  power just now, the server notices within 20 s)";
    Err(StoreError::new(StoreErrorKind::Locked, shown, detail))
}
