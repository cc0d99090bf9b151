//! What a period comes to: how many people came over a line, how the time divides among levels of service, how long people
//! stayed. Nothing is extrapolated: a sum of a time of which something is not known is at least what it says.

use std::collections::BTreeMap;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use super::error::{ApiError, json};
use super::history::{Bucket, Format, PLACE_PATTERN, Resolution, attachment, buckets, widened};
use super::request::{Query, period};
use crate::accounts::Caller;
use crate::config::Plan;
use crate::model::{Direction, LevelOfService, Measure, Place, Reading, Rfc3339, Timestamp};
use crate::store::{PlaceId, Store, StoreError};

/// Up to so long, a time is told of to the second; above, in whole hours, as they are summed up in the store.
const SECONDS_UP_TO_S: i64 = 86_400;
/// The longest time that may be asked for: of longer ones the seconds are not kept, which levels of service need.
const MOST_S: i64 = 62 * 86_400;
const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;

/// What is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SummaryQuery {
    /// Which place, such as `zone:gate/plaza`.
    #[schemars(regex(pattern = PLACE_PATTERN))]
    place: String,
    /// Not before this time.
    #[schemars(with = "Rfc3339")]
    from: String,
    /// Before this time.
    #[schemars(with = "Rfc3339")]
    to: String,
    /// Without a wish JSON.
    format: Option<Format>,
}

/// What a place's period comes to. What such a place doesn't have is `null`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SummaryBody<'a> {
    /// Such as `line:gate/door`.
    place: &'a str,
    /// The time that is told of, RFC 3339: what was asked for, beyond a day widened to whole hours.
    #[schemars(with = "Rfc3339")]
    from: String,
    /// Its end.
    #[schemars(with = "Rfc3339")]
    to: String,
    /// Seconds of it that have passed.
    passed_s: i64,
    /// People over a line, or over a site's entrances.
    footfall: Option<FootfallBody>,
    /// How a zone's time divides among levels of service.
    level_of_service: Option<ServiceSharesBody>,
    /// How long people stayed in a zone.
    dwell: Option<DwellBody>,
}

/// How much of the passed time a figure is made of.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, JsonSchema)]
struct KnownBody {
    /// Seconds of which a value is known.
    seconds_known: i64,
    /// Those of them of which only a bound is.
    seconds_bound: i64,
    /// Share of the passed time that is known, 0 to 1.
    coverage: f64,
}

/// A sum, with what may be said of it.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct SumBody {
    /// `null`: nothing is known.
    value: Option<f64>,
    /// `valid`: all of the time is known; `at_least`: not all of it is, and nothing is added for the rest; `unknown:not_enough`.
    quality: &'static str,
}

/// People over a line.
#[derive(Debug, Serialize, JsonSchema)]
struct FootfallBody {
    /// `crossings`: each was counted; `flows`: summed up from flows a minute, where crossings are not kept.
    method: &'static str,
    /// In.
    r#in: SumBody,
    /// Out.
    out: SumBody,
    /// Of what time.
    #[serde(flatten)]
    known: KnownBody,
    /// The same hour by hour.
    hours: Vec<FootfallHourBody>,
}

/// People over a line in an hour.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct FootfallHourBody {
    /// When it begins, RFC 3339.
    #[schemars(with = "Rfc3339")]
    start: String,
    /// In; `null`: nothing is known of this hour.
    r#in: Option<f64>,
    /// Out; likewise.
    out: Option<f64>,
    /// Seconds of the hour of which flows are known.
    seconds_known: i64,
}

/// How the known time divides among levels of service.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct ServiceSharesBody {
    /// Seconds at levels A to F. Where only a bound was known, it was that level or a worse one.
    seconds: [i64; 6],
    /// Of what time.
    #[serde(flatten)]
    known: KnownBody,
}

