//! Plays densities as live and judges the forecasts made on the way: how long before a crossing a call stood, how many
//! calls were false, how often the interval held.

use std::ops::AddAssign;

use crowdflow::config::defaults::{CLEAR_HOLD_S, CLEAR_SHARE, hold_s, shipped_levels};
use crowdflow::flow::measures::{FillForecast, TimeToThreshold};
use crowdflow::model::{Level, Timestamp, ZoneUse};

/// A call stands while the likely time is at most this, with a latest one, in seconds…
pub const HORIZON_S: f64 = 180.0;
/// …from when that has been so for this long…
pub const CALL_HOLD_S: f64 = 10.0;
/// …until it has not been so for this long.
pub const CALL_CLEAR_S: f64 = 30.0;
/// A call is false where nothing crosses within this long of it, in seconds.
pub const STATED_S: f64 = 2.0 * HORIZON_S;
/// Intervals are judged once in so many seconds.
const JUDGE_EVERY_S: f64 = 10.0;

pub const LEVELS: [Level; 4] = [Level::Blue, Level::Yellow, Level::Orange, Level::Red];

/// The shipped threshold for walkways, in people per m².
pub fn threshold_per_m2(level: usize) -> f64 {
    shipped_levels(ZoneUse::Walkway).raise_per_m2[level]
}

/// A zone at one time.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub at_s: f64,
    pub density_per_m2: f64,
    pub in_total: u64,
    pub out_total: u64,
}

/// What became of one level.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// For each crossing: when, and how long before a call stood (0: there was none).
    pub crossings: Vec<(f64, f64)>,
    /// Calls that ended or began before any crossing, and how many of them were false.
    pub calls: usize,
    pub false_calls: usize,
    /// Seconds during which the level was not raised.
    pub watched_s: f64,
    /// Intervals with a latest time: too late (the crossing came before the earliest), right, too early.
    pub closed: [usize; 3],
    /// Intervals without one: the crossing came before the earliest; and right.
    pub open: [usize; 2],
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.crossings.extend(other.crossings);
        self.calls += other.calls;
        self.false_calls += other.false_calls;
        self.watched_s += other.watched_s;
        (0..3).for_each(|i| self.closed[i] += other.closed[i]);
        (0..2).for_each(|i| self.open[i] += other.open[i]);
    }
}

impl Outcome {
    pub fn median_lead_s(&self) -> Option<f64> {
        let mut leads: Vec<f64> = self.crossings.iter().map(|&(_, lead_s)| lead_s).collect();
        leads.sort_by(f64::total_cmp);
        leads.get(leads.len() / 2).copied()
    }

    pub fn called(&self) -> usize {
        self.crossings.iter().filter(|&&(_, lead_s)| lead_s > 0.0).count()
    }

    pub fn false_per_h(&self) -> f64 {
        self.false_calls as f64 / (self.watched_s / 3600.0)
    }
}

/// When the level stands, as its rule sees it: from the first of the seconds that were at or above the threshold for its
/// hold time, until 85 % of it were not passed for a minute.
fn stretches(seen: &[Seen], level: usize) -> Vec<(f64, f64)> {
    let threshold = threshold_per_m2(level);
    let (mut stretches, mut raised) = (Vec::new(), None);
    let (mut above_since, mut below_since): (Option<f64>, Option<f64>) = (None, None);
    for Seen { at_s, density_per_m2, .. } in seen.iter().copied() {
        above_since = (density_per_m2 >= threshold).then(|| above_since.unwrap_or(at_s));
        below_since = (density_per_m2 <= CLEAR_SHARE * threshold).then(|| below_since.unwrap_or(at_s));
        match (raised, above_since, below_since) {
            (None, Some(since), _) if at_s - since >= hold_s(LEVELS[level]) - 1e-6 => raised = Some(since),
            (Some(since), _, Some(below)) if at_s - below >= CLEAR_HOLD_S => {
                stretches.push((since, at_s));
                raised = None;
            }
            _ => (),
        }
    }
    stretches.extend(raised.map(|since| (since, f64::INFINITY)));
    stretches
}

/// A call: it begins at `since_s` if nothing ends it before.
#[derive(Debug, Clone, Copy, Default)]
struct Call {
    true_since_s: Option<f64>,
    last_true_s: f64,
    since_s: Option<f64>,
}

