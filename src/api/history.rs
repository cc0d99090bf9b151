//! What a place read over time, by the second, minute or hour: JSON for charts, CSV for tables.
//!
//! Without a wish the resolution follows from the length of the time, measure by measure: minutes are kept of the main
//! measures only. Periods are whole: the time that is asked for is widened to them. What is not known is `null` in JSON
//! and empty in CSV, or, where nothing at all was sampled, not there; `coverage` tells how much is known.

use axum::extract::{Extension, State};
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Context;
use super::error::{ApiError, json};
use super::request::{Query, period};
use crate::accounts::Caller;
use crate::config::Plan;
use crate::model::{Measure, Place, Reading, Rfc3339, Timestamp};
use crate::store::{MINUTE_MEASURES, Period, PlaceId, PlaceKey, RollupRow, Store, StoreError};

/// Up to so long, seconds are given where nobody wishes otherwise: a curve has about a thousand pixels.
const SECONDS_UP_TO_S: i64 = 2 * 3600;
/// The same for measures of which no minutes are kept.
const SECONDS_FOR_WANT_OF_MINUTES_UP_TO_S: i64 = 6 * 3600;
/// Up to so long, minutes are given.
const MINUTES_UP_TO_S: i64 = 7 * 86400;
/// The longest time that may be asked for by the second, by the minute and by the hour, so that an answer has megabytes at
/// most.
const MOST_SECONDS_S: i64 = 86400;
const MOST_MINUTES_S: i64 = 62 * 86400;
const MOST_HOURS_S: i64 = 20 * 366 * 86400;
/// Measures to an answer.
const MOST_MEASURES: usize = 8;

/// How fine an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Resolution {
    Second,
    Minute,
    Hour,
}

impl Resolution {
    fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => Period::Minute.seconds(),
            Self::Hour => Period::Hour.seconds(),
        }
    }

    fn longest_s(self) -> i64 {
        match self {
            Self::Second => MOST_SECONDS_S,
            Self::Minute => MOST_MINUTES_S,
            Self::Hour => MOST_HOURS_S,
        }
    }

    /// What is given of a measure where nobody wishes otherwise.
    fn of(measure: Measure, length_s: i64) -> Self {
        let has_minutes = MINUTE_MEASURES.contains(&measure);
        let seconds_up_to = if has_minutes { SECONDS_UP_TO_S } else { SECONDS_FOR_WANT_OF_MINUTES_UP_TO_S };
        match length_s {
            short if short <= seconds_up_to => Self::Second,
            medium if medium <= MINUTES_UP_TO_S && has_minutes => Self::Minute,
            _ => Self::Hour,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Json,
    Csv,
}

/// How a place is written: kind, camera or other source where it is part of one, name.
pub(super) const PLACE_PATTERN: &str = "^[a-z]+:[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)?$";

fn measures_schema(_: &mut SchemaGenerator) -> Schema {
    let names = Measure::ALL.map(Measure::as_str).join("|");
    let pattern = format!("^({names})(,({names})){{0,{}}}$", MOST_MEASURES - 1);
    json_schema!({ "type": "string", "pattern": pattern })
}

/// What is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    /// Which place, such as `zone:gate/plaza`.
    #[schemars(regex(pattern = PLACE_PATTERN))]
    place: String,
    /// What was measured there, separated by commas.
    #[schemars(schema_with = "measures_schema")]
    measures: String,
    /// Not before this time.
    #[schemars(with = "Rfc3339")]
    from: String,
    /// Before this time.
    #[schemars(with = "Rfc3339")]
    to: String,
    /// How fine; without a wish it follows from the length of the time.
    resolution: Option<Resolution>,
    /// Without a wish `csv` where the header Accept says `text/csv`.
    format: Option<Format>,
}

/// The same, understood.
#[derive(Debug, PartialEq)]
struct Asked {
    measures: Vec<(Measure, Resolution)>,
    from: Timestamp,
    to: Timestamp,
}

