//! Numbers as written, and what they may be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A number as written: it may still be `nan` or `inf`, which TOML allows. The one way to its value is
/// [`Number::within`], so that no value that is not finite gets into a plan.
#[derive(Clone, Copy)]
pub(super) struct Number(f64);

/// Why a number cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberFault {
    /// `nan`, `inf` or `-inf`.
    NotFinite,
    /// Below the least or above the greatest.
    OutOfRange,
    /// Has a fraction.
    NotWhole,
}

impl Number {
    /// Its value, where it is finite and in the range.
    pub(super) fn within(self, range: Range) -> Result<f64, NumberFault> {
        let Self(value) = self;
        if !value.is_finite() {
            Err(NumberFault::NotFinite)
        } else if value > range.most || value < range.least || (range.above && value <= range.least) {
            Err(NumberFault::OutOfRange)
        } else if range.whole && value.fract() != 0.0 {
            Err(NumberFault::NotWhole)
        } else {
            Ok(value)
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As TOML writes it: Rust's own `NaN` is no TOML.
        if self.0.is_nan() { f.write_str("nan") } else { write!(f, "{}", Short(self.0)) }
    }
}

/// A finite number, very large and very small ones with an exponent.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && size.is_finite() && !(1e-6..1e15).contains(&size) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                Ok(Number(value))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }
            fn visit_i128<E: Error>(self, value: i128) -> Result<Number, E> {
                Ok(Number(value as f64))
            }
            fn visit_u128<E: Error>(self, value: u128) -> Result<Number, E> {
                Ok(Number(value as f64))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// What a number may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    least: f64,
    above: bool,
    most: f64,
    whole: bool,
    unit: &'static str,
}

impl Range {
    /// From `least` to `most`, both included.
    pub(super) const fn from_to(least: f64, most: f64) -> Self {
        Self { least, above: false, most, whole: false, unit: "" }
    }

    /// Above 0, up to and including `most`.
    pub(super) const fn above_zero(most: f64) -> Self {
        Self { least: 0.0, above: true, most, whole: false, unit: "" }
    }

    /// The same range with 0 as its least.
    pub(super) const fn with_zero(mut self) -> Self {
        self.least = 0.0;
        self.above = false;
        self
    }

    /// Only whole numbers of it.
    pub(super) const fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// With the unit that messages name: ` seconds`.
    pub(super) const fn of(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.whole { "a whole number " } else { "a number " })?;
        if self.above {
            write!(f, "above {} and up to {}{}", Short(self.least), Short(self.most), self.unit)
        } else {
            write!(f, "from {} to {}{}", Short(self.least), Short(self.most), self.unit)
        }
    }
}