impl Call {
    fn step(&mut self, at_s: f64, is_near: bool) {
        if is_near {
            let since_s = *self.true_since_s.get_or_insert(at_s);
            self.last_true_s = at_s;
            if at_s - since_s >= CALL_HOLD_S - 1e-6 {
                self.since_s.get_or_insert(at_s);
            }
        } else {
            self.true_since_s = None;
        }
    }
}

/// Plays one recording: only what came before a time is known to the forecast made at it.
pub fn play(area_m2: f64, seen: &[Seen]) -> [Outcome; 4] {
    let mut forecast = FillForecast::new(area_m2, FillForecast::USUAL_WINDOW_S);
    let stretches: [_; 4] = std::array::from_fn(|level| stretches(seen, level));
    let mut outcomes: [Outcome; 4] = std::array::from_fn(|level| Outcome {
        crossings: stretches[level].iter().map(|&(from_s, _)| (from_s, 0.0)).collect(),
        ..Outcome::default()
    });
    let mut calls = [Call::default(); 4];
    let (mut judged_s, mut before_s) = (f64::NEG_INFINITY, seen.first().map_or(0.0, |first| first.at_s));
    let end_s = seen.last().map_or(0.0, |last| last.at_s);
    for moment in seen {
        let at_s = moment.at_s;
        let at = Timestamp(0).plus_seconds(at_s);
        forecast.push(at, moment.density_per_m2, moment.in_total, moment.out_total);
        let judges = at_s - judged_s >= JUDGE_EVERY_S - 1e-6;
        if judges {
            judged_s = at_s;
        }
        for level in 0..4 {
            let next = stretches[level].iter().position(|&(_, to_s)| to_s > at_s);
            let crosses_s = next.map(|index| stretches[level][index].0);
            let (outcome, call) = (&mut outcomes[level], &mut calls[level]);
            if let (Some(index), Some(crosses_s)) = (next, crosses_s)
                && crosses_s <= at_s
            {
                // Raised: the call, if there is one, came true.
                if let Some(since_s) = call.since_s.take() {
                    outcome.crossings[index].1 = crosses_s - since_s;
                    outcome.calls += 1;
                }
                *call = Call::default();
                continue;
            }
            outcome.watched_s += at_s - before_s;
            let time_to = forecast.time_to(threshold_per_m2(level));
            let is_near = match time_to {
                Some(TimeToThreshold::Reached) => true,
                Some(TimeToThreshold::In { likely_s, latest_s, .. }) => likely_s <= HORIZON_S && latest_s.is_some(),
                Some(TimeToThreshold::NotFilling { .. }) | None => false,
            };
            call.step(at_s, is_near);
            if let Some(since_s) = call.since_s
                && (at_s - call.last_true_s >= CALL_CLEAR_S || at_s == end_s)
            {
                // Of a call that stands at the end one knows nothing where the stated time was not over.
                if at_s < end_s || crosses_s.is_some() || end_s - since_s >= STATED_S {
                    outcome.calls += 1;
                    let is_false = crosses_s.is_none_or(|crosses_s| crosses_s - since_s > STATED_S);
                    outcome.false_calls += usize::from(is_false);
                }
                *call = Call::default();
            }
            if judges && let Some(TimeToThreshold::In { earliest_s, latest_s, .. }) = time_to {
                judge(outcome, crosses_s.map(|crosses_s| crosses_s - at_s), end_s - at_s, earliest_s, latest_s);
            }
        }
        before_s = at_s;
    }
    outcomes
}

/// `after_s`: the true time, where there was a crossing; `left_s`: how long the recording went on.
fn judge(outcome: &mut Outcome, after_s: Option<f64>, left_s: f64, earliest_s: f64, latest_s: Option<f64>) {
    match (after_s, latest_s) {
        (Some(after_s), None) => outcome.open[usize::from(after_s >= earliest_s)] += 1,
        (None, None) => outcome.open[1] += 1,
        (Some(after_s), Some(_)) if after_s < earliest_s => outcome.closed[0] += 1,
        (Some(after_s), Some(latest_s)) => outcome.closed[if after_s <= latest_s { 1 } else { 2 }] += 1,
        (None, Some(latest_s)) if latest_s < left_s => outcome.closed[2] += 1,
        // The recording ended before the interval.
        (None, Some(_)) => (),
    }
}
