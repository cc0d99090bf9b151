//! Where messages of external sources come in, whichever way they came.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::orders::{NotTaken, Orders};
use crate::analysis::MessageRefused;
use crate::config::Plan;
use crate::external::{MOST_BYTES, MessageFault, read};
use crate::metrics::Metrics;
use crate::model::CameraId;
use crate::source::{Clock as _, SystemClock};
use crate::status::{RepeatLimit, StatusBoard};

/// The analysis answers within milliseconds, unless it hangs.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Why a message has not become part of the picture.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IntakeError {
    /// There is no such source.
    #[error("found the source {found:?}, expected one of: {known}")]
    NoSuchSource {
        /// The one that was named.
        found: String,
        /// Those that there are.
        known: String,
    },
    /// Its sender doesn't show the source's token.
    #[error(
        "found no source of this name with this token, expected the address of a source that is told over HTTP and the header Authorization: Bearer TOKEN with its token"
    )]
    NoToken,
    /// It is too long.
    #[error("found more than {MOST_BYTES} bytes, expected at most so many: tell of fewer places at a time")]
    TooLong,
    /// It can't be read.
    #[error(transparent)]
    Fault(#[from] MessageFault),
    /// Its time is not one that can be taken.
    #[error(transparent)]
    Refused(#[from] MessageRefused),
    /// Nobody takes anything now.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// The analysis panicked over it, or has done so too often.
    #[error("the analysis of this source failed, which is a bug in crowdflow: its log says more")]
    Failed,
    /// It may have been taken.
    #[error("the analysis gives no answer; it may still take the message")]
    NoAnswer,
}

/// Takes messages in. Clones take them in for the same service.
#[derive(Debug, Clone)]
pub struct SourceIntake {
    plan: Arc<Plan>,
    orders: Orders,
    metrics: Metrics,
    board: Arc<StatusBoard>,
    /// Refusals that are logged, for each source.
    logged: Arc<Mutex<Vec<RepeatLimit>>>,
}

impl SourceIntake {
    /// For the plan's sources.
    #[must_use]
    pub fn new(plan: &Arc<Plan>, orders: Orders, metrics: Metrics, board: Arc<StatusBoard>) -> Self {
        let logged = Arc::new(Mutex::new(vec![RepeatLimit::default(); plan.sources.len()]));
        Self { plan: Arc::clone(plan), orders, metrics, board, logged }
    }

    /// Takes in a message, whole or not at all; what is not taken is refused as by [`SourceIntake::refuse`].
    ///
    /// # Errors
    /// [`IntakeError`].
    pub async fn take(&self, source: &CameraId, body: &[u8]) -> Result<(), IntakeError> {
        let known = self.plan.sources.iter().enumerate().find(|(_, plan)| &plan.id == source);
        let Some((index, plan)) = known else {
            let known: Vec<&str> = self.plan.sources.iter().map(|plan| plan.id.as_str()).collect();
            return Err(IntakeError::NoSuchSource { found: source.to_string(), known: known.join(", ") });
        };
        let message = read(plan, body).map_err(IntakeError::from);
        let taken = match message.and_then(|message| Ok(self.orders.tell(index, message)?)) {
            Ok(outcome) => match tokio::time::timeout(ANSWER_WAIT, outcome).await {
                Ok(Ok(outcome)) => outcome,
                // Only where its thread has ended.
                Ok(Err(_)) => Err(NotTaken::Stopping.into()),
                Err(_) => Err(IntakeError::NoAnswer),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = &taken {
            self.refuse(source, error);
        }
        taken
    }

    /// Counts what was refused, shows it with the source, and logs it now and then: whoever sends it may not look at
    /// answers.
    pub fn refuse(&self, source: &CameraId, error: &IntakeError) {
        if let Some(metrics) = self.metrics.source(source) {
            metrics.refused();
        }
        // What anybody can bring about who has no token must not cover what is wrong with the source itself.
        if !matches!(error, IntakeError::NoToken) {
            self.board.source_error(source, Some(error.to_string()));
        }
        if let Some(not_logged) = self.to_log(source) {
            tracing::warn!(%source, %error, not_logged, "a message of an external source was refused");
        }
    }

    /// Where something that went wrong is to be logged, how much was not since the last time.
    fn to_log(&self, source: &CameraId) -> Option<u64> {
        let index = self.plan.sources.iter().position(|plan| &plan.id == source)?;
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        logged.get_mut(index)?.event(SystemClock::new().wall())
    }

    /// The connection to a source's broker is there, or why it isn't.
    pub fn link(&self, source: &CameraId, down: Option<String>) {
        match &down {
            Some(error) => {
                if let Some(not_logged) = self.to_log(source) {
                    tracing::warn!(%source, error, not_logged, "an external source's broker can't be read");
                }
            }
            None => tracing::info!(%source, "an external source's topic is read"),
        }
        self.board.source_error(source, down);
    }
}
