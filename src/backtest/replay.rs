//! Recorded samples through the live rule engine.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::coverage::{Coverage, CoverageMeter};
use super::grouping::{Group, groups};
use super::site_replay::SiteReplay;
use super::timeline::Timeline;
use super::{Period, Samples};
use crate::config::{Plan, defaults};
use crate::model::{AlertEvent, CameraId, Measure, Place, Reading, Readings};
use crate::rules::RuleEngine;

/// So much of each series is held in memory at a time, in seconds: 2 MB of a sample a second.
pub(super) const PART_S: i64 = 86_400;

/// What a plan's rules would have told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replay {
    /// Every transition, in the order of time and then of the rules' ids.
    pub events: Vec<AlertEvent>,
    /// What is known of each condition's place and measure, and of what sites are made from.
    pub coverage: BTreeMap<(Place, Measure), Coverage>,
}

/// Replays samples of this time through the rules of each of the plans, all in calm at its begin: gives one [`Replay`] for
/// each. Rules that share no places are replayed on `threads` threads; the result is the same for any number of them.
///
/// # Errors
/// Where samples can't be read: the first such error that was met.
pub fn replay<S: Samples>(
    plans: &[&Plan],
    samples: &S,
    period: Period,
    threads: NonZeroUsize,
) -> Result<Vec<Replay>, S::Error> {
    let groups = groups(plans);
    let sites = SiteReplay::new(plans, period.from);
    // The longest first, so that no thread is left alone with it.
    let jobs: Vec<Job<'_>> =
        sites.map(|sites| Job::Sites(Box::new(sites))).into_iter().chain(groups.iter().map(Job::Group)).collect();
    let jobs: Vec<_> = jobs.into_iter().map(|job| std::sync::Mutex::new(Some(job))).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || -> Result<Vec<Replay>, S::Error> {
        let mut done = vec![Replay::default(); plans.len()];
        while !failed.load(Ordering::Relaxed)
            && let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let Some(job) = job.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() else { continue };
            let told = match job {
                Job::Sites(sites) => sites.replay(samples, period),
                Job::Group(group) => replay_group(plans, group, samples, period),
            };
            let told = told.inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            for (all, new) in done.iter_mut().zip(told) {
                all.events.extend(new.events);
                all.coverage.extend(new.coverage);
            }
        }
        Ok(done)
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.get()).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut replays = vec![Replay::default(); plans.len()];
    for result in results {
        for (all, new) in replays.iter_mut().zip(result?) {
            all.events.extend(new.events);
            all.coverage.extend(new.coverage);
        }
    }
    for replay in &mut replays {
        // Stable: those of one rule stay in their order.
        replay.events.sort_by(|a, b| (a.at, &a.rule).cmp(&(b.at, &b.rule)));
    }
    Ok(replays)
}

enum Job<'a> {
    Sites(Box<SiteReplay>),
    Group(&'a Group),
}

/// When a camera or external source is stale, by the first plan that has it.
pub(super) fn stale_after_s(plans: &[&Plan], camera: Option<&CameraId>) -> f64 {
    let of = |plan: &&Plan| plan.stale_after_s(camera?);
    plans.iter().find_map(of).unwrap_or(defaults::STALE_AFTER_S)
}

/// A place and what it reads now.
struct PlaceNow {
    place: Place,
    readings: Readings,
    /// It says something at this moment.
    speaks: bool,
}

fn replay_group<S: Samples>(
    plans: &[&Plan],
    group: &Group,
    samples: &S,
    period: Period,
) -> Result<Vec<Replay>, S::Error> {
    let mut places: Vec<PlaceNow> = Vec::new();
    let mut lanes: Vec<(usize, Measure)> = Vec::new();
    // In the order of places.
    for (place, measure) in &group.conditions {
        if places.last().is_none_or(|last| &last.place != place) {
            places.push(PlaceNow { place: place.clone(), readings: Readings::NONE, speaks: false });
        }
        lanes.push((places.len() - 1, *measure));
    }
    let stale_after: Vec<f64> =
        group.conditions.iter().map(|(place, _)| stale_after_s(plans, place.camera())).collect();
    let mut meters: Vec<_> = stale_after.iter().map(|stale| CoverageMeter::new(*stale, period.from)).collect();
    let mut timeline = Timeline::new(stale_after.iter().copied(), period.from);
    let engine = |(plan, rules): (&&Plan, &Vec<_>)| RuleEngine::new(rules).by_calendar(&plan.calendar, &plan.profiles);
    let mut engines: Vec<RuleEngine> = plans.iter().zip(&group.rules).map(engine).collect();
    let mut replays = vec![Replay::default(); plans.len()];
    for part in period.parts(PART_S) {
        let mut series = Vec::with_capacity(lanes.len());
        for (place, measure) in &group.conditions {
            series.push(samples.series(place, *measure, part)?);
        }
        meters.iter_mut().zip(&series).for_each(|(meter, samples)| meter.take_in(samples));
        timeline.advance(&series, part.to, |at, now| {
            fill(&mut places, &lanes, now);
            for (engine, replay) in engines.iter_mut().zip(&mut replays) {
                let events = engine.step_places(at, |place, index| reads(&places, place, index));
                replay.events.extend(events);
            }
        });
    }
    let coverage = meters.into_iter().map(|meter| meter.finish(period.to));
    let coverage: BTreeMap<_, _> = group.conditions.iter().cloned().zip(coverage).collect();
    for (replay, rules) in replays.iter_mut().zip(&group.rules) {
        let own = |key: &(Place, Measure)| {
            let mut conditions = rules.iter().flat_map(|rule| &rule.conditions);
            conditions.any(|condition| (&condition.place, condition.measure) == (&key.0, key.1))
        };
        replay.coverage =
            coverage.iter().filter(|(key, _)| own(key)).map(|(key, of)| (key.clone(), of.clone())).collect();
    }
    Ok(replays)
}

fn fill(places: &mut [PlaceNow], lanes: &[(usize, Measure)], now: &[Option<Reading>]) {
    places.iter_mut().for_each(|place| place.speaks = false);
    for (&(index, measure), reading) in lanes.iter().zip(now) {
        let Some(reading) = *reading else { continue };
        let place = &mut places[index];
        if !place.speaks {
            // What it has nothing of at this moment must not stand from the one before. With one measure nothing can.
            if lanes.len() > 1 {
                place.readings = Readings::NONE;
            }
            place.speaks = true;
        }
        place.readings.set(measure, reading);
    }
}

fn reads<'a>(places: &'a [PlaceNow], place: &Place, index: &mut usize) -> Option<&'a Readings> {
    if places.get(*index).is_none_or(|known| &known.place != place) {
        *index = places.iter().position(|known| &known.place == place)?;
    }
    places.get(*index).filter(|known| known.speaks).map(|known| &known.readings)
}
