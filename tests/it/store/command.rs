//! `crowdflow store`.

use crowdflow::store::{AlertCommit, DeliveryState, NewDelivery, Settled, Store, StoreAddress};

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

#[test]
fn what_was_given_up_is_made_due_again() {
    let site = Site::new();
    wait(async {
        let store = Store::open(&StoreAddress::file(site.path("flow.db")), at(0.0)).await.unwrap();
        let new = |sink: &str| NewDelivery {
            sink: sink.to_owned(),
            stream: "a1".to_owned(),
            key: "a1/1".to_owned(),
            payload: "{}".to_owned(),
            due: at(0.0),
        };
        store.add_deliveries(&[new("hook"), new("mail")], at(0.0)).await.unwrap();
        for sink in ["hook", "mail"] {
            let claimed = store.claim_deliveries(sink, at(1.0), at(60.0), 9).await.unwrap();
            let dead = Settled::Dead { at: at(2.0), error: "refused".to_owned() };
            assert!(store.settle_delivery(&claimed[0], &dead).await.unwrap());
        }
        let resend = site.run(&["store", "resend", "flow.db", "--destination", "mail"]).quietly_fine();
        assert_eq!(resend.stdout, "1 message due again\n");
        let states = store.deliveries("a1").await.unwrap();
        let states: Vec<_> = states.iter().map(|row| (row.delivery.sink.as_str(), row.state)).collect();
        assert_eq!(states, [("hook", DeliveryState::Dead), ("mail", DeliveryState::Pending)]);
        assert_eq!(site.run(&["store", "resend", "flow.db"]).quietly_fine().stdout, "1 message due again\n");
    });
}
