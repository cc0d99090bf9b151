//! Evidence over HTTP: given as it was written, or not at all.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::fs;

use crowdflow::store::NewEvidence;

use crate::made_up_service::{NOW, Service};

const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn evidence_is_given_as_it_was_written_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start_in(folder.path());
    let of_alert = folder.path().join("evidence/2026-11-24/full.1");
    fs::create_dir_all(&of_alert).unwrap();
    for name in ["1_picture_gate.jpg", "1_clip_gate.mp4", "1_rule.json"] {
        fs::write(of_alert.join(name), "abc").unwrap();
    }
    fs::write(folder.path().join("secret"), "abc").unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret"), of_alert.join("link.json")).unwrap();
    let store = service.store.clone().unwrap();
    let record = |alert: &str, kind: &str, path: &str| {
        let new = NewEvidence {
            alert: alert.to_owned(),
            at: NOW,
            kind: kind.to_owned(),
            path: path.to_owned(),
            sha256: ABC_SHA256.to_owned(),
        };
        service.wait(store.record_evidence(&new)).unwrap().id
    };
    let picture = record("full.1", "picture", "2026-11-24/full.1/1_picture_gate.jpg");
    let clip = record("full.1", "clip", "2026-11-24/full.1/1_clip_gate.mp4");
    let rule = record("full.1", "rule", "2026-11-24/full.1/1_rule.json");
    let outside = ["../secret", "2026-11-24/full.1/link.json"].map(|path| record("full.1", "rule", path));
    let others = record("other.1", "picture", "2026-11-24/full.1/1_picture_gate.jpg");

    let list = service.get("/api/v1/alerts/full.1/evidence").json();
    let list = list["evidence"].as_array().unwrap();
    assert_eq!(list.len(), 5);
    assert_eq!(
        list[0],
        serde_json::json!({
            "number": picture, "kind": "picture", "at": "2026-11-24T03:00:00.000000Z", "name": "1_picture_gate.jpg",
            "content_type": "image/jpeg", "sha256": ABC_SHA256,
        })
    );
    let file = |number: &str| service.get(&format!("/api/v1/alerts/full.1/evidence/{number}"));
    for (number, content_type) in [(picture, "image/jpeg"), (clip, "video/mp4"), (rule, "application/json")] {
        let answer = file(&number.to_string());
        assert_eq!((answer.status, answer.text()), (200, "abc"));
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "a picture of people");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    // Whoever may write the store's records still gets nothing from outside the folder.
    for number in outside {
        assert_eq!(file(&number.to_string()).status, 404, "{number}");
    }
    // Nor is another alert's evidence given, nor a path taken for a number.
    for number in [&others.to_string(), "99", "-1", "x", "..%2F..%2Fsecret", "1_picture_gate.jpg"] {
        assert_eq!(file(number).status, 404, "{number}");
    }
    fs::write(of_alert.join("1_clip_gate.mp4"), "abd").unwrap();
    let changed = file(&clip.to_string());
    assert_eq!(changed.status, 409);
    let message = changed.json()["error"]["message"].to_string();
    assert!(message.contains("the file is not as it was put on record: `crowdflow evidence verify`"), "{message}");
    fs::remove_file(of_alert.join("1_rule.json")).unwrap();
    assert_eq!(file(&rule.to_string()).status, 404);
    assert_eq!(service.get("/api/v1/alerts/nothing.1/evidence").json(), serde_json::json!({ "evidence": [] }));
}
