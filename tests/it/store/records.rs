//! Camera health, versions of the configuration, evidence, retention, and the store's own upkeep.

use crowdflow::model::{Measure, Reading, Readings};
use crowdflow::store::{
    AlertCommit, ConfigVersionRow, EvidenceRow, NewDelivery, NewEvidence, PlaceKey, Retention, Sample, Settled, Store,
    StoreAddress, StoreErrorKind,
};

use super::{Site, alert, at, on_both, transition};

on_both!(
    camera_health_is_a_chain_of_intervals,
    a_configuration_is_recorded_when_it_changes,
    evidence_is_a_chain_in_which_a_change_shows,
    retention_takes_what_is_old_and_leaves_what_is_open,
    status_says_how_it_stands,
    a_backup_is_a_store_of_that_moment,
    tables_of_a_newer_program_are_left_alone,
);

async fn camera_health_is_a_chain_of_intervals(site: Site) {
    let store = site.open().await;
    for (seconds, state, detail) in [
        (0.0, "connecting", ""),
        (1.0, "delivering", ""),
        (2.0, "delivering", ""),
        (60.0, "down", "timed out"),
        (90.0, "delivering", ""),
    ] {
        store.set_camera_health("gate", state, detail, at(seconds)).await.unwrap();
    }
    store.set_camera_health("other", "down", "", at(5.0)).await.unwrap();
    let rows = store.camera_health("gate", at(30.0), at(1000.0)).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.state.as_str(), row.since, row.until)).collect();
    let expected =
        [("delivering", at(1.0), Some(at(60.0))), ("down", at(60.0), Some(at(90.0))), ("delivering", at(90.0), None)];
    assert_eq!(told, expected);
    assert_eq!(rows[1].detail, "timed out");
    store.end_camera_health(at(80.0)).await.unwrap();
    let rows = store.camera_health("gate", at(0.0), at(1000.0)).await.unwrap();
    assert_eq!(rows.last().and_then(|row| row.until), Some(at(90.0)), "nothing ends before it began");
    store.set_camera_health("gate", "delivering", "", at(100.0)).await.unwrap();
    assert_eq!(store.camera_health("gate", at(95.0), at(1000.0)).await.unwrap().len(), 1);
}

async fn a_configuration_is_recorded_when_it_changes(site: Site) {
    let store = site.open().await;
    let version = |hash: &str, seconds: f64| ConfigVersionRow {
        hash: hash.to_owned(),
        text: format!("# {hash} 外滩\n"),
        at: at(seconds),
        who: "root".to_owned(),
        why: "start".to_owned(),
    };
    for (hash, seconds, new) in [("a", 0.0, true), ("a", 1.0, false), ("b", 2.0, true), ("a", 3.0, true)] {
        assert_eq!(store.record_config(&version(hash, seconds)).await.unwrap(), new, "{hash} {seconds}");
    }
    let versions = store.config_versions(2).await.unwrap();
    assert_eq!(versions, [version("a", 3.0), version("b", 2.0)]);
    assert_eq!(store.config_version("b").await.unwrap(), Some(version("b", 2.0)));
    assert_eq!(store.config_version("c").await.unwrap(), None);
}

fn evidence(number: u32) -> NewEvidence {
    NewEvidence {
        alert: format!("a{}", number % 2),
        at: at(f64::from(number)),
        kind: "picture".to_owned(),
        path: format!("a/{number}.jpg"),
        sha256: format!("{number:064x}"),
    }
}

async fn evidence_is_a_chain_in_which_a_change_shows(site: Site) {
    let store = site.open().await;
    for number in 0..4 {
        let row = store.record_evidence(&evidence(number)).await.unwrap();
        assert_eq!(store.record_evidence(&evidence(number)).await.unwrap(), row, "once");
    }
    let broken = async || {
        let chain = store.evidence_chain(0, 100).await.unwrap();
        let mut previous = chain.first().map(|row| row.previous.clone()).unwrap_or_default();
        let is_broken = |row: &&EvidenceRow| {
            let before = std::mem::replace(&mut previous, row.hash.clone());
            row.hash != row.expected_hash() || row.previous != before
        };
        chain.iter().filter(is_broken).count()
    };
    assert_eq!(store.evidence("a1").await.unwrap().len(), 2);
    assert_eq!(store.evidence_chain(0, 3).await.unwrap().len(), 3);
    assert_eq!(broken().await, 0);
    let expired = store.expire_evidence(at(1.0), 10).await.unwrap();
    assert_eq!(expired.iter().map(|row| row.evidence.path.as_str()).collect::<Vec<_>>(), ["a/0.jpg"]);
    assert_eq!(broken().await, 0);
    site.run("UPDATE evidence SET sha256 = 'other' WHERE path = 'a/2.jpg'").await;
    assert_eq!(broken().await, 1, "a changed record shows");
    site.run("DELETE FROM evidence WHERE path = 'a/2.jpg'").await;
    assert_eq!(broken().await, 1, "a missing record shows");
    assert_eq!(store.expire_evidence(at(1e6), 10).await.unwrap().len(), 1, "the newest stays");
}

fn delivery(key: &str) -> NewDelivery {
    NewDelivery {
        sink: "hook".to_owned(),
        stream: key.to_owned(),
        key: key.to_owned(),
        payload: String::new(),
        due: at(0.0),
    }
}

