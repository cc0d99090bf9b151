//! The external sources of the analysis thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::panic_budget::PanicBudget;
use crate::analysis::{MessageRefused, SourceAnalysis, SourceMessage};
use crate::config::{ExternalSourcePlan, Plan};
use crate::model::{ForwardTime, FrameReport, Timestamp};
use crate::rules::RuleEngine;
use crate::source::{Clock as _, SystemClock};

/// One source's state.
pub(super) struct Source {
    pub analysis: SourceAnalysis,
    /// Its own time: were it the wall clock's and that set back by an hour, counts would pass for fresh for an hour after
    /// the source has died.
    time: ForwardTime,
    panics: PanicBudget,
    /// It panicked too often: its messages are passed over, its readings stay unknown.
    given_up: bool,
}

/// A panic of its analysis, which is begun anew.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panicked;

impl Source {
    pub fn new(plan: &Plan, source: &ExternalSourcePlan) -> Self {
        let analysis = SourceAnalysis::new(source, RuleEngine::of_camera(plan, &source.id));
        Self { analysis, time: ForwardTime::default(), panics: PanicBudget::default(), given_up: false }
    }

    /// Takes in a message; `Ok(Err(…))` where it is refused.
    pub fn take(
        &mut self,
        clock: &SystemClock,
        message: &SourceMessage,
    ) -> Result<Result<FrameReport, MessageRefused>, Panicked> {
        let times = (self.now(clock), clock.wall());
        self.guarded(|analysis| analysis.take(times, message))
    }

    /// Says what time it is.
    pub fn tick(&mut self, clock: &SystemClock) -> Result<FrameReport, Panicked> {
        let now = self.now(clock);
        self.guarded(|analysis| analysis.tick(now))
    }

    /// Whether its messages are taken.
    pub fn is_given_up(&self) -> bool {
        self.given_up
    }

    fn now(&mut self, clock: &SystemClock) -> Timestamp {
        self.time.stamp(clock.wall(), clock.steady()).0
    }

    fn guarded<T>(&mut self, step: impl FnOnce(&mut SourceAnalysis) -> T) -> Result<T, Panicked> {
        catch_unwind(AssertUnwindSafe(|| step(&mut self.analysis))).map_err(|_| {
            self.given_up |= self.panics.spend(Instant::now()).is_none();
            self.analysis.begin_anew();
            Panicked
        })
    }
}
