//! `crowdflow alert` and `crowdflow evidence`.

use crowdflow::store::{AlertCommit, NewEvidence, Store, StoreAddress};

use super::{alert, at, wait};
use crate::support::Site;

#[test]
fn alerts_are_listed_exported_and_their_evidence_checked() {
    let site = Site::new();
    site.write("evidence/2026-11-24/a1/1_rule.json", "{}");
    let path = "2026-11-24/a1/1_rule.json".to_owned();
    wait(async {
        let store = Store::open(&StoreAddress::file(site.path("flow.db")), at(0.0)).await.unwrap();
        let mut closed = alert("a0", at(0.0));
        closed.closed = Some(at(60.0));
        let commit = AlertCommit { alerts: vec![closed, alert("a1", at(0.0))], ..AlertCommit::default() };
        store.commit(&commit, at(0.0)).await.unwrap();
        let sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a".to_owned();
        let new = NewEvidence { alert: "a1".to_owned(), at: at(0.0), kind: "rule".to_owned(), path, sha256 };
        store.record_evidence(&new).await.unwrap();
    });
    let list = site.run(&["alert", "list", "--store", "flow.db"]).quietly_fine();
    insta::assert_snapshot!(list.stdout, @r"
    2026-11-24T03:00:00.000000Z  a0  zone:gate/plaza  人民广场 is filling up: yellow at most, closed 2026-11-24T03:01:00.000000Z
    2026-11-24T03:00:00.000000Z  a1  zone:gate/plaza  人民广场 is filling up: yellow, firing
    ");
    let open = site.run(&["alert", "list", "--store", "flow.db", "--open", "--json"]).quietly_fine();
    let open: serde_json::Value = serde_json::from_str(&open.stdout).unwrap();
    assert_eq!((open.as_array().unwrap().len(), &open[0]["id"]), (1, &"a1".into()));

    let verify = ["evidence", "verify", "--store", "flow.db", "--evidence", "evidence"];
    let fine = site.run(&verify).quietly_fine();
    insta::assert_snapshot!(fine.stdout, @r"
    newest hash 2995165cdfe7a70578b8840aa9437cd4471d8712bffcde344ae8c7e34eb385cc: note it elsewhere, and give it as --known-hash later
    1 record, 1 file: all as it was written
    ");
    let export = ["alert", "export", "a1", "--store", "flow.db", "--evidence", "evidence", "--to", "a1.zip"];
    assert_eq!(site.run(&export).quietly_fine().stdout, "a1.zip: written, with 1 file of evidence\n");
    let again = site.run(&export);
    assert_eq!(
        (again.code, again.stderr.as_str()),
        (Some(64), "error: there is a file a1.zip already: name another one\n")
    );

    site.write("evidence/2026-11-24/a1/1_rule.json", "{ }");
    let changed = site.run(&verify);
    assert_eq!(changed.code, Some(65));
    insta::assert_snapshot!(changed.stdout, @r"
    record 1 (2026-11-24/a1/1_rule.json): the file was changed: found SHA-256 257c1be96ae69f4b01c2c69bdb6d78605f59175819fb007d0bf245bf48444c4a, expected 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
    newest hash 2995165cdfe7a70578b8840aa9437cd4471d8712bffcde344ae8c7e34eb385cc: note it elsewhere, and give it as --known-hash later
    1 record, 1 file: 1 thing not as it was written
    ");
    let nowhere = site.run(&["evidence", "verify", "--store", "flow.db", "--evidence", "nowhere"]);
    assert_eq!(
        (nowhere.code, nowhere.stderr.as_str()),
        (Some(64), "error: nowhere: No such file or directory (os error 2)\n")
    );
    let known = ["--known-hash", "abc", "--json"];
    let unknown = site.run(&[verify.as_slice(), &known].concat());
    let unknown: serde_json::Value = serde_json::from_str(&unknown.stdout).unwrap();
    assert_eq!(unknown["findings"].as_array().unwrap().len(), 2);
    let nobody = site.run(&["alert", "export", "a9", "--store", "flow.db", "--evidence", "evidence", "--to", "a9.zip"]);
    assert_eq!((nobody.code, site.path("a9.zip").exists()), (Some(64), false));
}