/// How long stays were: means over the known time of what the stays that had ended in the 15 minutes before came to.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct DwellBody {
    /// Mean of the means, in seconds; `null`: nothing is known.
    mean_s: Option<f64>,
    /// Mean of the medians.
    median_s: Option<f64>,
    /// Mean of the 90th percentiles.
    p90_s: Option<f64>,
    /// Of what time: where nobody's stay ended, there is nothing to measure.
    #[serde(flatten)]
    known: KnownBody,
}

impl KnownBody {
    fn new(seconds_known: i64, seconds_bound: i64, passed_s: i64) -> Self {
        let coverage = (seconds_known as f64 / passed_s.max(1) as f64).min(1.0);
        Self { seconds_known, seconds_bound, coverage }
    }

    fn of(buckets: &[Bucket], passed_s: i64) -> Self {
        let sum = |of: fn(&Bucket) -> u32| buckets.iter().map(|bucket| i64::from(of(bucket))).sum();
        Self::new(sum(|bucket| bucket.known_s), sum(|bucket| bucket.bound_s), passed_s)
    }
}

/// The beginning of the hour that a time is in.
fn hour_of(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_US) * HOUR_US
}

/// What is known of an hour over a line.
#[derive(Debug, Clone, Copy, Default)]
struct Hour {
    people: [f64; 2],
    known_s: [i64; 2],
    bound_s: [i64; 2],
}

const WAYS: [(Direction, Measure); 2] = [(Direction::In, Measure::FlowIn), (Direction::Out, Measure::FlowOut)];

/// Sums up flows in people a minute over the seconds in which they are known.
fn hours_of_flows(flows: &[Vec<Bucket>; 2]) -> BTreeMap<i64, Hour> {
    let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
    for (way, buckets) in flows.iter().enumerate() {
        for bucket in buckets {
            let hour = hours.entry(hour_of(bucket.start)).or_default();
            let known_s = i64::from(bucket.known_s);
            hour.people[way] += bucket.values.map_or(0.0, |(mean, ..)| mean * known_s as f64);
            hour.known_s[way] += known_s;
            hour.bound_s[way] += i64::from(bucket.bound_s);
        }
    }
    // Once for all seconds: sixtieths don't add up exactly.
    hours.values_mut().for_each(|hour| hour.people = hour.people.map(|sum| sum / 60.0));
    hours
}

/// `crossings`: what was counted by the hour, which stands in place of what the flows come to.
fn footfall(
    mut hours: BTreeMap<i64, Hour>,
    crossings: Option<Vec<(Timestamp, Direction, u64)>>,
    passed_s: i64,
) -> FootfallBody {
    let method = if crossings.is_some() { "crossings" } else { "flows" };
    if let Some(crossings) = crossings {
        hours.values_mut().for_each(|hour| hour.people = [0.0; 2]);
        for (start, direction, count) in crossings {
            let way = usize::from(direction == Direction::Out);
            hours.entry(hour_of(start)).or_default().people[way] += count as f64;
        }
    }
    let sum = |way: usize| {
        let all = |of: fn(&Hour) -> [i64; 2]| hours.values().map(|hour| of(hour)[way]).sum::<i64>();
        let (known_s, bound_s) = (all(|hour| hour.known_s), all(|hour| hour.bound_s));
        let people = hours.values().map(|hour| hour.people[way]).sum::<f64>();
        match known_s {
            0 if people == 0.0 => SumBody { value: None, quality: "unknown:not_enough" },
            whole if whole >= passed_s && bound_s == 0 => SumBody { value: Some(people), quality: "valid" },
            _ => SumBody { value: Some(people), quality: "at_least" },
        }
    };
    // The less known of both ways.
    let less = |of: fn(&Hour) -> [i64; 2]| {
        let all = |way: usize| hours.values().map(|hour| of(hour)[way]).sum::<i64>();
        (all(0), all(1))
    };
    let ((known_in, known_out), (bound_in, bound_out)) = (less(|hour| hour.known_s), less(|hour| hour.bound_s));
    let bodies = hours.iter().map(|(start, hour)| {
        let people = |way: usize| (hour.known_s[way] > 0 || hour.people[way] > 0.0).then_some(hour.people[way]);
        FootfallHourBody {
            start: Timestamp(*start).to_rfc3339(),
            r#in: people(0),
            out: people(1),
            seconds_known: hour.known_s[0].min(hour.known_s[1]),
        }
    });
    FootfallBody {
        method,
        r#in: sum(0),
        out: sum(1),
        known: KnownBody::new(known_in.min(known_out), bound_in.max(bound_out), passed_s),
        hours: bodies.collect(),
    }
}

