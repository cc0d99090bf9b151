//! The worker on a real store: outages, refusals, stops and crashes.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crowdflow::model::{Level, NoticeKind};
use crowdflow::sink::delivery::DeliveryEvent;
use crowdflow::store::{DeliveryState, NewDelivery};

use super::target::{Reply, Seen, Target, closed, status};
use super::{JumpingClock, Worker, at, destination, open_store, payload, raised, row, sender_of, wait};

fn hook(address: std::net::SocketAddr, more: &str) -> crowdflow::config::DestinationPlan {
    destination(&format!("{more}\nwebhook.url = \"http://{address}/\""))
}

/// The three entries of an alert.
fn history(rule: &str) -> [NewDelivery; 3] {
    let lowered = payload(rule, 2, NoticeKind::Lowered, Some(Level::Yellow), Some(Level::Orange));
    let cleared = payload(rule, 3, NoticeKind::Cleared, None, Some(Level::Yellow));
    [raised(rule, 1), lowered, cleared].map(|payload| row(&payload, at(0.0)))
}

/// Each alert's entries as they came, the first time that each came.
fn first_arrivals(seen: &[Seen]) -> BTreeMap<String, Vec<u64>> {
    let mut known = HashSet::new();
    let mut entries: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for seen in seen {
        let body = seen.json();
        if known.insert(body["key"].as_str().unwrap().to_owned()) {
            entries
                .entry(body["alert"].as_str().unwrap().to_owned())
                .or_default()
                .push(body["entry"].as_u64().unwrap());
        }
    }
    entries
}

#[test]
fn a_webhook_that_is_down_for_an_hour_of_500_alerts_gets_all_of_them_in_order() {
    wait(async {
        let (store, _folder) = open_store().await;
        let address = closed();
        let plan = hook(address, "");
        let clock = JumpingClock::new(at(0.0));
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        // An hour in which nobody listens: 50 alerts every six minutes.
        for part in 0..10 {
            let now = at(360.0 * f64::from(part));
            let rows: Vec<NewDelivery> = (0..50).flat_map(|alert| history(&format!("rule_{part}_{alert}"))).collect();
            store.add_deliveries(&rows, now).await.unwrap();
            worker.deliveries.wake();
            clock.go_to(now.plus_seconds(360.0)).await;
        }
        let mut attempts = 0;
        while let Ok(event) = worker.events.try_recv() {
            assert!(matches!(event, DeliveryEvent::Failed { .. }), "{event:?}");
            attempts += 1;
        }
        assert!((60..400).contains(&attempts), "{attempts} attempts in an hour: neither asleep nor a flood");
        let target = Target::at(address, |_| status(200)).await;
        // Back-off ends within a minute, and all is delivered at once.
        clock.go_to(at(3600.0 + 180.0)).await;
        let keys = worker.delivered(1500).await;
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 1500);
        let seen = target.seen();
        assert_eq!(seen.len(), 1500, "each once: nothing was lost on the way back");
        let entries = first_arrivals(&seen);
        assert_eq!(entries.len(), 500);
        assert!(entries.values().all(|entries| entries == &[1, 2, 3]), "in order");
        let counts = store.outbox_counts().await.unwrap();
        assert_eq!((counts[0].pending, counts[0].dead), (0, 0));
        assert!(worker.deliveries.stop(Duration::from_secs(5)).await);
    });
}

#[test]
fn whatever_a_webhook_answers_all_arrives_in_order() {
    wait(async {
        let (store, _folder) = open_store().await;
        let mut random = fastrand::Rng::with_seed(3);
        let target = Target::start(move |_| match random.u32(..8) {
            0 => status(500),
            1 => Reply::Full(429, "retry-after: 30\r\n".to_owned(), String::new()),
            2 => Reply::Full(503, "retry-after: Tue, 24 Nov 2026 04:00:00 GMT\r\n".to_owned(), String::new()),
            _ => status(200),
        })
        .await;
        let plan = hook(target.address, "");
        let clock = JumpingClock::new(at(0.0));
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        let rows: Vec<NewDelivery> = (0..30).flat_map(|alert| history(&format!("rule_{alert}"))).collect();
        store.add_deliveries(&rows, at(0.0)).await.unwrap();
        worker.deliveries.wake();
        clock.go_to(at(20_000.0)).await;
        assert_eq!(worker.delivered(90).await.len(), 90);
        let entries = first_arrivals(&target.seen());
        assert!(entries.len() == 30 && entries.values().all(|entries| entries == &[1, 2, 3]), "{entries:?}");
    });
}

