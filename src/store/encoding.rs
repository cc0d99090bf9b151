//! Readings as bytes: all of one moment, and one measure's over an hour. Both come back bit by bit.
//!
//! A value takes as many bytes as it needs to come back exactly: none where it is unknown, one or two for small whole
//! numbers (counts, flags, "not within 1800 s"), four where it is an `f32`, else eight. Rounding everything to `f32`
//! would be smaller and wrong: 13 people on 10 m² are at the threshold 1.3, and below it once rounded, so that a
//! back-test would miss an alert that fired.
//!
//! - reading: `tag` (quality in the low 5 bits, form of the value in the high 3), then the value, little-endian.
//! - moment: a byte 1 (the format), then for each measure in the order of its number: number, reading.
//! - hour: a byte 2, the number of moments, their distances from one another, then the readings as runs: of readings
//!   themselves, or of places in a list of those that occur, whichever is shorter. What seldom changes takes next to
//!   nothing, and a density, which is a count over an area, a byte or two.
//!
//! Numbers of measures, lengths and distances are LEB128.

use std::collections::HashMap;

use super::code;
use crate::model::Reading;

const MOMENT: u8 = 1;
const HOUR: u8 = 2;
/// A quality of its own: there is no such reading at that moment.
const ABSENT: u8 = 31;

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_reading(bytes: &mut Vec<u8>, reading: Option<Reading>) {
    let Some(reading) = reading else { return bytes.push(ABSENT) };
    let tag = |form: u8| form << 5 | code::quality(reading);
    let Some(value) = reading.value() else { return bytes.push(tag(0)) };
    let same = |other: f64| other.to_bits() == value.to_bits();
    if same(f64::from(value as u8)) {
        bytes.extend([tag(1), value as u8]);
    } else if same(f64::from(value as u16)) {
        bytes.push(tag(2));
        bytes.extend((value as u16).to_le_bytes());
    } else if same(f64::from(value as f32)) {
        bytes.push(tag(3));
        bytes.extend((value as f32).to_le_bytes());
    } else {
        bytes.push(tag(4));
        bytes.extend(value.to_le_bytes());
    }
}

/// Reads what was put; `None`: it is not what was put.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// `Some(None)`: none at that moment.
    fn reading(&mut self) -> Option<Option<Reading>> {
        let tag = self.byte()?;
        let quality = tag & 0x1f;
        if tag == ABSENT {
            return Some(None);
        }
        let value = match tag >> 5 {
            0 => None,
            1 => Some(f64::from(self.byte()?)),
            2 => Some(f64::from(u16::from_le_bytes(self.array()?))),
            3 => Some(f64::from(f32::from_le_bytes(self.array()?))),
            4 => Some(f64::from_le_bytes(self.array()?)),
            _ => return None,
        };
        code::reading(quality, value).map(Some)
    }
}

/// All readings of a moment, by number, rising.
pub(super) fn moment(readings: impl Iterator<Item = (u32, Reading)>) -> Vec<u8> {
    let mut bytes = vec![MOMENT];
    for (number, reading) in readings {
        put_number(&mut bytes, u64::from(number));
        put_reading(&mut bytes, Some(reading));
    }
    bytes
}

/// Gives each reading of a moment to `take`; `None` where the bytes are none of a moment.
pub(super) fn read_moment(bytes: &[u8], mut take: impl FnMut(u32, Reading)) -> Option<()> {
    let mut bytes = Bytes(bytes);
    if bytes.byte()? != MOMENT {
        return None;
    }
    while !bytes.0.is_empty() {
        let number = u32::try_from(bytes.number()?).ok()?;
        take(number, bytes.reading()??);
    }
    Some(())
}

/// One measure's readings over time: microseconds since the hour began, rising.
pub(super) fn hour(series: &[(i64, Option<Reading>)]) -> Vec<u8> {
    let mut bytes = vec![HOUR];
    put_number(&mut bytes, series.len() as u64);
    let distances = series.iter().scan(0, |before, &(at, _)| Some(at - std::mem::replace(before, at)));
    put_runs(&mut bytes, distances.map(|distance| distance.unsigned_abs()), put_number);
    let (plain, listed) = (plain_runs(series), listed_runs(series));
    bytes.extend(if plain.len() <= listed.len() { plain } else { listed });
    bytes
}

fn put_runs<T: PartialEq>(bytes: &mut Vec<u8>, items: impl Iterator<Item = T>, put: fn(&mut Vec<u8>, T)) {
    let mut items = items.peekable();
    while let Some(item) = items.next() {
        let mut length = 1;
        while items.next_if_eq(&item).is_some() {
            length += 1;
        }
        put_number(bytes, length);
        put(bytes, item);
    }
}

/// Bits instead of numbers: a run is of what comes back the same, whatever `==` says of 0 and −0.
fn key(reading: Option<Reading>) -> (u8, u64) {
    let quality = reading.map_or(ABSENT, code::quality);
    (quality, reading.and_then(Reading::value).map_or(0, f64::to_bits))
}

fn plain_runs(series: &[(i64, Option<Reading>)]) -> Vec<u8> {
    let mut bytes = vec![0];
    for run in series.chunk_by(|(_, a), (_, b)| key(*a) == key(*b)) {
        put_number(&mut bytes, run.len() as u64);
        put_reading(&mut bytes, run.first().and_then(|(_, reading)| *reading));
    }
    bytes
}