/// The time in parts of a day at most.
fn days((from, to): (Timestamp, Timestamp)) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let begins = (0..).map(move |day| from.0 + day * DAY_US).take_while(move |begin| *begin < to.0);
    begins.map(move |begin| (Timestamp(begin), Timestamp((begin + DAY_US).min(to.0))))
}

async fn service_shares(
    store: &Store,
    place: PlaceId,
    time: (Timestamp, Timestamp),
    passed_s: i64,
) -> Result<ServiceSharesBody, StoreError> {
    let (mut seconds, mut bound_s) = ([0; 6], 0);
    for day in days(time) {
        for (_, reading) in store.series(place, Measure::LevelOfService, day).await? {
            let Some(level) = reading.value() else { continue };
            // It is stored as 1 (A) to 6 (F).
            let at = (level.round().clamp(1.0, 6.0) as usize) - 1;
            seconds[at] += 1;
            bound_s += i64::from(!matches!(reading, Reading::Valid(_)));
        }
    }
    Ok(ServiceSharesBody { seconds, known: KnownBody::new(seconds.iter().sum(), bound_s, passed_s) })
}

fn mean(buckets: &[Bucket]) -> Option<f64> {
    let known = || buckets.iter().filter_map(|bucket| Some((bucket.values?.0, f64::from(bucket.known_s))));
    let seconds: f64 = known().map(|(_, seconds)| seconds).sum();
    (seconds > 0.0).then(|| known().map(|(mean, seconds)| mean * seconds).sum::<f64>() / seconds)
}

/// Looks things up in one period.
struct Period<'s> {
    store: &'s Store,
    /// `None`: nothing was ever kept of the place.
    place: Option<PlaceId>,
    time: (Timestamp, Timestamp),
    resolution: Resolution,
    passed_s: i64,
}

impl Period<'_> {
    async fn of(&self, measure: Measure) -> Result<Vec<Bucket>, StoreError> {
        match self.place {
            Some(place) => buckets(self.store, place, (measure, self.resolution), self.time).await,
            None => Ok(Vec::new()),
        }
    }

    async fn footfall(&self, counts_each: bool) -> Result<FootfallBody, StoreError> {
        let flows = [self.of(WAYS[0].1).await?, self.of(WAYS[1].1).await?];
        let is_kept = counts_each && self.store.crossings_kept_from().await? <= self.time.0;
        let crossings = match self.place.filter(|_| is_kept) {
            Some(place) => Some(self.store.people_over_by_hour(place, self.time).await?),
            None => None,
        };
        Ok(footfall(hours_of_flows(&flows), crossings, self.passed_s))
    }

    async fn dwell(&self) -> Result<DwellBody, StoreError> {
        let medians = self.of(Measure::MedianDwell).await?;
        Ok(DwellBody {
            mean_s: mean(&self.of(Measure::MeanDwell).await?),
            median_s: mean(&medians),
            p90_s: mean(&self.of(Measure::P90Dwell).await?),
            known: KnownBody::of(&medians, self.passed_s),
        })
    }

    async fn service(&self) -> Result<ServiceSharesBody, StoreError> {
        match self.place {
            Some(place) => service_shares(self.store, place, self.time, self.passed_s).await,
            None => Ok(ServiceSharesBody { seconds: [0; 6], known: KnownBody::default() }),
        }
    }
}

