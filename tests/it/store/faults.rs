//! What is said when a store can't be used: one message, what to do, and no password.

use std::net::TcpListener;
use std::time::Duration;

use crowdflow::model::Timestamp;
use crowdflow::store::{AlertCommit, Hold, Store, StoreAddress, StoreError, StoreErrorKind};

use super::{postgres, wait};

async fn refused(address: &StoreAddress) -> StoreError {
    Store::open(address, Timestamp(0)).await.unwrap_err()
}

#[test]
fn a_file_that_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "these are notes, and more than a hundred bytes of them: ".repeat(40)).unwrap();
    let error = wait(refused(&StoreAddress::file(&path)));
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("notes.txt") && error.to_string().contains("another file"), "{error}");
    let error = wait(refused(&StoreAddress::file(folder.path())));
    assert_eq!(error.kind(), StoreErrorKind::NotFound, "{error}");
    let error = wait(refused(&StoreAddress::file(path.join("store.db"))));
    assert!(error.to_string().contains("its folder"), "{error}");
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let open = || wait(Store::open_existing(&StoreAddress::file(&path))).unwrap_err();
    assert_eq!(open().kind(), StoreErrorKind::NotFound);
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    assert_eq!(open().kind(), StoreErrorKind::Schema);
}

#[test]
fn a_file_that_another_program_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let address = StoreAddress::file(&path).with_patience(Duration::from_millis(50));
    wait(async {
        let store = Store::open(&address, Timestamp(0)).await.unwrap();
        let url = format!("sqlite:{}", path.display());
        let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let error = store.commit(&AlertCommit::default(), Timestamp(0)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Locked, "{error}");
        assert!(error.kind().is_transient() && error.to_string().contains("another program"), "{error}");
        sqlx::query("COMMIT").execute(&mut other).await.unwrap();
        store.commit(&AlertCommit::default(), Timestamp(0)).await.unwrap();
    });
}

#[test]
fn a_server_that_refuses() {
    let Some(server) = postgres::Server::get(false) else { return };
    wait(async {
        let database = server.new_database().await;
        let address = |url: &str| StoreAddress::parse(url).unwrap().with_patience(Duration::from_secs(5));
        let error = refused(&address(&server.url(&database)).with_password("falsch")).await;
        assert_eq!(error.kind(), StoreErrorKind::Credentials, "{error}");
        assert!(!error.to_string().contains("falsch"), "{error}");
        let error = refused(&address(&server.url("nowhere")).with_password(postgres::PASSWORD)).await;
        assert_eq!(error.kind(), StoreErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains("createdb"), "{error}");
        let url = server.url(&database).replacen("crowdflow@", &format!("crowdflow:{}@", postgres::PASSWORD), 1);
        let error = refused(&address(&format!("{url}?sslmode=require"))).await;
        assert_eq!(error.kind(), StoreErrorKind::Connect, "{error}");
        assert!(error.to_string().contains("sslmode") && !error.to_string().contains(postgres::PASSWORD), "{error}");
    });
}

/// Stands between a program and a server; what it carries can be held up, as where a cable was cut: nobody is told.
struct Between {
    port: u16,
    cut: tokio::sync::watch::Sender<bool>,
}

impl Between {
    async fn start(server: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = tokio::sync::watch::Sender::new(false);
        let heard = cut.subscribe();
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut heard = heard.clone();
                // Connections that are made later are carried again.
                heard.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = tokio::net::TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = heard.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { port, cut }
    }
}

#[test]
fn a_server_that_is_cut_off_in_the_middle_holds_nothing_up_for_long() {
    let Some(server) = postgres::Server::get(false) else { return };
    wait(async {
        let database = server.new_database().await;
        let url = server.url(&database);
        let port: u16 = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
        let between = Between::start(port).await;
        let address = StoreAddress::parse(&url.replacen(&port.to_string(), &between.port.to_string(), 1))
            .unwrap()
            .with_password(postgres::PASSWORD)
            .with_patience(Duration::from_secs(2));
        let store = Store::open(&address, Timestamp(0)).await.unwrap();
        store.commit(&AlertCommit::default(), Timestamp(0)).await.unwrap();
        store.open_alerts().await.unwrap();
        between.cut.send(true).unwrap();
        let error = store.commit(&AlertCommit::default(), Timestamp(0)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Connect, "{error}");
        // The cable is mended; the old connections stay dead. The reader's may be found out as it is taken up again.
        let _ = store.open_alerts().await;
        store.commit(&AlertCommit::default(), Timestamp(0)).await.unwrap();
        store.open_alerts().await.unwrap();
    });
}

async fn held_by_one(address: StoreAddress) {
    let mut hold = Hold::take(&address).await.unwrap();
    let error = Hold::take(&address).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Locked, "{error}");
    assert!(error.to_string().contains("another running service uses it"), "{error}");
    if address.path().is_some() {
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    }
    hold.renew().await.unwrap();
    // Commands look at it all the same.
    Store::open(&address, Timestamp(0)).await.unwrap();
    drop(hold);
    Hold::take(&address).await.unwrap();
}

#[test]
fn one_service_to_a_store() {
    let folder = tempfile::tempdir().unwrap();
    wait(held_by_one(StoreAddress::file(folder.path().join("store.db"))));
    let Some(server) = postgres::Server::get(false) else { return };
    wait(async {
        let url = server.url(&server.new_database().await);
        held_by_one(StoreAddress::parse(&url).unwrap().with_password(postgres::PASSWORD)).await;
    });
}

#[test]
fn nobody_who_answers() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = StoreAddress::parse(&format!("postgres://crowd:geheim@127.0.0.1:{port}/flow")).unwrap();
    let error = wait(refused(&address));
    assert_eq!(error.kind(), StoreErrorKind::Connect, "{error}");
    assert!(error.to_string().contains("is the server up") && !error.to_string().contains("geheim"), "{error}");
}
