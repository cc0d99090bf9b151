//! Deliveries: in order, to one worker at a time, and none lost.

use std::collections::{BTreeMap, BTreeSet};

use crowdflow::model::Timestamp;
use crowdflow::store::{Delivery, DeliveryState, NewDelivery, Settled};

use super::{Site, at, on_both};

on_both!(
    the_next_of_an_alert_waits_for_the_one_before,
    a_claim_that_ran_out_counts_no_more,
    what_was_given_up_is_told_and_can_be_revived,
    whatever_workers_do_all_is_settled_once_and_in_order,
);

fn delivery(sink: &str, stream: &str, key: &str) -> NewDelivery {
    NewDelivery {
        sink: sink.to_owned(),
        stream: stream.to_owned(),
        key: key.to_owned(),
        payload: format!("{{\"key\":\"{key}\"}}"),
        due: at(0.0),
    }
}

fn keys(claimed: &[Delivery]) -> Vec<&str> {
    claimed.iter().map(|delivery| delivery.key.as_str()).collect()
}

async fn the_next_of_an_alert_waits_for_the_one_before(site: Site) {
    let store = site.open().await;
    let new = [("a", "a1"), ("a", "a2"), ("b", "b1")].map(|(stream, key)| delivery("hook", stream, key));
    store.add_deliveries(&new, at(0.0)).await.unwrap();
    store.add_deliveries(&[delivery("mail", "a", "a1")], at(0.0)).await.unwrap();
    assert_eq!(store.claim_deliveries("hook", at(-1.0), at(9.0), 10).await.unwrap(), [], "not due yet");
    assert_eq!(store.next_delivery("hook").await.unwrap(), Some(at(0.0)));
    let claimed = store.claim_deliveries("hook", at(1.0), at(10.0), 10).await.unwrap();
    assert_eq!(keys(&claimed), ["a1", "b1"]);
    assert_eq!((claimed[0].attempt, claimed[0].payload.as_str()), (1, "{\"key\":\"a1\"}"));
    assert_eq!(store.claim_deliveries("hook", at(2.0), at(10.0), 10).await.unwrap(), [], "all are lent out");
    assert_eq!(store.next_delivery("hook").await.unwrap(), Some(at(10.0)));
    // Put off: nobody overtakes it.
    let retry = Settled::Retry { next: at(60.0), error: "503".to_owned() };
    assert!(store.settle_delivery(&claimed[0], &retry).await.unwrap());
    assert!(store.settle_delivery(&claimed[1], &Settled::Delivered { at: at(3.0) }).await.unwrap());
    assert_eq!(store.claim_deliveries("hook", at(59.0), at(99.0), 10).await.unwrap(), []);
    let again = store.claim_deliveries("hook", at(60.0), at(99.0), 10).await.unwrap();
    assert_eq!((keys(&again), again[0].attempt), (vec!["a1"], 2));
    assert!(store.settle_delivery(&again[0], &Settled::Delivered { at: at(61.0) }).await.unwrap());
    let next = store.claim_deliveries("hook", at(61.0), at(99.0), 10).await.unwrap();
    assert_eq!(keys(&next), ["a2"]);
    // The other sink goes its own way.
    assert_eq!(keys(&store.claim_deliveries("mail", at(1.0), at(9.0), 10).await.unwrap()), ["a1"]);
    let rows = store.deliveries("b").await.unwrap();
    assert_eq!((rows[0].state, rows[0].settled), (DeliveryState::Delivered, Some(at(3.0))));
}

async fn a_claim_that_ran_out_counts_no_more(site: Site) {
    let store = site.open().await;
    store.add_deliveries(&[delivery("hook", "a", "a1")], at(0.0)).await.unwrap();
    let first = store.claim_deliveries("hook", at(0.0), at(10.0), 1).await.unwrap().remove(0);
    let second = store.claim_deliveries("hook", at(10.0), at(20.0), 1).await.unwrap().remove(0);
    assert_eq!((first.id, first.key == second.key), (second.id, true));
    let delivered = Settled::Delivered { at: at(11.0) };
    assert!(!store.settle_delivery(&first, &delivered).await.unwrap(), "it was lent out anew");
    assert!(store.settle_delivery(&second, &delivered).await.unwrap());
    assert!(!store.settle_delivery(&second, &delivered).await.unwrap(), "once");
    assert_eq!(store.next_delivery("hook").await.unwrap(), None);
}

