//! The store, on both of its databases: one suite that each must pass, what each says when something is wrong, and a
//! writer that is killed again and again.

mod accounts;
mod alerts;
mod backtest;
mod command;
mod evidence;
mod evidence_command;
mod faults;
mod killed;
mod outbox;
mod records;
mod samples;

use std::future::Future;

use crowdflow::model::{Level, Reading, Timestamp};
use crowdflow::store::{AlertRow, PlaceKey, Store, StoreAddress, TransitionRow};

#[path = "../../support/postgres.rs"]
pub mod postgres;

/// A store that can be opened again and again.
struct Site {
    address: StoreAddress,
    /// For statements that only a test makes.
    raw: String,
    _folder: Option<tempfile::TempDir>,
}

impl Site {
    async fn open(&self) -> Store {
        Store::open(&self.address, Timestamp(0)).await.unwrap()
    }

    /// Runs a statement behind the store's back.
    async fn run(&self, sql: &'static str) {
        if self.raw.starts_with("postgres") {
            let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.raw).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&self.raw).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
    }

    /// The texts in a statement's first row, behind the store's back.
    async fn texts<const N: usize>(&self, sql: &'static str) -> [String; N] {
        use sqlx::Row as _;
        if self.raw.starts_with("postgres") {
            let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.raw).await.unwrap();
            let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
            std::array::from_fn(|column| row.get(column))
        } else {
            let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&self.raw).await.unwrap();
            let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
            std::array::from_fn(|column| row.get(column))
        }
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

fn on_sqlite<F: Future<Output = ()>>(test: impl Fn(Site) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/store.db");
    let raw = format!("sqlite:{}", path.display());
    wait(test(Site { address: StoreAddress::file(path), raw, _folder: Some(folder) }));
}

fn on_postgres<F: Future<Output = ()>>(test: impl Fn(Site) -> F) {
    let Some(server) = postgres::Server::get(false) else { return };
    wait(async {
        let database = server.new_database().await;
        let url = server.url(&database);
        let address = StoreAddress::parse(&url).unwrap().with_password(postgres::PASSWORD);
        let raw = url.replacen("crowdflow@", &format!("crowdflow:{}@", postgres::PASSWORD), 1);
        test(Site { address, raw, _folder: None }).await;
    });
}

/// Makes a test of each of these functions for each database.
macro_rules! on_both {
    ($($(#[$attribute:meta])* $test:ident),* $(,)?) => {
        mod on_sqlite {
            $($(#[$attribute])* #[test] fn $test() { super::super::on_sqlite(super::$test); })*
        }
        mod on_postgres {
            $($(#[$attribute])* #[test] fn $test() { super::super::on_postgres(super::$test); })*
        }
    };
}
use on_both;

fn at(seconds: f64) -> Timestamp {
    Timestamp(1_795_489_200_000_000).plus_seconds(seconds)
}

fn alert(id: &str, since: Timestamp) -> AlertRow {
    AlertRow {
        id: id.to_owned(),
        rule: "plaza_full".to_owned(),
        name: "人民广场 is filling up".to_owned(),
        place: PlaceKey::within("zone", "gate", "plaza"),
        measure: "density".to_owned(),
        source: "site plan, \"section 4\"; it's '%'".to_owned(),
        config: Some("abc".to_owned()),
        drill: false,
        state: "firing".to_owned(),
        level: Some(Level::Yellow),
        highest: Some(Level::Yellow),
        stale: false,
        since,
        changed: since,
        closed: None,
        acknowledged: None,
        shelved: None,
    }
}

fn transition(alert: &str, at: Timestamp, kind: &str) -> TransitionRow {
    TransitionRow {
        alert: alert.to_owned(),
        seq: 0,
        at,
        kind: kind.to_owned(),
        from: None,
        to: Some(Level::Yellow),
        reading: Reading::AtLeast(2.1 / 0.7),
        threshold: Some(1.3),
        who: None,
        note: None,
        subject: String::new(),
    }
}
