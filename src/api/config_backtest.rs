//! What the rules of a configuration that is not in force yet would have told of what is on record.

use crate::model::Rfc3339;
use std::num::NonZeroUsize;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::runtime::Handle;

use super::Context;
use super::config::{Changed, configuration};
use super::error::{ApiError, json};
use super::request::{read, time};
use crate::backtest::{BacktestFault, Named, Period, backtest_store};
use crate::config::Edit;

/// A longer time takes minutes, on a machine that has cameras to look after.
const MOST_DAYS: f64 = 100.0;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BacktestRequest {
    text: Option<String>,
    edits: Option<Vec<Edit>>,
    #[schemars(with = "Rfc3339")]
    from: String,
    #[schemars(with = "Rfc3339")]
    to: String,
}

/// One at a time, on one thread: cameras come first.
pub(super) async fn backtest(State(context): State<Context>, body: Bytes) -> Result<Response, ApiError> {
    let configuration = configuration(&context.state)?;
    let store = context.store()?.clone();
    let BacktestRequest { text, edits, from, to } = read(&body)?;
    let period = Period { from: time("from", &from)?, to: time("to", &to)? };
    if period.from >= period.to {
        return Err(ApiError::bad_request(format!("`from` {from} is not before `to` {to}")));
    }
    if period.seconds() > MOST_DAYS * 86_400.0 {
        let message =
            format!("`from` {from} to `to` {to} is longer than {MOST_DAYS} days: take `crowdflow backtest` for that");
        return Err(ApiError::bad_request(message));
    }
    let text = Changed { text, edits }.text(&configuration.in_force().text)?;
    let plan = configuration.plan(&text).map_err(|faults| ApiError::unprocessable(faults.join("\n")))?;
    if plan.rules.is_empty() {
        return Err(ApiError::unprocessable("found no rules, expected [rules.ID] tables to try"));
    }
    let busy = || ApiError::unavailable("a back-test is under way: try again when it is over");
    let turn = context.backtests.clone().try_acquire_owned().map_err(|_| busy())?;
    let candidate = Named { name: "the proposed configuration".to_owned(), plan };
    let runtime = Handle::current();
    let report = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        backtest_store(&store, &runtime, &candidate, None, (period, NonZeroUsize::MIN))
    });
    let report = report.await.map_err(|error| ApiError::internal(&error))?;
    let report = report.map_err(|fault| match fault {
        BacktestFault::Store(error) => ApiError::of_store(&error),
        BacktestFault::NoSamples(why) => ApiError::not_found(why),
    })?;
    json(StatusCode::OK, &report)
}
