//! Alerts and all that belongs to them.

use crowdflow::model::{Level, Reading, Timestamp, UnknownReason};
use crowdflow::store::{
    ActionRow, AlertCommit, AlertFilter, NewDelivery, PlaceKey, PlanStepRow, RuleStateRow, Shelving, StoreErrorKind,
};

use super::{Site, alert, at, on_both, transition};

on_both!(
    a_commit_is_whole_and_may_be_repeated,
    a_commit_that_contradicts_leaves_nothing,
    every_field_comes_back_after_a_restart,
    alerts_are_found_by_time_rule_and_place,
    writers_at_the_same_time_number_transitions_without_a_gap,
);

fn delivery(key: &str) -> NewDelivery {
    NewDelivery {
        sink: "webhook".to_owned(),
        stream: "a1".to_owned(),
        key: key.to_owned(),
        payload: "{}".to_owned(),
        due: at(0.0),
    }
}

fn rule_state(state: &str) -> RuleStateRow {
    RuleStateRow { rule: "plaza_full".to_owned(), at: at(0.0), state: state.to_owned() }
}

async fn a_commit_is_whole_and_may_be_repeated(site: Site) {
    let store = site.open().await;
    let commit = AlertCommit {
        alerts: vec![alert("a1", at(0.0))],
        transitions: vec![transition("a1", at(0.0), "raised"), transition("a1", at(0.0), "stale")],
        rule_states: vec![rule_state("1")],
        deliveries: vec![delivery("a1/1"), delivery("a1/2")],
        ..AlertCommit::default()
    };
    assert_eq!(store.commit(&commit, at(0.0)).await.unwrap().transitions, [1, 2]);
    // As after a lost connection: nobody knows whether it was written.
    assert_eq!(store.commit(&commit, at(1.0)).await.unwrap().transitions, [1, 2]);
    let history = store.alert_history("a1").await.unwrap().unwrap();
    assert_eq!(history.alert, commit.alerts[0]);
    let kinds: Vec<_> = history.transitions.iter().map(|row| (row.seq, row.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "raised"), (2, "stale")]);
    let keys: Vec<_> = history.deliveries.iter().map(|row| row.delivery.key.as_str()).collect();
    assert_eq!(keys, ["a1/1", "a1/2"]);
    assert_eq!(history.deliveries[0].delivery.created, at(0.0));
    assert_eq!(store.rule_states().await.unwrap(), commit.rule_states);
    let next = AlertCommit { transitions: vec![transition("a1", at(2.0), "raised")], ..AlertCommit::default() };
    assert_eq!(store.commit(&next, at(2.0)).await.unwrap().transitions, [3]);
}