#[test]
fn retry_after_holds_back_the_whole_destination() {
    wait(async {
        let (store, _folder) = open_store().await;
        let refusals = Arc::new(AtomicU32::new(1));
        let left = Arc::clone(&refusals);
        let target = Target::start(move |_| match left.load(Ordering::SeqCst) {
            0 => status(200),
            _ => Reply::Full(429, "retry-after: 600\r\n".to_owned(), String::new()),
        })
        .await;
        let plan = hook(target.address, "");
        let clock = JumpingClock::new(at(0.0));
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        store.add_deliveries(&[row(&raised("a", 1), at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        clock.go_to(at(10.0)).await;
        store.add_deliveries(&[row(&raised("b", 1), at(10.0))], at(10.0)).await.unwrap();
        worker.deliveries.wake();
        clock.go_to(at(599.0)).await;
        assert_eq!(target.seen().len(), 1);
        refusals.store(0, Ordering::SeqCst);
        clock.go_to(at(620.0)).await;
        assert_eq!(worker.delivered(2).await.len(), 2);
    });
}

#[test]
fn what_is_refused_is_told_and_stops_nobody() {
    wait(async {
        let (store, _folder) = open_store().await;
        let target = Target::start(|seen| status(if seen.json()["entry"] == 1 { 422 } else { 200 })).await;
        let plan = hook(target.address, "");
        let clock = JumpingClock::new(at(0.0));
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        let unreadable =
            NewDelivery { payload: "{}".to_owned(), stream: "z".to_owned(), ..row(&raised("z", 9), at(0.0)) };
        let rows = [row(&raised("a", 1), at(0.0)), row(&raised("a", 2), at(0.0)), unreadable];
        store.add_deliveries(&rows, at(0.0)).await.unwrap();
        worker.deliveries.wake();
        clock.go_to(at(100.0)).await;
        let (mut dead, mut delivered) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            match worker.event().await {
                DeliveryEvent::Dead(told) => dead.push((told.key, told.attempts, told.error)),
                DeliveryEvent::Delivered { key, .. } => delivered.push(key),
                event => panic!("{event:?}"),
            }
        }
        dead.sort();
        assert_eq!(dead[0], (rows[0].key.clone(), 1, "answered 422 Unprocessable Entity".to_owned()));
        assert!(dead[1].2.starts_with("the outbox holds what is no message"), "{dead:?}");
        assert_eq!(delivered, [rows[1].key.clone()]);
    });
}

#[test]
fn a_message_that_is_too_old_is_given_up_and_told() {
    wait(async {
        let (store, _folder) = open_store().await;
        let plan = hook(closed(), "retry_for_s = 600");
        let clock = JumpingClock::new(at(0.0));
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        let rows: Vec<NewDelivery> = (0..20).map(|alert| row(&raised(&format!("r{alert}"), 1), at(0.0))).collect();
        store.add_deliveries(&rows, at(0.0)).await.unwrap();
        worker.deliveries.wake();
        clock.go_to(at(599.0)).await;
        assert_eq!(store.dead_deliveries(100).await.unwrap().len(), 0);
        // Those that are too old make way within a second each.
        clock.go_to(at(720.0)).await;
        let dead = store.dead_deliveries(100).await.unwrap();
        assert_eq!(dead.len(), 20);
        let mut told = 0;
        while let Ok(event) = worker.events.try_recv() {
            if let DeliveryEvent::Dead(dead) = event {
                assert_eq!((dead.destination.as_str(), dead.created), ("to", at(0.0)));
                assert!(dead.at >= at(600.0) && dead.error.contains("no connection"), "{dead:?}");
                told += 1;
            }
        }
        assert_eq!(told, 20);
    });
}

#[test]
fn a_stop_waits_for_what_is_on_its_way_and_a_crash_repeats_it_with_the_same_key() {
    wait(async {
        let (store, _folder) = open_store().await;
        let (arrived, mut arrivals) = tokio::sync::mpsc::channel(10);
        let target = Target::start(move |_| {
            arrived.try_send(()).unwrap();
            Reply::Nothing
        })
        .await;
        let plan = hook(target.address, "timeout_s = 0.5");
        let clock = JumpingClock::new(at(0.0));
        let worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        let message = raised("a", 1);
        store.add_deliveries(&[row(&message, at(0.0))], at(0.0)).await.unwrap();
        worker.deliveries.wake();
        arrivals.recv().await.unwrap();
        // The attempt runs out within its time-out, and is settled.
        assert!(worker.deliveries.stop(Duration::from_secs(20)).await);
        let rows = store.deliveries(&message.alert).await.unwrap();
        assert!(rows[0].last_error.is_some() && rows[0].state == DeliveryState::Pending, "{rows:?}");

        // A crash in the middle of an attempt: the claim runs out, and somebody else sends it.
        clock.now.lock().unwrap().clone_from(&at(100.0));
        let plan = hook(target.address, "timeout_s = 60");
        let worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        arrivals.recv().await.unwrap();
        assert!(!worker.deliveries.stop(Duration::ZERO).await);
        let well = Target::start(|_| status(200)).await;
        let plan = hook(well.address, "");
        let mut worker = Worker::start(&store, &plan, sender_of(&plan), clock.clone());
        clock.go_to(at(300.0)).await;
        assert_eq!(worker.delivered(1).await, std::slice::from_ref(&message.key));
        let keys = [target.seen(), well.seen()].concat();
        assert!(keys.iter().all(|seen| seen.json()["key"] == message.key.as_str()) && keys.len() == 3, "{keys:?}");
    });
}
