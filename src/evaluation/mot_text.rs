//! MOT Challenge text: one box a line, columns parted by commas or blanks, frames counted from 1.
//!
//! | file | columns |
//! |---|---|
//! | MOT15 ground truth | `frame,id,left,top,width,height,conf,x,y,z` (the last three may be absent) |
//! | MOT16/17/20 ground truth | `frame,id,left,top,width,height,conf,class,visibility` |
//! | tracks | `frame,id,left,top,width,height,score,-1,-1,-1` (the last three may be absent) |
//! | detections | as tracks, with any id |

use std::collections::HashMap;
use std::io;

use crate::model::PixelBox;

/// Which ground truth a file holds, and so which of its boxes are scored.
///
/// - MOT15: boxes with conf 0 are not scored. `motmetrics` and `trackeval` both take them out before anything else,
///   so that a result box on one of them is a false positive. [`Rules::forgive_unscored`](super::Rules) forgives it
///   instead.
/// - MOT17: boxes of class 1 (pedestrian) with conf other than 0 are scored. A result box that is matched, at an IoU
///   of 0.5 or more, to a box of class 2, 7, 8 or 12 (person on vehicle, static person, distractor, reflection) is
///   taken out before scoring. All other boxes only take part in that first matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroundTruthFormat {
    /// 2D MOT 2015: no classes.
    Mot15,
    /// MOT16, MOT17 and MOT20: with classes.
    Mot17,
}

/// A ground-truth file's contents.
#[derive(Debug, Clone, PartialEq)]
pub struct GroundTruth {
    /// How its rows were read.
    pub format: GroundTruthFormat,
    /// Its boxes, in the file's order. No id appears twice in a frame.
    pub rows: Vec<GroundTruthRow>,
}

/// A box that a person drew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroundTruthRow {
    /// Frame, from 1.
    pub frame: u32,
    /// Whose box it is.
    pub id: i64,
    /// Where.
    pub bbox: PixelBox,
    /// 0 where the box is not to be scored.
    pub conf: f64,
    /// MOT17's class, 1 (pedestrian) to 13; none in MOT15.
    pub class: Option<u8>,
}

/// A box of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackRow {
    /// Frame, from 1.
    pub frame: u32,
    /// Which track.
    pub id: i64,
    /// Where.
    pub bbox: PixelBox,
    /// How sure; not used in scoring.
    pub score: f64,
}

/// A box of a detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectionRow {
    /// Frame, from 1.
    pub frame: u32,
    /// Where.
    pub bbox: PixelBox,
    /// How sure.
    pub score: f64,
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct MotFault {
    /// Line, from 1.
    pub line: usize,
    /// What was found and what was expected.
    pub fault: RowFault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// Too few or too many columns for this kind of file.
    #[error("found {found} columns, expected {expected}")]
    Columns {
        /// Columns on this line.
        found: usize,
        /// What may be there.
        expected: String,
    },
    /// A value that its column can't have.
    #[error("{column}: found `{found}`, expected {expected}")]
    Value {
        /// The column's name.
        column: &'static str,
        /// The text that was found.
        found: String,
        /// What may be there.
        expected: &'static str,
    },
    /// An id twice in a frame.
    #[error("id {id} is in frame {frame} a second time (first on line {first_line})")]
    Duplicate {
        /// The id.
        id: i64,
        /// The frame.
        frame: u32,
        /// Where it was first.
        first_line: usize,
    },
}

/// Reads ground truth; without a format it is told by the columns: 9 are MOT17, 7 or 10 are MOT15.
///
/// # Errors
/// The first line that does not fit the format, or an id that is twice in a frame.
pub fn parse_ground_truth(text: &str, format: Option<GroundTruthFormat>) -> Result<GroundTruth, MotFault> {
    let mut format = format;
    let mut ids = UniqueIds::default();
    let rows = parse(text, |line, row| {
        let format = match format {
            Some(format) => format,
            None => *format.insert(format_by_columns(row)?),
        };
        let class = match format {
            GroundTruthFormat::Mot15 => {
                row.expect_columns(7..=10)?;
                None
            }
            GroundTruthFormat::Mot17 => {
                row.expect_columns(8..=10)?;
                Some(row.class(7)?)
            }
        };
        let (frame, id) = (row.frame()?, row.id()?);
        ids.add(line, frame, id)?;
        Ok(GroundTruthRow { frame, id, bbox: row.bbox()?, conf: row.number(6, "conf")?, class })
    })?;
    Ok(GroundTruth { format: format.unwrap_or(GroundTruthFormat::Mot15), rows })
}