async fn retention_takes_what_is_old_and_leaves_what_is_open(site: Site) {
    const DAY: f64 = 86_400.0;
    let store = site.open().await;
    let mut closed = alert("closed", at(0.0));
    closed.closed = Some(at(60.0));
    let commit = AlertCommit {
        alerts: vec![closed, alert("open", at(0.0))],
        transitions: vec![transition("closed", at(0.0), "raised"), transition("open", at(0.0), "raised")],
        deliveries: vec![delivery("closed"), delivery("open")],
        ..AlertCommit::default()
    };
    store.commit(&commit, at(0.0)).await.unwrap();
    let claimed = store.claim_deliveries("hook", at(0.0), at(9.0), 1).await.unwrap();
    store.settle_delivery(&claimed[0], &Settled::Delivered { at: at(1.0) }).await.unwrap();
    let place = store.place(&PlaceKey::within("zone", "gate", "plaza"), at(0.0)).await.unwrap();
    let readings = Readings::NONE.with(Measure::Occupancy, Reading::Valid(1.0));
    let sample = |i: u32| Sample { place, at: at(f64::from(i)), readings: readings.clone() };
    store.write_samples(&(0..7200).map(sample).collect::<Vec<_>>(), &[]).await.unwrap();
    store.roll_up(at(2.0 * DAY)).await.unwrap();
    store.set_camera_health("gate", "down", "", at(0.0)).await.unwrap();
    store.set_camera_health("gate", "delivering", "", at(9.0)).await.unwrap();
    let keep = Retention::default();
    let removed = store.retain(&keep, at(2.0 * DAY)).await.unwrap();
    assert_eq!(removed, Default::default(), "all is young");
    let removed = store.retain(&keep, at(100.0 * DAY)).await.unwrap();
    assert_eq!((removed.samples, removed.series, removed.deliveries), (7200, 2, 1));
    assert_eq!((removed.minutes, removed.alerts), (0, 0));
    let removed = store.retain(&keep, at(2000.0 * DAY)).await.unwrap();
    assert_eq!((removed.minutes, removed.hours, removed.alerts, removed.health), (120, 0, 1, 1));
    assert_eq!(store.alert("closed").await.unwrap(), None);
    assert_eq!(store.transitions("closed").await.unwrap(), [], "what belongs to it goes too");
    assert_eq!(store.transitions("open").await.unwrap().len(), 1);
    assert_eq!(store.deliveries("open").await.unwrap().len(), 1, "what is pending stays");
    assert_eq!(store.retain(&keep, at(2000.0 * DAY)).await.unwrap(), Default::default());
}

async fn status_says_how_it_stands(site: Site) {
    let store = site.open().await;
    assert_eq!(store.status().await.unwrap().samples, None);
    let commit = AlertCommit {
        alerts: vec![alert("a1", at(0.0))],
        transitions: vec![transition("a1", at(0.0), "raised")],
        deliveries: vec![delivery("a1")],
        ..AlertCommit::default()
    };
    store.commit(&commit, at(0.0)).await.unwrap();
    let place = store.place(&PlaceKey::alone("camera", "gate"), at(0.0)).await.unwrap();
    let sample = Sample { place, at: at(5.5), readings: Readings::NONE };
    store.write_samples(&[sample], &[]).await.unwrap();
    let existing = Store::open_existing(&site.address).await.unwrap();
    let status = existing.status().await.unwrap();
    assert_eq!((status.open_alerts, status.schema, status.samples), (1, 3, Some((at(5.0), at(5.0)))));
    assert_eq!(status.outbox.len(), 1);
    assert!(status.bytes > 100_000 && status.rows.contains(&("alert_transition", 1)), "{status:?}");
}

async fn a_backup_is_a_store_of_that_moment(site: Site) {
    let store = site.open().await;
    let commit = AlertCommit { alerts: vec![alert("a1", at(0.0))], ..AlertCommit::default() };
    store.commit(&commit, at(0.0)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    if site.address.path().is_none() {
        let error = store.backup(&copy).await.unwrap_err();
        assert!(error.to_string().contains("pg_dump"), "{error}");
        return;
    }
    // Others write meanwhile.
    let more = AlertCommit { alerts: vec![alert("a2", at(0.0))], ..AlertCommit::default() };
    let (copied, written) = tokio::join!(store.backup(&copy), store.commit(&more, at(0.0)));
    copied.unwrap();
    written.unwrap();
    let restored = Store::open_existing(&StoreAddress::file(&copy)).await.unwrap();
    assert_eq!(restored.alert("a1").await.unwrap().as_ref(), commit.alerts.first());
    let error = store.backup(&copy).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict, "what is there is never written over");
    assert!(store.backup(&folder.path().join("nowhere/copy.db")).await.is_err());
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("partial")), "{left:?}");
}

async fn tables_of_a_newer_program_are_left_alone(site: Site) {
    site.open().await.close().await;
    site.run("INSERT INTO schema_version (version, name, applied_us) VALUES (99, 'later', 0)").await;
    for error in
        [Store::open(&site.address, at(0.0)).await.unwrap_err(), Store::open_existing(&site.address).await.unwrap_err()]
    {
        assert_eq!(error.kind(), StoreErrorKind::Schema);
        assert!(error.detail().contains("version 99, this program knows up to 3"), "{error}");
    }
}