impl HistoryQuery {
    fn asked(&self) -> Result<Asked, ApiError> {
        let ((from, to), length_s) = period(&self.from, &self.to, i64::MAX)?;
        let mut measures = Vec::new();
        for name in self.measures.split(',') {
            let measure = measure(name)?;
            let resolution = self.resolution.unwrap_or_else(|| Resolution::of(measure, length_s));
            if resolution == Resolution::Minute && !MINUTE_MEASURES.contains(&measure) {
                let message = format!("no minutes are kept of `{name}`: ask for `resolution=second` or `hour`");
                return Err(ApiError::bad_request(message));
            }
            if length_s > resolution.longest_s() {
                let hours = resolution.longest_s() / 3600;
                let message = format!(
                    "`from` and `to`: too long a time for this resolution, of which at most {hours} hours are given; ask \
                     for a coarser one"
                );
                return Err(ApiError::bad_request(message));
            }
            measures.push((measure, resolution));
        }
        if measures.len() > MOST_MEASURES {
            return Err(ApiError::bad_request(format!("`measures`: at most {MOST_MEASURES} are given at once")));
        }
        Ok(Asked { measures, from, to })
    }
}

fn measure(name: &str) -> Result<Measure, ApiError> {
    Measure::ALL.into_iter().find(|measure| measure.as_str() == name).ok_or_else(|| {
        ApiError::bad_request(format!("`measures`: found {name:?}, expected names as in a rule, such as `density`"))
    })
}

/// A second, minute or hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    pub(super) start: Timestamp,
    /// Mean, least and greatest.
    pub(super) values: Option<(f64, f64, f64)>,
    pub(super) known_s: u32,
    pub(super) bound_s: u32,
}

impl From<(Timestamp, Reading)> for Bucket {
    fn from((at, reading): (Timestamp, Reading)) -> Self {
        let values = reading.value().map(|value| (value, value, value));
        let bound = matches!(reading, Reading::AtLeast(_) | Reading::AtMost(_));
        let start = Timestamp(at.0 - at.0.rem_euclid(1_000_000));
        Self { start, values, known_s: values.is_some().into(), bound_s: bound.into() }
    }
}

impl From<RollupRow> for Bucket {
    fn from(row: RollupRow) -> Self {
        let values = row.values.map(|values| (values.mean, values.min, values.max));
        Self { start: row.start, values, known_s: row.seconds_known, bound_s: row.seconds_bound }
    }
}

/// The time widened to whole periods.
pub(super) fn widened((from, to): (Timestamp, Timestamp), resolution: Resolution) -> (Timestamp, Timestamp) {
    let length_us = resolution.seconds() * 1_000_000;
    let end = to.0.saturating_add(length_us - 1);
    (Timestamp(from.0 - from.0.rem_euclid(length_us)), Timestamp(end - end.rem_euclid(length_us)))
}

pub(super) async fn buckets(
    store: &Store,
    place: PlaceId,
    (measure, resolution): (Measure, Resolution),
    time: (Timestamp, Timestamp),
) -> Result<Vec<Bucket>, StoreError> {
    let period = match resolution {
        Resolution::Second => {
            return Ok(store.series(place, measure, time).await?.into_iter().map(Bucket::from).collect());
        }
        Resolution::Minute => Period::Minute,
        Resolution::Hour => Period::Hour,
    };
    Ok(store.rollups(place, measure, period, time).await?.into_iter().map(Bucket::from).collect())
}

/// One measure's course; the lists are equally long.
#[derive(Debug, Serialize, JsonSchema)]
struct MeasureBody {
    measure: &'static str,
    resolution_s: i64,
    /// The time that is told of, RFC 3339: what was asked for, widened to whole periods.
    #[schemars(with = "Rfc3339")]
    from: String,
    #[schemars(with = "Rfc3339")]
    to: String,
    /// Share of that time, as far as it has passed, of which a value is known.
    coverage: f64,
    /// When each begins, in seconds since 1970.
    time_s: Vec<i64>,
    mean: Vec<Option<f64>>,
    /// Left out where each is one second, as are the next two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    min: Vec<Option<f64>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    max: Vec<Option<f64>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seconds_known: Vec<u32>,
    /// Seconds in which only a bound was known.
    seconds_bound: Vec<u32>,
}