async fn a_commit_that_contradicts_leaves_nothing(site: Site) {
    let store = site.open().await;
    let commit = AlertCommit {
        alerts: vec![alert("a1", at(0.0))],
        transitions: vec![transition("a1", at(0.0), "raised"), transition("nowhere", at(0.0), "raised")],
        rule_states: vec![rule_state("1")],
        deliveries: vec![delivery("a1/1")],
        ..AlertCommit::default()
    };
    let error = store.commit(&commit, at(0.0)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    assert!(error.to_string().contains("`nowhere`"), "{error}");
    let action = AlertCommit {
        rule_states: vec![rule_state("1")],
        actions: vec![ActionRow {
            alert: "nowhere".to_owned(),
            at: at(0.0),
            kind: "comment".to_owned(),
            who: "li".to_owned(),
            subject: String::new(),
            note: String::new(),
            until: None,
        }],
        ..AlertCommit::default()
    };
    assert_eq!(store.commit(&action, at(0.0)).await.unwrap_err().kind(), StoreErrorKind::Conflict);
    assert_eq!(store.alert("a1").await.unwrap(), None);
    assert_eq!(store.rule_states().await.unwrap(), []);
    assert_eq!(store.deliveries("a1").await.unwrap(), []);
    assert_eq!(store.transitions_between(Timestamp(0), at(1e9)).await.unwrap(), []);
}

async fn every_field_comes_back_after_a_restart(site: Site) {
    let store = site.open().await;
    let mut row = alert("a1", at(0.0));
    store.commit(&AlertCommit { alerts: vec![row.clone()], ..AlertCommit::default() }, at(0.0)).await.unwrap();
    row.state = "acknowledged".to_owned();
    row.level = Some(Level::Orange);
    row.highest = Some(Level::Red);
    row.stale = true;
    row.changed = at(9.5);
    row.acknowledged = Some((at(8.0), "王芳".to_owned()));
    row.shelved = Some(Shelving { at: at(9.0), until: at(99.0), who: "li".to_owned(), reason: "rehearsal".to_owned() });
    let mut stale = transition("a1", at(9.5), "stale");
    stale.reading = Reading::Unknown(UnknownReason::NoFrames);
    stale.threshold = None;
    stale.who = Some("li".to_owned());
    stale.note = Some("camera cleaned".to_owned());
    stale.from = Some(Level::Red);
    let action = ActionRow {
        alert: "a1".to_owned(),
        at: at(8.0),
        kind: "shelve".to_owned(),
        who: "li".to_owned(),
        subject: "step_2".to_owned(),
        note: "rehearsal".to_owned(),
        until: Some(at(99.0)),
    };
    let step = |step: &str, position| PlanStepRow {
        alert: "a1".to_owned(),
        step: step.to_owned(),
        position,
        state: "pending".to_owned(),
        who: None,
        at: at(1.0),
        note: None,
    };
    let done = PlanStepRow { state: "done".to_owned(), who: Some("li".to_owned()), at: at(9.0), ..step("close", 1) };
    let commit = AlertCommit {
        alerts: vec![row.clone()],
        transitions: vec![stale.clone()],
        actions: vec![action.clone()],
        steps: vec![step("broadcast", 2), step("close", 1), done.clone()],
        ..AlertCommit::default()
    };
    store.commit(&commit, at(9.5)).await.unwrap();
    store.close().await;
    let store = site.open().await;
    let history = store.alert_history("a1").await.unwrap().unwrap();
    stale.seq = 1;
    assert_eq!(history.alert, row);
    assert_eq!(history.transitions, [stale]);
    assert_eq!(history.actions, [action]);
    assert_eq!(history.steps, [done, step("broadcast", 2)]);
    // Whoever acknowledged first stays, whatever a later state says.
    row.acknowledged = Some((at(20.0), "zhao".to_owned()));
    store.commit(&AlertCommit { alerts: vec![row], ..AlertCommit::default() }, at(20.0)).await.unwrap();
    let acknowledged = store.alert("a1").await.unwrap().unwrap().acknowledged;
    assert_eq!(acknowledged, Some((at(8.0), "王芳".to_owned())));
    assert_eq!(store.alert("a2").await.unwrap(), None);
}

async fn alerts_are_found_by_time_rule_and_place(site: Site) {
    let store = site.open().await;
    let closed = |id: &str, since: f64, until: f64| {
        let mut row = alert(id, at(since));
        (row.level, row.closed, row.state) = (None, Some(at(until)), "closed".to_owned());
        row
    };
    let mut line = alert("line", at(50.0));
    (line.rule, line.place) = ("steps".to_owned(), PlaceKey::within("line", "gate", "steps"));
    let alerts = vec![closed("early", 0.0, 10.0), closed("late", 20.0, 30.0), alert("open", at(40.0)), line];
    store.commit(&AlertCommit { alerts, ..AlertCommit::default() }, at(0.0)).await.unwrap();
    let all = AlertFilter::default();
    for (filter, expected) in [
        (all.clone(), vec!["line", "open", "late", "early"]),
        (AlertFilter { from: Some(at(10.5)), ..all.clone() }, vec!["line", "open", "late"]),
        (AlertFilter { to: Some(at(40.0)), ..all.clone() }, vec!["late", "early"]),
        (AlertFilter { open: true, ..all.clone() }, vec!["line", "open"]),
        (AlertFilter { rule: Some("steps".to_owned()), ..all.clone() }, vec!["line"]),
        (AlertFilter { place: PlaceKey::parse("zone:gate/plaza"), open: true, ..all.clone() }, vec!["open"]),
        (AlertFilter { rule: Some("' OR 1=1 --".to_owned()), ..all.clone() }, vec![]),
    ] {
        let found = store.alerts(&filter, 10).await.unwrap();
        assert_eq!(found.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), expected, "{filter:?}");
    }
    // One after the other, those of one moment too.
    let twins = vec![alert("twin_a", at(40.0)), alert("twin_b", at(40.0))];
    store.commit(&AlertCommit { alerts: twins, ..AlertCommit::default() }, at(0.0)).await.unwrap();
    let (mut ids, mut filter) = (Vec::new(), all.clone());
    while let Some(row) = store.alerts(&filter, 1).await.unwrap().pop() {
        filter.after = Some((row.since, row.id.clone()));
        ids.push(row.id);
    }
    assert_eq!(ids, ["line", "open", "twin_a", "twin_b", "late", "early"]);
    assert_eq!(store.alerts(&all, 2).await.unwrap().len(), 2);
    assert_eq!(store.open_alerts().await.unwrap().len(), 4);
}

async fn writers_at_the_same_time_number_transitions_without_a_gap(site: Site) {
    let (one, other) = (site.open().await, site.open().await);
    let begin = AlertCommit { alerts: vec![alert("a1", at(0.0))], ..AlertCommit::default() };
    one.commit(&begin, at(0.0)).await.unwrap();
    let writer = |store: crowdflow::store::Store, from: u32| async move {
        let mut seqs = Vec::new();
        for i in 0..20 {
            let rows = vec![transition("a1", at(f64::from(from + i)), "raised")];
            let commit = AlertCommit { transitions: rows, ..AlertCommit::default() };
            seqs.extend(store.commit(&commit, at(0.0)).await.unwrap().transitions);
        }
        seqs
    };
    let (a, b, c) = tokio::join!(
        tokio::spawn(writer(one.clone(), 0)),
        tokio::spawn(writer(one.clone(), 100)),
        tokio::spawn(writer(other, 200))
    );
    let mut seqs = [a.unwrap(), b.unwrap(), c.unwrap()].concat();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=60).collect::<Vec<u64>>());
}