/// Reads tracks.
///
/// # Errors
/// The first line that is not `frame,id,left,top,width,height,score[,x,y,z]`, or an id that is twice in a frame.
pub fn parse_tracks(text: &str) -> Result<Vec<TrackRow>, MotFault> {
    let mut ids = UniqueIds::default();
    parse(text, |line, row| {
        row.expect_columns(7..=10)?;
        let (frame, id) = (row.frame()?, row.id()?);
        if id < 0 {
            return Err(row.fault(
                1,
                "id",
                "a track's number, 0 or more (negative ids mark detections without tracks)",
            ));
        }
        ids.add(line, frame, id)?;
        Ok(TrackRow { frame, id, bbox: row.bbox()?, score: row.number(6, "score")? })
    })
}

/// Reads detections; their ids are not looked at.
///
/// # Errors
/// The first line that is not `frame,id,left,top,width,height,score[,x,y,z]`.
pub fn parse_detections(text: &str) -> Result<Vec<DetectionRow>, MotFault> {
    parse(text, |_, row| {
        row.expect_columns(7..=10)?;
        Ok(DetectionRow { frame: row.frame()?, bbox: row.bbox()?, score: row.number(6, "score")? })
    })
}

/// Writes a track's box as a line: `frame,id,left,top,width,height,score,-1,-1,-1`, pixels with two decimals, the score
/// with four. Equal rows give equal bytes.
///
/// # Errors
/// What the writer says.
pub fn write_track(out: &mut impl io::Write, row: &TrackRow) -> io::Result<()> {
    let TrackRow { frame, id, bbox, score } = row;
    let [left, top, width, height] = [bbox.left, bbox.top, bbox.width(), bbox.height()].map(without_negative_zero);
    writeln!(out, "{frame},{id},{left:.2},{top:.2},{width:.2},{height:.2},{score:.4},-1,-1,-1")
}

/// A hair below 0 would be written as `-0.00`.
fn without_negative_zero(value: f64) -> f64 {
    if value.abs() < 0.005 { 0.0 } else { value }
}

fn format_by_columns(row: &Row<'_>) -> Result<GroundTruthFormat, RowFault> {
    match row.fields.len() {
        9 => Ok(GroundTruthFormat::Mot17),
        7 | 10 => Ok(GroundTruthFormat::Mot15),
        found => Err(RowFault::Columns { found, expected: "9 (MOT17), 7 or 10 (MOT15), or a format by name".into() }),
    }
}

fn parse<T>(text: &str, mut row: impl FnMut(usize, &Row<'_>) -> Result<T, RowFault>) -> Result<Vec<T>, MotFault> {
    let mut rows = Vec::new();
    let mut columns = None;
    // Some editors put a byte order mark before the first line.
    for (index, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let fields = split(text);
        if fields.is_empty() {
            continue;
        }
        let line = index + 1;
        let at_line = |fault| MotFault { line, fault };
        let first = *columns.get_or_insert(fields.len());
        if first != fields.len() {
            let expected = format!("{first} as on the lines before");
            return Err(at_line(RowFault::Columns { found: fields.len(), expected }));
        }
        rows.push(row(line, &Row { fields }).map_err(at_line)?);
    }
    Ok(rows)
}

/// The columns of a line; a comma at its end makes no further one.
fn split(line: &str) -> Vec<&str> {
    let line = line.trim();
    if line.is_empty() {
        return Vec::new();
    }
    if !line.contains(',') {
        return line.split_whitespace().collect();
    }
    line.strip_suffix(',').unwrap_or(line).split(',').map(str::trim).collect()
}

struct Row<'a> {
    fields: Vec<&'a str>,
}