async fn what_was_given_up_is_told_and_can_be_revived(site: Site) {
    let store = site.open().await;
    let new = [delivery("hook", "a", "a1"), delivery("hook", "a", "a2")];
    store.add_deliveries(&new, at(0.0)).await.unwrap();
    let claim = store.claim_deliveries("hook", at(0.0), at(10.0), 9).await.unwrap().remove(0);
    let error = "410 ".to_owned() + &"去".repeat(2000);
    assert!(store.settle_delivery(&claim, &Settled::Dead { at: at(1.0), error }).await.unwrap());
    let dead = store.dead_deliveries(9).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].last_error.as_ref().map(|error| error.chars().count()), Some(500));
    let counts = store.outbox_counts().await.unwrap();
    assert_eq!((counts[0].pending, counts[0].dead, counts[0].oldest_pending), (1, 1, Some(at(0.0))));
    let next = store.claim_deliveries("hook", at(2.0), at(10.0), 9).await.unwrap();
    assert_eq!(keys(&next), ["a2"], "what was given up stops nobody");
    assert!(store.settle_delivery(&next[0], &Settled::Delivered { at: at(2.0) }).await.unwrap());
    assert!(store.revive_delivery(claim.id, at(5.0)).await.unwrap());
    assert!(!store.revive_delivery(claim.id, at(5.0)).await.unwrap());
    let revived = store.claim_deliveries("hook", at(5.0), at(10.0), 9).await.unwrap();
    assert_eq!((keys(&revived), revived[0].attempt), (vec!["a1"], 2));
}

async fn whatever_workers_do_all_is_settled_once_and_in_order(site: Site) {
    const LEASE_S: f64 = 5.0;
    let mut random = fastrand::Rng::with_seed(7);
    // Two processes, as far as the database can tell.
    let stores = [site.open().await, site.open().await];
    let (mut written, mut now, mut numbers) = (0, 0.0, BTreeMap::<String, u32>::new());
    let mut lent: Vec<(Delivery, f64)> = Vec::new();
    let mut settled: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let number = |delivery: &Delivery| delivery.key.rsplit('/').next().unwrap().parse::<u32>().unwrap();
    for step in 0.. {
        let store = &stores[random.usize(..2)];
        now += random.f64() * 2.0;
        match random.u32(..4) {
            0 if written < 60 => {
                let stream = format!("alert_{}", random.u32(..4));
                let next = numbers.entry(stream.clone()).or_default();
                *next += 1;
                written += 1;
                let new = delivery("hook", &stream, &format!("{stream}/{next}"));
                store.add_deliveries(&[NewDelivery { due: at(now), ..new }], at(now)).await.unwrap();
            }
            0 | 1 => {
                let most = random.u32(1..4);
                let claimed = store.claim_deliveries("hook", at(now), at(now + LEASE_S), most).await.unwrap();
                assert!(claimed.len() <= most as usize);
                lent.retain(|(_, until)| *until > now);
                for delivery in claimed {
                    let before = settled.get(&delivery.stream).map_or(0, |done| done.len() as u32);
                    assert_eq!(number(&delivery), before + 1, "in order");
                    let clash = lent.iter().any(|(other, _)| other.stream == delivery.stream);
                    assert!(!clash, "{delivery:?} is lent out twice");
                    lent.push((delivery, now + LEASE_S));
                }
            }
            2 if !lent.is_empty() => {
                // A worker that died says nothing, and its claim runs out.
                let (claim, until) = lent.swap_remove(random.usize(..lent.len()));
                let outcome = match random.u32(..6) {
                    0 => continue,
                    1 | 2 => Settled::Retry { next: at(now + random.f64() * 3.0), error: "503".to_owned() },
                    3 => Settled::Dead { at: at(now), error: "410".to_owned() },
                    _ => Settled::Delivered { at: at(now) },
                };
                let done = store.settle_delivery(&claim, &outcome).await.unwrap();
                assert!(done || until <= now, "a claim that holds counts");
                if done && !matches!(outcome, Settled::Retry { .. }) {
                    assert!(seen.insert(claim.key.clone()), "settled once");
                    settled.entry(claim.stream.clone()).or_default().push(number(&claim));
                }
            }
            _ => {}
        }
        if written == 60 && seen.len() == 60 {
            break;
        }
        assert!(step < 5000, "{} of 60 settled", seen.len());
    }
    for (stream, done) in settled {
        assert_eq!(done, (1..=numbers[&stream]).collect::<Vec<_>>());
    }
    assert_eq!(stores[0].next_delivery("hook").await.unwrap(), None);
    assert_eq!(stores[0].claim_deliveries("hook", Timestamp(i64::MAX), at(1e9), 9).await.unwrap(), []);
}
