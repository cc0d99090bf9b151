//! How readings and levels are written into columns. The numbers stay as they are for ever: stores hold them.

use crate::model::{Level, Reading, UnknownReason};

const VALID: u8 = 0;
const AT_LEAST: u8 = 1;
const AT_MOST: u8 = 2;

/// Every reason with its number, from 3 to 30.
const REASONS: [(UnknownReason, u8); 7] = [
    (UnknownReason::NotStarted, 3),
    (UnknownReason::NoFrames, 4),
    (UnknownReason::MobileCamera, 5),
    (UnknownReason::NotEnough, 6),
    (UnknownReason::PeopleMissed, 7),
    (UnknownReason::NothingToMeasure, 8),
    (UnknownReason::NotReported, 9),
];

/// The number of a reading's quality.
pub(super) fn quality(reading: Reading) -> u8 {
    match reading {
        Reading::Valid(_) => VALID,
        Reading::AtLeast(_) => AT_LEAST,
        Reading::AtMost(_) => AT_MOST,
        Reading::Unknown(reason) => match reason {
            UnknownReason::NotStarted => 3,
            UnknownReason::NoFrames => 4,
            UnknownReason::MobileCamera => 5,
            UnknownReason::NotEnough => 6,
            UnknownReason::PeopleMissed => 7,
            UnknownReason::NothingToMeasure => 8,
            UnknownReason::NotReported => 9,
        },
    }
}

/// The reading of that quality and value; `None` where there is none.
pub(super) fn reading(quality: u8, value: Option<f64>) -> Option<Reading> {
    match (quality, value) {
        (VALID, Some(value)) => Some(Reading::Valid(value)),
        (AT_LEAST, Some(value)) => Some(Reading::AtLeast(value)),
        (AT_MOST, Some(value)) => Some(Reading::AtMost(value)),
        (quality, None) => {
            REASONS.iter().find(|(_, code)| *code == quality).map(|&(reason, _)| Reading::Unknown(reason))
        }
        _ => None,
    }
}

/// An expression that gives a column of such numbers its words, as files have them.
pub(super) fn quality_in_sql(column: &str) -> String {
    let mut sql = format!("CASE {column} WHEN {VALID} THEN 'valid' WHEN {AT_LEAST} THEN 'at_least'");
    sql += &format!(" WHEN {AT_MOST} THEN 'at_most'");
    for (reason, code) in REASONS {
        sql += &format!(" WHEN {code} THEN 'unknown:{}'", reason.as_str());
    }
    sql + " END"
}

/// A level by its name.
pub(super) fn level(name: &str) -> Option<Level> {
    Level::ALL.into_iter().find(|level| level.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quality_comes_back() {
        let unknown = REASONS.map(|(reason, _)| Reading::Unknown(reason));
        for given in [Reading::Valid(1.5), Reading::AtLeast(0.0), Reading::AtMost(-2.0)].into_iter().chain(unknown) {
            assert_eq!(reading(quality(given), given.value()), Some(given));
        }
        assert_eq!((reading(VALID, None), reading(3, Some(1.0)), reading(31, None)), (None, None, None));
    }
}