impl Row<'_> {
    fn expect_columns(&self, expected: std::ops::RangeInclusive<usize>) -> Result<(), RowFault> {
        if expected.contains(&self.fields.len()) {
            return Ok(());
        }
        let expected = format!("{} to {}", expected.start(), expected.end());
        Err(RowFault::Columns { found: self.fields.len(), expected })
    }

    /// The text of a column; columns were counted before.
    fn text(&self, index: usize) -> &str {
        self.fields.get(index).copied().unwrap_or_default()
    }

    fn fault(&self, index: usize, column: &'static str, expected: &'static str) -> RowFault {
        RowFault::Value { column, found: self.text(index).to_owned(), expected }
    }

    fn number(&self, index: usize, column: &'static str) -> Result<f64, RowFault> {
        let value: Option<f64> = self.text(index).parse().ok();
        value.filter(|value| value.is_finite()).ok_or_else(|| self.fault(index, column, "a finite number"))
    }

    /// A whole number, which some tools write as `12.0`.
    fn whole(&self, index: usize, column: &'static str, expected: &'static str) -> Result<i64, RowFault> {
        if let Ok(value) = self.text(index).parse() {
            return Ok(value);
        }
        const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53: above it not every whole number is an f64
        let value: Option<f64> = self.text(index).parse().ok();
        match value {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            Some(value) if value.fract() == 0.0 && value.abs() < EXACT => Ok(value as i64),
            _ => Err(self.fault(index, column, expected)),
        }
    }

    fn frame(&self) -> Result<u32, RowFault> {
        const EXPECTED: &str = "a whole number from 1";
        let frame = self.whole(0, "frame", EXPECTED)?;
        u32::try_from(frame).ok().filter(|&frame| frame >= 1).ok_or_else(|| self.fault(0, "frame", EXPECTED))
    }

    fn id(&self) -> Result<i64, RowFault> {
        self.whole(1, "id", "a whole number")
    }

    fn class(&self, index: usize) -> Result<u8, RowFault> {
        const EXPECTED: &str = "a class from 1 to 13";
        let class = self.whole(index, "class", EXPECTED)?;
        let class = u8::try_from(class).ok().filter(|class| (1..=13).contains(class));
        class.ok_or_else(|| self.fault(index, "class", EXPECTED))
    }

    fn bbox(&self) -> Result<PixelBox, RowFault> {
        let (left, top) = (self.number(2, "left")?, self.number(3, "top")?);
        let (width, height) = (self.number(4, "width")?, self.number(5, "height")?);
        // Boxes of no size are let through: they match nothing, and some detectors write them.
        if width < 0.0 {
            return Err(self.fault(4, "width", "0 or more"));
        }
        if height < 0.0 {
            return Err(self.fault(5, "height", "0 or more"));
        }
        Ok(PixelBox { left, top, right: left + width, bottom: top + height })
    }
}

#[derive(Default)]
struct UniqueIds {
    lines: HashMap<(u32, i64), usize>,
}