fn listed_runs(series: &[(i64, Option<Reading>)]) -> Vec<u8> {
    let mut places: HashMap<(u8, u64), u64> = HashMap::new();
    let (mut list, mut runs) = (Vec::new(), Vec::new());
    for run in series.chunk_by(|(_, a), (_, b)| key(*a) == key(*b)) {
        let Some(&(_, reading)) = run.first() else { continue };
        let new = places.len() as u64;
        let place = *places.entry(key(reading)).or_insert_with(|| {
            put_reading(&mut list, reading);
            new
        });
        put_number(&mut runs, run.len() as u64);
        put_number(&mut runs, place);
    }
    let mut bytes = vec![1];
    put_number(&mut bytes, places.len() as u64);
    bytes.extend(list);
    bytes.extend(runs);
    bytes
}

/// Gives each reading of an hour to `take`; `None` where the bytes are none of an hour.
pub(super) fn read_hour(bytes: &[u8], mut take: impl FnMut(i64, Reading)) -> Option<()> {
    let mut bytes = Bytes(bytes);
    if bytes.byte()? != HOUR {
        return None;
    }
    let count = usize::try_from(bytes.number()?).ok()?;
    // A damaged length must not take all memory.
    let mut times = Vec::with_capacity(count.min(4096));
    let mut at = 0;
    while times.len() < count {
        let (length, distance) = (bytes.number()?, i64::try_from(bytes.number()?).ok()?);
        for _ in 0..length.min((count - times.len()) as u64) {
            at += distance;
            times.push(at);
        }
        if length == 0 {
            return None;
        }
    }
    let list = match bytes.byte()? {
        0 => None,
        1 => {
            let count = bytes.number()?;
            Some((0..count).map(|_| bytes.reading()).collect::<Option<Vec<_>>>()?)
        }
        _ => return None,
    };
    let mut times = times.into_iter();
    while times.len() > 0 {
        let length = usize::try_from(bytes.number()?).ok()?;
        let reading = match &list {
            None => bytes.reading()?,
            Some(list) => *list.get(usize::try_from(bytes.number()?).ok()?)?,
        };
        if length == 0 {
            return None;
        }
        for at in times.by_ref().take(length) {
            if let Some(reading) = reading {
                take(at, reading);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::UnknownReason;

    fn reading() -> impl Strategy<Value = Reading> {
        let value = prop_oneof![
            (0u32..70_000).prop_map(f64::from),
            (-50i32..5000).prop_map(|tenths| f64::from(tenths) / 10.0),
            any::<f32>().prop_map(f64::from),
            any::<f64>(),
        ];
        prop_oneof![
            4 => value.clone().prop_map(Reading::Valid),
            1 => value.clone().prop_map(Reading::AtLeast),
            1 => value.prop_map(Reading::AtMost),
            1 => Just(Reading::Unknown(UnknownReason::NoFrames)),
            1 => Just(Reading::Unknown(UnknownReason::NotEnough)),
        ]
    }

    fn bits(reading: Reading) -> (u8, u64) {
        key(Some(reading))
    }

    proptest! {
        #[test]
        fn a_moment_comes_back_bit_by_bit(readings in proptest::collection::vec(reading(), 0..60)) {
            let bytes = moment((0..).step_by(3).zip(readings.iter().copied()));
            let mut back = Vec::new();
            prop_assert_eq!(read_moment(&bytes, |number, reading| back.push((number, bits(reading)))), Some(()));
            let given: Vec<_> = (0..).step_by(3).zip(readings.into_iter().map(bits)).collect();
            prop_assert_eq!(back, given);
        }

        #[test]
        fn an_hour_comes_back_bit_by_bit(
            series in proptest::collection::vec((1i64..3_000_000, proptest::option::of(reading()), 1usize..20), 0..60),
        ) {
            let mut at = 0;
            let mut all = Vec::new();
            for (step, reading, length) in series {
                for _ in 0..length {
                    at += step;
                    all.push((at, reading));
                }
            }
            let mut back = Vec::new();
            prop_assert_eq!(read_hour(&hour(&all), |at, reading| back.push((at, bits(reading)))), Some(()));
            let given: Vec<_> = all.into_iter().filter_map(|(at, reading)| Some((at, bits(reading?)))).collect();
            prop_assert_eq!(back, given);
        }

        #[test]
        fn other_bytes_are_no_readings_and_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read_moment(&bytes, |_, _| ());
            let _ = read_hour(&[&[HOUR][..], &bytes].concat(), |_, _| ());
        }
    }

    #[test]
    fn an_hour_of_a_quiet_zone_takes_little_room() {
        let second = |s: i64| s * 1_000_000;
        let idle: Vec<_> = (0..3600).map(|s| (second(s), Some(Reading::AtLeast(1800.0)))).collect();
        assert!(hour(&idle).len() < 20, "{}", hour(&idle).len());
        // A density that changes every other second, between 41 counts.
        let density = |s: i64| Reading::Valid((s / 2 % 41) as f64 / 55.3);
        let busy: Vec<_> = (0..3600).map(|s| (second(s), Some(density(s)))).collect();
        assert!(hour(&busy).len() < 4200, "{}", hour(&busy).len());
    }
}
