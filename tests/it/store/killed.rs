//! A writer that is killed at any moment: nothing that it was told is written is lost, and nothing is half there.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crowdflow::model::{Measure, Reading, Readings};
use crowdflow::store::{AlertCommit, NewDelivery, PlaceKey, RuleStateRow, Sample, Store, StoreAddress};

use super::{Site, alert, at, on_both, transition, wait};

on_both!(nothing_that_was_confirmed_is_lost);

const ADDRESS: &str = "CROWDFLOW_TEST_STORE";
const ROUNDS: usize = 12;

/// Not a test by itself: the writer, in a process of its own. It goes on where the store ends, and says each number
/// once it is confirmed.
#[test]
#[ignore = "started by the test below, in a process of its own"]
fn writer() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    wait(async {
        let store = Store::open(&StoreAddress::parse(&address).unwrap(), at(0.0)).await.unwrap();
        let place = store.place(&PlaceKey::within("zone", "gate", "plaza"), at(0.0)).await.unwrap();
        let first = store.transitions("a1").await.unwrap().len() as u32 + 1;
        for number in first.. {
            let now = at(f64::from(number));
            let delivery = NewDelivery {
                sink: "hook".to_owned(),
                stream: "a1".to_owned(),
                key: number.to_string(),
                payload: String::new(),
                due: now,
            };
            let state = RuleStateRow { rule: "plaza_full".to_owned(), at: now, state: number.to_string() };
            let commit = AlertCommit {
                alerts: vec![alert("a1", at(0.0))],
                transitions: vec![transition("a1", now, "raised")],
                rule_states: vec![state],
                deliveries: vec![delivery],
                ..AlertCommit::default()
            };
            let written = store.commit(&commit, now).await.unwrap();
            println!("\ntransition {}", written.transitions[0]);
            let readings = Readings::NONE.with(Measure::Occupancy, Reading::Valid(f64::from(number)));
            store.write_samples(&[Sample { place, at: now, readings }], &[]).await.unwrap();
            println!("\nsample {number}");
        }
    });
}

/// The numbers said behind a word.
fn numbers(lines: &[String], word: &str) -> Vec<usize> {
    lines.iter().filter_map(|line| line.strip_prefix(word)?.trim().parse().ok()).collect()
}

async fn nothing_that_was_confirmed_is_lost(site: Site) {
    let mut random = fastrand::Rng::with_seed(11);
    let (mut before, mut sampled) = (0, BTreeSet::new());
    for round in 0..ROUNDS {
        let test = "store::killed::writer";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(ADDRESS, site.raw.trim_start_matches("sqlite:"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // So many lines, and then so many moments more: in the middle of a transaction, or of a flush.
        let mut said: Vec<String> = lines.by_ref().take(random.usize(8..60)).collect();
        for _ in 0..random.u32(..2_000_000) {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines);
        let store = site.open().await;
        // PostgreSQL may still be at work on what the writer asked for last: it holds the alert's row as long.
        let same = AlertCommit { alerts: vec![alert("a1", at(0.0))], ..AlertCommit::default() };
        store.commit(&same, at(0.0)).await.unwrap();
        let history = store.alert_history("a1").await.unwrap().unwrap();
        let written = history.transitions.len();
        let confirmed = numbers(&said, "transition").into_iter().max().unwrap_or(0);
        assert!(confirmed > before, "round {round}: nothing was written: {said:?}");
        assert!(written == confirmed || written == confirmed + 1, "round {round}: {written} of {confirmed} are there");
        let seqs: Vec<_> = history.transitions.iter().map(|row| row.seq).collect();
        assert_eq!(seqs, (1..=written as u64).collect::<Vec<_>>());
        // What belongs together is there together.
        assert_eq!(history.deliveries.len(), written);
        assert_eq!(store.rule_states().await.unwrap()[0].state, written.to_string());
        let place = store.find_place(&PlaceKey::within("zone", "gate", "plaza")).await.unwrap().unwrap();
        let samples = store.samples(place, at(0.0), at(1e6)).await.unwrap();
        let there: BTreeSet<_> = samples.iter().map(|sample| sample.at).collect();
        sampled.extend(numbers(&said, "sample").into_iter().map(|number| at(number as f64)));
        assert!(sampled.is_subset(&there), "round {round}: {:?}", sampled.difference(&there));
        // Each kill took the sample along that was about to be written, at most.
        assert!(there.len() + round + 1 >= written, "round {round}: {} samples of {written}", there.len());
        before = written;
        store.close().await;
    }
}
