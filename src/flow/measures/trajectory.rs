//! People's ways on the ground, as experiments publish them.

use std::collections::BTreeMap;

use crate::model::{GroundPoint, Timestamp};

/// Where somebody was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub point: GroundPoint,
}

/// One person's way: samples in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// The person's number.
    pub person: u64,
    /// Where they were.
    pub samples: Vec<Sample>,
}

/// What is wrong with a trajectory file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrajectoryFault {
    /// A line is not `id frame x y`, with or without more behind it.
    #[error("line {line}: expected `id frame x y …`, numbers apart by blanks")]
    Row {
        /// Counted from 1.
        line: usize,
    },
    /// Somebody is at two places in one frame.
    #[error("person {person} has two rows for frame {frame}")]
    TwoRows {
        /// Who.
        person: u64,
        /// When.
        frame: u64,
    },
}

/// Reads the Jülich archive's (PeTrack's) text format: `id frame x y [z …]` a line, `#` begins a comment. Frame k is
/// at k/`fps` seconds; x and y are multiplied by `metres_per_unit` (0.01 for files in centimetres).
///
/// # Errors
/// Where a line is something else, or a person has two rows for one frame.
pub fn parse_trajectories(text: &str, fps: f64, metres_per_unit: f64) -> Result<Vec<Trajectory>, TrajectoryFault> {
    let mut people: BTreeMap<u64, BTreeMap<u64, GroundPoint>> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let row = || {
            let mut fields = line.split_ascii_whitespace();
            let (person, frame) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let mut metres =
                || fields.next()?.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| x * metres_per_unit);
            Some((person, frame, GroundPoint { x_m: metres()?, y_m: metres()? }))
        };
        let (person, frame, point) = row().ok_or(TrajectoryFault::Row { line: index + 1 })?;
        if people.entry(person).or_default().insert(frame, point).is_some() {
            return Err(TrajectoryFault::TwoRows { person, frame });
        }
    }
    let sample =
        |(frame, point): (u64, GroundPoint)| Sample { at: Timestamp(0).plus_seconds(frame as f64 / fps), point };
    let way = |(person, samples): (u64, BTreeMap<_, _>)| Trajectory {
        person,
        samples: samples.into_iter().map(sample).collect(),
    };
    Ok(people.into_iter().map(way).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_passed_over_and_faults_are_named() {
        let text = "# a header\n\n2 1 100 50 176\n1 0 0 0\n2 0 0.0 50 176\n";
        let people = parse_trajectories(text, 2.0, 0.01).unwrap();
        assert_eq!(people.iter().map(|way| way.person).collect::<Vec<_>>(), [1, 2]);
        let second = Sample { at: Timestamp(500_000), point: GroundPoint { x_m: 1.0, y_m: 0.5 } };
        assert_eq!(people[1].samples[1], second);
        assert_eq!(parse_trajectories("1 0 0 0\n1 0 x 0", 2.0, 1.0), Err(TrajectoryFault::Row { line: 2 }));
        assert_eq!(parse_trajectories("1 0 0", 2.0, 1.0), Err(TrajectoryFault::Row { line: 1 }));
        assert_eq!(parse_trajectories("1 0 nan 0", 2.0, 1.0), Err(TrajectoryFault::Row { line: 1 }));
        let twice = TrajectoryFault::TwoRows { person: 1, frame: 0 };
        assert_eq!(parse_trajectories("1 0 0 0\n1 0 1 1", 2.0, 1.0), Err(twice));
    }
}