/// Whether a place is a camera's, which counts each crossing and measures stays, and whether it is calibrated.
fn camera_of(plan: &Plan, place: Option<&Place>) -> (bool, bool) {
    let camera = place.and_then(Place::camera).and_then(|id| plan.camera(id));
    (camera.is_some(), camera.is_some_and(|camera| camera.ground_plane().is_some()))
}

fn csv(body: &SummaryBody<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "place",
        "from",
        "to",
        "figure",
        "value",
        "quality",
        "seconds_known",
        "seconds_bound",
        "passed_s",
    ])?;
    let mut row = |from: &str, to: &str, figure: &str, value: Option<f64>, quality: &str, known: (i64, Option<i64>)| {
        table.write_record([
            body.place,
            from,
            to,
            figure,
            &value.map(|value| value.to_string()).unwrap_or_default(),
            quality,
            &known.0.to_string(),
            &known.1.map(|seconds| seconds.to_string()).unwrap_or_default(),
            &body.passed_s.to_string(),
        ])
    };
    let (from, to) = (body.from.as_str(), body.to.as_str());
    let of = |known: &KnownBody| (known.seconds_known, Some(known.seconds_bound));
    let quality = |value: Option<f64>| if value.is_some() { "" } else { "unknown:not_enough" };
    if let Some(footfall) = &body.footfall {
        for (name, sum) in [("people_in", &footfall.r#in), ("people_out", &footfall.out)] {
            row(from, to, name, sum.value, sum.quality, of(&footfall.known))?;
        }
        for hour in &footfall.hours {
            let known = (hour.seconds_known, None);
            row(&hour.start, "", "people_in_hour", hour.r#in, quality(hour.r#in), known)?;
            row(&hour.start, "", "people_out_hour", hour.out, quality(hour.out), known)?;
        }
    }
    if let Some(service) = &body.level_of_service {
        for (level, seconds) in LevelOfService::ALL.into_iter().zip(service.seconds) {
            let name = format!("seconds_at_level_of_service_{}", level.as_str());
            row(from, to, &name, Some(seconds as f64), "", of(&service.known))?;
        }
    }
    if let Some(dwell) = &body.dwell {
        for (name, value) in
            [("mean_dwell_s", dwell.mean_s), ("median_dwell_s", dwell.median_s), ("p90_dwell_s", dwell.p90_s)]
        {
            row(from, to, name, value, quality(value), of(&dwell.known))?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

pub(super) async fn summary(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<SummaryQuery>,
) -> Result<Response, ApiError> {
    let (asked, length_s) = period(&query.from, &query.to, MOST_S)?;
    let resolution = if length_s <= SECONDS_UP_TO_S { Resolution::Second } else { Resolution::Hour };
    let (key, place) = context.recorded_place(&caller, &query.place).await?;
    let store = context.store()?;
    let time = widened(asked, resolution);
    let passed_s = (time.1.min((context.state.now)()).0 - time.0.0).div_euclid(1_000_000).max(0);
    let period = Period { store, place, time, resolution, passed_s };
    // Waiting is given up with the request; nothing here fails to let go.
    let _turn = context.figures.acquire().await.map_err(|error| ApiError::internal(&error))?;
    let known_place = key.place();
    let (of_camera, calibrated) = camera_of(&context.state.plan, known_place.as_ref());
    let failed = |error: StoreError| ApiError::of_store(&error);
    let (mut footfall, mut level_of_service, mut dwell) = (None, None, None);
    match known_place {
        Some(Place::Line(..)) => footfall = Some(period.footfall(of_camera).await.map_err(failed)?),
        // The entrances' flows are summed up as they come.
        Some(Place::Site(_)) => footfall = Some(period.footfall(false).await.map_err(failed)?),
        Some(Place::Zone(..)) if of_camera => {
            dwell = Some(period.dwell().await.map_err(failed)?);
            if calibrated {
                level_of_service = Some(period.service().await.map_err(failed)?);
            }
        }
        _ => {}
    }
    let body = SummaryBody {
        place: &query.place,
        from: time.0.to_rfc3339(),
        to: time.1.to_rfc3339(),
        passed_s,
        footfall,
        level_of_service,
        dwell,
    };
    if query.format == Some(Format::Csv) {
        let table = csv(&body).map_err(|error| ApiError::internal(&error))?;
        return Ok(attachment(&format!("{}_summary", query.place), table));
    }
    json(StatusCode::OK, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_S: i64 = 3600;

    fn flow(hour: i64, mean: f64, known_s: u32, bound_s: u32) -> Bucket {
        Bucket {
            start: Timestamp(hour * HOUR_US),
            values: (known_s > 0).then_some((mean, mean, mean)),
            known_s,
            bound_s,
        }
    }

    #[test]
    fn a_sum_of_a_time_with_gaps_is_at_least_what_it_says() {
        let of = |known_s, bound_s| {
            let flows = [vec![flow(0, 6.0, known_s, bound_s)], vec![flow(0, 0.0, 3600, 0)]];
            footfall(hours_of_flows(&flows), None, HOUR_S)
        };
        let whole = of(3600, 0);
        assert_eq!((whole.method, whole.r#in.value, whole.r#in.quality), ("flows", Some(360.0), "valid"));
        // Nobody went out, and that is known.
        assert_eq!(whole.out, SumBody { value: Some(0.0), quality: "valid" });
        // Half of the hour is known: half of the people, and not one more.
        let half = of(1800, 0);
        assert_eq!((half.r#in.value, half.r#in.quality, half.known.coverage), (Some(180.0), "at_least", 0.5));
        assert_eq!(of(3600, 1).r#in.quality, "at_least");
        let none = of(0, 0);
        assert_eq!(none.r#in, SumBody { value: None, quality: "unknown:not_enough" });
        assert_eq!((none.hours[0].r#in, none.hours[0].out), (None, Some(0.0)));
    }

    #[test]
    fn crossings_are_counted_where_they_are_kept() {
        let flows = [vec![flow(0, 6.1, 3600, 0), flow(1, 3.0, 600, 0)], vec![flow(0, 0.0, 3600, 0)]];
        let crossings = vec![(Timestamp(0), Direction::In, 361), (Timestamp(HOUR_US), Direction::Out, 2)];
        let counted = footfall(hours_of_flows(&flows), Some(crossings), 2 * HOUR_S);
        assert_eq!(counted.method, "crossings");
        assert_eq!(counted.r#in, SumBody { value: Some(361.0), quality: "at_least" });
        assert_eq!(counted.out, SumBody { value: Some(2.0), quality: "at_least" });
        assert_eq!((counted.known.seconds_known, counted.known.coverage), (3600, 0.5), "the less known way");
        let hours: Vec<_> = counted.hours.iter().map(|hour| (hour.r#in, hour.out, hour.seconds_known)).collect();
        assert_eq!(hours, [(Some(361.0), Some(0.0), 3600), (Some(0.0), Some(2.0), 0)]);
    }

    #[test]
    fn means_are_over_the_known_time_and_days_make_up_the_time() {
        assert_eq!(mean(&[flow(0, 10.0, 100, 0), flow(1, 40.0, 50, 0), flow(2, 0.0, 0, 0)]), Some(20.0));
        assert_eq!(mean(&[flow(0, 0.0, 0, 0)]), None);
        let parts: Vec<_> = days((Timestamp(5), Timestamp(2 * DAY_US))).map(|(from, to)| (from.0, to.0)).collect();
        assert_eq!(parts, [(5, DAY_US + 5), (DAY_US + 5, 2 * DAY_US)]);
    }
}