/// How much of a time is known, of what has passed of it by now.
fn coverage(buckets: &[Bucket], (from, to): (Timestamp, Timestamp), now: Timestamp) -> f64 {
    let passed_s = (to.min(now).0 - from.0).div_euclid(1_000_000).max(1);
    let known_s: i64 = buckets.iter().map(|bucket| i64::from(bucket.known_s)).sum();
    (known_s as f64 / passed_s as f64).min(1.0)
}

impl MeasureBody {
    fn new(
        (measure, resolution): (Measure, Resolution),
        buckets: &[Bucket],
        time: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Self {
        let values = |of: fn((f64, f64, f64)) -> f64| buckets.iter().map(move |bucket| bucket.values.map(of));
        let is_rolled_up = resolution != Resolution::Second;
        Self {
            measure: measure.as_str(),
            resolution_s: resolution.seconds(),
            from: time.0.to_rfc3339(),
            to: time.1.to_rfc3339(),
            coverage: coverage(buckets, time, now),
            time_s: buckets.iter().map(|bucket| bucket.start.0 / 1_000_000).collect(),
            mean: values(|(mean, ..)| mean).collect(),
            min: if is_rolled_up { values(|(_, min, _)| min).collect() } else { Vec::new() },
            max: if is_rolled_up { values(|(.., max)| max).collect() } else { Vec::new() },
            seconds_known: if is_rolled_up {
                buckets.iter().map(|bucket| bucket.known_s).collect()
            } else {
                Vec::new()
            },
            seconds_bound: buckets.iter().map(|bucket| bucket.bound_s).collect(),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PlaceHistoryBody")]
pub(super) struct HistoryBody<'a> {
    place: &'a str,
    measures: Vec<MeasureBody>,
}

type Courses = Vec<((Measure, Resolution), Vec<Bucket>)>;

fn csv(place: &str, courses: &Courses) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "time",
        "place",
        "measure",
        "period_s",
        "mean",
        "min",
        "max",
        "seconds_known",
        "seconds_bound",
        "seconds_unknown",
    ])?;
    for ((measure, resolution), buckets) in courses {
        for bucket in buckets {
            let value = |of: fn((f64, f64, f64)) -> f64| bucket.values.map(|values| of(values).to_string());
            table.write_record([
                bucket.start.to_rfc3339(),
                place.to_owned(),
                measure.as_str().to_owned(),
                resolution.seconds().to_string(),
                value(|(mean, ..)| mean).unwrap_or_default(),
                value(|(_, min, _)| min).unwrap_or_default(),
                value(|(.., max)| max).unwrap_or_default(),
                bucket.known_s.to_string(),
                bucket.bound_s.to_string(),
                (resolution.seconds() - i64::from(bucket.known_s)).to_string(),
            ])?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// Whether a place stands in the configuration: then it is one of which nothing is known yet.
fn is_configured(plan: &Plan, key: &PlaceKey) -> bool {
    let of_cameras = plan.cameras.iter().flat_map(|camera| {
        let zones = camera.zones.iter().map(|zone| Place::Zone(camera.id.clone(), zone.id.clone()));
        let lines = camera.lines.iter().map(|line| Place::Line(camera.id.clone(), line.id.clone()));
        zones.chain(lines).chain([Place::Camera(camera.id.clone())])
    });
    let of_sources = plan.sources.iter().flat_map(|source| {
        let zones = source.zones.iter().map(|zone| Place::Zone(source.id.clone(), zone.id.clone()));
        let lines = source.lines.iter().map(|line| Place::Line(source.id.clone(), line.id.clone()));
        zones.chain(lines)
    });
    let sites = plan.response.sites.iter().map(|site| Place::Site(site.id.clone()));
    of_cameras.chain(of_sources).chain(sites).any(|place| PlaceKey::of(&place) == *key)
}

/// A table to be kept as a file of that name.
pub(super) fn attachment(name: &str, table: Vec<u8>) -> Response {
    let file = name.replace(|char: char| !char.is_ascii_alphanumeric(), "_");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}.csv\"")),
    ];
    (headers, table).into_response()
}