impl UniqueIds {
    fn add(&mut self, line: usize, frame: u32, id: i64) -> Result<(), RowFault> {
        match self.lines.insert((frame, id), line) {
            None => Ok(()),
            Some(first_line) => Err(RowFault::Duplicate { id, frame, first_line }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Display;

    fn message<T: std::fmt::Debug>(result: Result<T, impl Display>) -> String {
        result.map_or_else(|fault| fault.to_string(), |value| panic!("read {value:?}"))
    }

    #[test]
    fn every_variant_of_ground_truth_is_read() {
        let mot15 = parse_ground_truth("1,9,499,158,31.25,75.5,1,-4.1554,-7.3591,0\n2,9,1,2,3,4,0,-1,-1,-1\n", None);
        let mot15 = mot15.unwrap();
        assert_eq!(mot15.format, GroundTruthFormat::Mot15);
        assert_eq!(mot15.rows.len(), 2);
        let first = mot15.rows[0];
        assert_eq!((first.frame, first.id, first.conf, first.class), (1, 9, 1.0, None));
        assert_eq!(first.bbox, PixelBox { left: 499.0, top: 158.0, right: 530.25, bottom: 233.5 });

        let mot17 = parse_ground_truth("1, 1, 912, 484, 97, 109, 0, 7, 1\r\n\r\n2,1,912,484,97,109,1,1,0.5\r\n", None);
        let mot17 = mot17.unwrap();
        assert_eq!(mot17.format, GroundTruthFormat::Mot17);
        assert_eq!(mot17.rows.iter().map(|row| row.class).collect::<Vec<_>>(), [Some(7), Some(1)]);

        let blanks = parse_ground_truth("\u{feff}1.0 2.0\t3 4 5 6 1\n", None).unwrap();
        assert_eq!((blanks.format, blanks.rows[0].id), (GroundTruthFormat::Mot15, 2));
        assert!(parse_ground_truth("", None).unwrap().rows.is_empty());
        let eight = "1,1,1,1,1,1,1,1";
        assert_eq!(parse_ground_truth(eight, Some(GroundTruthFormat::Mot17)).unwrap().rows[0].class, Some(1));
        assert_eq!(parse_ground_truth(eight, Some(GroundTruthFormat::Mot15)).unwrap().rows[0].class, None);
    }

    #[test]
    fn tracks_and_detections_are_read() {
        let tracks = parse_tracks("3,12,-5.25,0,10,20,0.9,-1,-1,-1,\n").unwrap();
        let bbox = PixelBox { left: -5.25, top: 0.0, right: 4.75, bottom: 20.0 };
        assert_eq!(tracks, [TrackRow { frame: 3, id: 12, bbox, score: 0.9 }]);
        let detections = parse_detections("3,-1,-5.25,0,10,20,0.9\n3,-1,-5.25,0,10,20,0.9\n").unwrap();
        assert_eq!(detections, [DetectionRow { frame: 3, bbox, score: 0.9 }; 2]);
    }

    #[test]
    fn faults_say_where_what_was_found_and_what_was_expected() {
        let tracks = |text| message(parse_tracks(text));
        assert_eq!(tracks("1,1,2,3\n"), "line 1: found 4 columns, expected 7 to 10");
        assert_eq!(
            tracks("1,1,2,3,4,5,6\n\n2,1,2,3,4,5,6,7\n"),
            "line 3: found 8 columns, expected 7 as on the lines before"
        );
        assert_eq!(tracks("0,1,2,3,4,5,6"), "line 1: frame: found `0`, expected a whole number from 1");
        assert_eq!(tracks("1.5,1,2,3,4,5,6"), "line 1: frame: found `1.5`, expected a whole number from 1");
        assert_eq!(
            tracks("99999999999,1,2,3,4,5,6"),
            "line 1: frame: found `99999999999`, expected a whole number from 1"
        );
        assert_eq!(tracks("1,x,2,3,4,5,6"), "line 1: id: found `x`, expected a whole number");
        assert!(tracks("1,-1,2,3,4,5,6").starts_with("line 1: id: found `-1`, expected a track's number"));
        assert_eq!(tracks("1,1,nan,3,4,5,6"), "line 1: left: found `nan`, expected a finite number");
        assert_eq!(tracks("1,1,2,,4,5,6"), "line 1: top: found ``, expected a finite number");
        assert_eq!(tracks("1,1,2,3,-4,5,6"), "line 1: width: found `-4`, expected 0 or more");
        assert_eq!(tracks("1,1,2,3,4,5,inf"), "line 1: score: found `inf`, expected a finite number");
        assert_eq!(
            tracks("1,1,2,3,4,5,6\n2,1,2,3,4,5,6\n1,1,9,9,9,9,9"),
            "line 3: id 1 is in frame 1 a second time (first on line 1)"
        );
        let truth = |text, format| message(parse_ground_truth(text, format));
        assert_eq!(
            truth("1,1,2,3,4,5,6,7", None),
            "line 1: found 8 columns, expected 9 (MOT17), 7 or 10 (MOT15), or a format by name"
        );
        assert_eq!(truth("1,1,2,3,4,5,6,14,1", None), "line 1: class: found `14`, expected a class from 1 to 13");
        assert_eq!(truth("1,1,2,3,4,5,6", Some(GroundTruthFormat::Mot17)), "line 1: found 7 columns, expected 8 to 10");
        assert_eq!(
            truth("1,1,2,3,4,5,6\n1,1,2,3,4,5,6", None),
            "line 2: id 1 is in frame 1 a second time (first on line 1)"
        );
    }

    #[test]
    fn a_track_is_written_with_fixed_decimals() {
        let bbox = PixelBox { left: -0.001, top: 10.0, right: 20.126, bottom: 30.5 };
        let mut out = Vec::new();
        write_track(&mut out, &TrackRow { frame: 7, id: 3, bbox, score: 0.5 }).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "7,3,0.00,10.00,20.13,20.50,0.5000,-1,-1,-1\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            frame in 1u32..100_000, id in 0i64..1_000_000, corner in (-500.0..4000.0f64, -500.0..4000.0f64),
            size in (0.0..500.0f64, 0.0..500.0f64), score in 0.0..1.0f64,
        ) {
            let bbox = PixelBox { left: corner.0, top: corner.1, right: corner.0 + size.0, bottom: corner.1 + size.1 };
            let row = TrackRow { frame, id, bbox, score };
            let mut out = Vec::new();
            write_track(&mut out, &row).unwrap();
            let read = parse_tracks(std::str::from_utf8(&out).unwrap()).unwrap();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!((read[0].frame, read[0].id), (frame, id));
            prop_assert!((read[0].bbox.left - bbox.left).abs() < 0.006 && (read[0].bbox.right - bbox.right).abs() < 0.011);
            prop_assert!((read[0].bbox.top - bbox.top).abs() < 0.006 && (read[0].bbox.bottom - bbox.bottom).abs() < 0.011);
            prop_assert!((read[0].score - score).abs() < 0.000_06);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9a-z., \\n\\t]{0,80}") {
            let _ = parse_ground_truth(&text, None);
            let _ = parse_tracks(&text);
            let _ = parse_detections(&text);
        }
    }
}
