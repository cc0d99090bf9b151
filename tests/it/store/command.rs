//! `crowdflow store`.

use crowdflow::store::{AlertCommit, Store, StoreAddress};

use super::{alert, at, wait};
use crate::support::Site;

#[test]
fn a_store_is_looked_at_and_copied_while_it_is_open() {
    let site = Site::new();
    let path = site.path("flow.db");
    wait(async {
        let store = Store::open(&StoreAddress::file(&path), at(0.0)).await.unwrap();
        let commit = AlertCommit { alerts: vec![alert("a1", at(0.0))], ..AlertCommit::default() };
        store.commit(&commit, at(0.0)).await.unwrap();
        let status = site.run(&["store", "status", "flow.db", "--json"]).quietly_fine();
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!((&status["open_alerts"], &status["rows"]["alert"]), (&1.into(), &1.into()), "{status:#}");
        assert_eq!((&status["kind"], &status["last_sample"]), (&"sqlite".into(), &serde_json::Value::Null));
        site.run(&["store", "backup", "flow.db", "--to", "copy.db"]).quietly_fine();
    });
    let status = site.run(&["store", "status", "copy.db"]).quietly_fine();
    assert!(status.stdout.contains("open alerts        1\n"), "{}", status.stdout);
    let again = site.run(&["store", "backup", "flow.db", "--to", "copy.db"]);
    assert_eq!(again.code, Some(64));
    assert_eq!(
        again.stderr,
        "error: store flow.db: contradiction: there is a file copy.db already: name another one\n"
    );
    let nowhere = site.run(&["store", "status", "nowhere.db"]);
    assert_eq!((nowhere.code, site.path("nowhere.db").exists()), (Some(64), false));
    let down = site.run(&["store", "status", "postgres://crowd:geheim@127.0.0.1:1/flow"]);
    assert_eq!(down.code, Some(69));
    assert!(!down.stderr.contains("geheim"), "{}", down.stderr);
}