impl Context {
    /// A place that the caller sees, and its number in the store; `None`: nothing is known of it yet.
    pub(super) async fn recorded_place(
        &self,
        caller: &Caller,
        written: &str,
    ) -> Result<(PlaceKey, Option<PlaceId>), ApiError> {
        let key = PlaceKey::parse(written).ok_or_else(|| {
            let message = format!("`place`: found {written:?}, expected a place such as `zone:gate/plaza`");
            ApiError::bad_request(message)
        })?;
        let is_seen = caller.reach.is_all() || key.place().is_some_and(|place| self.visible(caller).place(&place));
        let place = self.store()?.find_place(&key).await.map_err(|error| ApiError::of_store(&error))?;
        if !is_seen || (place.is_none() && !is_configured(&self.state.plan, &key)) {
            return Err(ApiError::not_found(format!("no place `{key}` is on record or in the configuration")));
        }
        Ok((key, place))
    }
}

pub(super) async fn history(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<HistoryQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asked = query.asked()?;
    let (_, place) = context.recorded_place(&caller, &query.place).await?;
    let store = context.store()?;
    let mut courses = Courses::new();
    for (measure, resolution) in asked.measures {
        let time = widened((asked.from, asked.to), resolution);
        let of = (measure, resolution);
        let buckets = match place {
            Some(place) => buckets(store, place, of, time).await.map_err(|error| ApiError::of_store(&error))?,
            None => Vec::new(),
        };
        courses.push((of, buckets));
    }
    let takes_csv =
        || headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value == "text/csv");
    if query.format.map_or_else(takes_csv, |format| format == Format::Csv) {
        let table = csv(&query.place, &courses).map_err(|error| ApiError::internal(&error))?;
        return Ok(attachment(&query.place, table));
    }
    let now = (context.state.now)();
    let body = |(of, buckets): &((Measure, Resolution), Vec<Bucket>)| {
        MeasureBody::new(*of, buckets, widened((asked.from, asked.to), of.1), now)
    };
    json(StatusCode::OK, &HistoryBody { place: &query.place, measures: courses.iter().map(body).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_S: i64 = 3600;

    #[test]
    fn the_resolution_follows_from_the_length() {
        let of = |measure, hours| Resolution::of(measure, hours * HOUR_S);
        assert_eq!([2, 3, 7 * 24, 7 * 24 + 1].map(|hours| of(Measure::Density, hours)), {
            [Resolution::Second, Resolution::Minute, Resolution::Minute, Resolution::Hour]
        });
        assert_eq!([6, 7].map(|hours| of(Measure::Pressure, hours)), [Resolution::Second, Resolution::Hour]);
    }

    #[test]
    fn a_time_is_widened_to_whole_periods() {
        let at = |second: f64| Timestamp((second * 1e6) as i64);
        let widened = |from, to, resolution| super::widened((at(from), at(to)), resolution);
        assert_eq!(widened(59.0, 61.0, Resolution::Minute), (at(0.0), at(120.0)));
        assert_eq!(widened(60.0, 120.0, Resolution::Minute), (at(60.0), at(120.0)));
        assert_eq!(widened(0.5, 1.5, Resolution::Second), (at(0.0), at(2.0)));
    }

    #[test]
    fn only_what_has_passed_can_be_known() {
        let at = |second: i64| Timestamp(second * 1_000_000);
        let buckets: Vec<Bucket> = [Reading::Valid(1.0), Reading::Unknown(crate::model::UnknownReason::NoFrames)]
            .into_iter()
            .zip([at(0), at(1)])
            .map(|(reading, at)| (at, reading).into())
            .collect();
        assert_eq!(coverage(&buckets, (at(0), at(10)), at(2)), 0.5);
        assert_eq!(coverage(&buckets, (at(0), at(10)), at(20)), 0.1);
    }
}
