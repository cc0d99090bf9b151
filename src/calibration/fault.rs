//! Why a calibration is refused.

use std::fmt;

/// Where points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// In the picture.
    Picture,
    /// On the ground.
    Ground,
}

impl fmt::Display for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Picture => "in the picture",
            Self::Ground => "on the ground",
        })
    }
}

/// Why a calibration is refused. Points are counted from 0, as paths in a configuration are.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationFault {
    /// Fewer than four point pairs.
    #[error("{count} point {}", if *count == 1 { "pair" } else { "pairs" })]
    TooFewPoints {
        /// How many there are.
        count: usize,
    },
    /// Two pairs have the same place.
    #[error("points [{first}] and [{second}], which are the same place {plane}")]
    RepeatedPoint {
        /// The first of them.
        first: usize,
        /// The second of them.
        second: usize,
        /// Where they are the same.
        plane: Plane,
    },
    /// All points but at most one lie on one line: there is no telling what lies beside it.
    #[error("points {}, which lie on one line {plane}", Indices(points))]
    OnOneLine {
        /// The points of the line.
        points: Vec<usize>,
        /// Where they lie on a line.
        plane: Plane,
    },
    /// The points run round the other way in the picture than on the ground.
    #[error("a mirror image: the points run round one way in the picture and the other way on the ground")]
    Mirrored,
    /// Some triangles of points run round the other way and others don't: points are mixed up.
    #[error("points {}, which run round the other way in the picture than the other points do", Indices(points))]
    MixedUp {
        /// A triangle that stands for them.
        points: Vec<usize>,
    },
    /// No plane fits most of the points.
    #[error(
        "points that contradict one another: the best plane fits {agreeing} of {count}, and point [{worst}] is off by \
         {}", Off(*worst_ground_m)
    )]
    Disagree {
        /// How many fit the best plane.
        agreeing: usize,
        /// How many there are.
        count: usize,
        /// The point that fits worst.
        worst: usize,
        /// How far that is off, in metres; `None`: it would be beyond the horizon.
        worst_ground_m: Option<f64>,
    },
    /// The matrix has no inverse, or maps the picture to numbers beyond all measure.
    #[error("a matrix that does not map the picture to a plane")]
    Singular,
    /// The bottom of the picture would be sky: the matrix is a mirror image, or the camera looks upwards.
    #[error("a matrix whose ground is above its horizon: a mirror image, or a picture upside down")]
    UpsideDown,
}

impl CalibrationFault {
    /// The point that is at fault, where it is one.
    #[must_use]
    pub fn point(&self) -> Option<usize> {
        match self {
            Self::RepeatedPoint { second, .. } => Some(*second),
            Self::Disagree { worst, .. } => Some(*worst),
            _ => None,
        }
    }

    /// What would be right.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        match self {
            Self::TooFewPoints { .. } => "four or more, { image = [x, y], ground = [x_m, y_m] }",
            Self::RepeatedPoint { .. } => "each place once",
            Self::OnOneLine { .. } => "at least two points to the side of any line through the others",
            Self::Mirrored | Self::UpsideDown => {
                "ground axes that are right-handed as seen from above: with x to the right, y goes away from the viewer"
            }
            Self::MixedUp { .. } => "each place in the picture with its own place on the ground",
            Self::Disagree { .. } => "points of which at least five, and more than half, fit one plane",
            Self::Singular => "a 3×3 matrix from pixels of frame_size to metres, with an inverse",
        }
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::TooFewPoints { .. } => "More than four show how exact they are; six to ten are best",
            Self::RepeatedPoint { .. } => "Leave one of them out",
            Self::OnOneLine { .. } => "Spread the points over the ground that is to be measured",
            Self::Mirrored => "Turn the sign of one ground axis, or swap x and y",
            Self::MixedUp { .. } => "Two points may have been swapped, or a coordinate lost its sign",
            Self::Disagree { .. } => {
                "Check that point first: a swapped pair, a slip of the pen, or a place off the plane"
            }
            Self::Singular => "Point pairs are easier to get right: points = [{ image = …, ground = … }, …]",
            Self::UpsideDown => "Turn the sign of one ground axis in the matrix (one of its first two rows)",
        }
    }
}

struct Indices<'i>(&'i [usize]);

impl fmt::Display for Indices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, index) in self.0.iter().enumerate() {
            match at {
                0 => {}
                _ if at + 1 == self.0.len() => f.write_str(" and ")?,
                _ => f.write_str(", ")?,
            }
            write!(f, "[{index}]")?;
        }
        Ok(())
    }
}

struct Off(Option<f64>);

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(metres) => write!(f, "{metres:.2} m"),
            None => f.write_str("more than can be said, beyond the horizon"),
        }
    }
}
