//! A zone's, line's or camera's readings, by measure.

use super::{Measure, Reading, Scope, UnknownReason};

/// At most one reading for each measure. A measure that isn't in it can't be had there (no calibration, no area);
/// one that can but isn't known now reads unknown.
#[derive(Clone, PartialEq)]
pub struct Readings([Option<Reading>; Measure::ALL.len()]);

impl Readings {
    /// None at all.
    pub const NONE: Self = Self([None; Measure::ALL.len()]);

    /// The reading of this measure; `None` where it can't be had.
    #[must_use]
    pub fn get(&self, measure: Measure) -> Option<Reading> {
        self.0[measure as usize]
    }

    /// The value of this measure, or its bound.
    #[must_use]
    pub fn value(&self, measure: Measure) -> Option<f64> {
        self.get(measure).and_then(Reading::value)
    }

    /// Sets one.
    pub fn set(&mut self, measure: Measure, reading: Reading) {
        // Some sums of nothing are −0, which reads odd in a file.
        self.0[measure as usize] = Some(reading.map(|value| value + 0.0));
    }

    /// Sets one from a measured value; without one too little was seen to measure it.
    pub fn set_measured(&mut self, measure: Measure, value: Option<f64>) {
        self.set_measured_or_else(measure, value, || UnknownReason::NotEnough);
    }

    /// Sets one from a measured value; without one it is unknown for this reason.
    pub fn set_measured_or_else(&mut self, measure: Measure, value: Option<f64>, why: impl FnOnce() -> UnknownReason) {
        self.set(measure, value.map_or_else(|| Reading::Unknown(why()), Reading::Valid));
    }

    /// Sets one that says whether something is so: 1 or 0.
    pub fn set_whether(&mut self, measure: Measure, holds: bool) {
        self.set(measure, Reading::Valid(if holds { 1.0 } else { 0.0 }));
    }

    /// Sets all of these, in place of what there is of the same measures.
    pub fn set_all(&mut self, others: &Self) {
        others.iter().for_each(|(measure, reading)| self.set(measure, reading));
    }

    /// With this one.
    #[must_use]
    pub fn with(mut self, measure: Measure, reading: Reading) -> Self {
        self.set(measure, reading);
        self
    }

    /// All that there are, in the order of columns.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, Reading)> {
        Measure::ALL.into_iter().filter_map(|measure| self.get(measure).map(|reading| (measure, reading)))
    }

    /// What is known of them at such a place where people were missed: see [`Measure::where_people_are_missed`].
    #[must_use]
    pub fn where_people_are_missed(&self, scope: Scope) -> Self {
        self.iter().map(|(measure, reading)| (measure, measure.where_people_are_missed(scope, reading))).collect()
    }

    /// What is known of them where a calm place can't be told yet: see [`Reading::unless_calm`].
    #[must_use]
    pub fn unless_calm(&self) -> Self {
        Self(self.0.map(|reading| reading.map(Reading::unless_calm)))
    }

    /// The same measures, all unknown for this reason.
    #[must_use]
    pub fn unknown(&self, reason: UnknownReason) -> Self {
        Self(self.0.map(|reading| reading.map(|_| Reading::Unknown(reason))))
    }
}

impl std::fmt::Debug for Readings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl FromIterator<(Measure, Reading)> for Readings {
    fn from_iter<I: IntoIterator<Item = (Measure, Reading)>>(readings: I) -> Self {
        readings.into_iter().fold(Self::NONE, |all, (measure, reading)| all.with(measure, reading))
    }
}
