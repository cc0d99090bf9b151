//! One thing that is wrong in a configuration, said so that it can be mended.

use std::fmt;

use super::secret;

macro_rules! fault_kinds {
    ($($(#[$doc:meta])* $kind:ident,)*) => {
        /// What is wrong, as a closed set. Each has a file in `tests/config_bad/` that shows its message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind {
            $($(#[$doc])* $kind,)*
        }

        impl FaultKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// A key or type that does not fit: what is meant is checked only once there are no such faults.
            #[must_use]
            pub fn is_of_shape(self) -> bool {
                matches!(self, Self::UnknownKey | Self::WrongType)
            }

            /// A secret that is not, or not usable, where the configuration says: that lies outside the configuration.
            #[must_use]
            pub fn is_missing_secret(self) -> bool {
                matches!(self, Self::EnvironmentUnset | Self::SecretUnreadable | Self::SecretUnusable)
            }
        }
    };
}

fault_kinds! {
    /// A key that does not exist.
    UnknownKey,
    /// A value of another type than the key takes: text for a number, a table for a list.
    WrongType,
    /// A key that must be given is not.
    MissingKey,
    /// A text that has to be one of a few words is not.
    UnknownWord,
    /// A text is empty, too long, or has control characters.
    BadText,
    /// A path that cannot be one.
    BadPath,
    /// A table's name is not an id.
    BadId,
    /// `nan`, `inf` or `-inf`.
    NotFinite,
    /// A number outside what makes sense.
    OutOfRange,
    /// A number with a fraction where only whole ones make sense.
    NotWhole,
    /// A list of another length than is needed.
    WrongLength,
    /// A time that is not RFC 3339 with its offset.
    BadTime,
    /// The address of a server or mail box cannot be read.
    BadAddress,
    /// The server's address can be reached from other machines.
    NotLoopback,
    /// There is nothing to watch.
    NoCamera,
    /// A camera has no source, or several.
    NotOneSource,
    /// The network's input size is not `"WIDTHxHEIGHT"` in multiples of 32.
    BadInputSize,
    /// A frame rate to keep where no input size is chosen by it.
    KeepFpsUnused,
    /// A seconds budget is shorter than the time between two analysed frames.
    ShorterThanFrameInterval,
    /// The low score is above the high score.
    ThresholdsCrossed,
    /// A moving camera has zones, lines, a calibration or a density map.
    MobileWithPlaces,
    /// A camera asks for a density map, and no model is named for it.
    NoDensityMap,
    /// The region follows the zones, and there are none.
    RegionWithoutPlaces,
    /// A polygon with fewer than three corners, or far too many.
    CornerCount,
    /// Two corners are the same point.
    RepeatedCorner,
    /// A polygon without an inside.
    ZeroArea,
    /// A polygon whose edges cross.
    SelfCrossing,
    /// A point that is not in the picture.
    OutsidePicture,
    /// A line whose ends are the same point.
    LineWithoutLength,
    /// A walkable area or an obstacle that reaches the horizon, beyond which there is no ground.
    BeyondHorizon,
    /// A zone in which nobody can stand, by what is said of where people can walk.
    OutsideWalkable,
    /// Coordinates in pixels of a picture of unknown size.
    FrameSizeMissing,
    /// A frame size where the coordinates are not in pixels.
    FrameSizeUnused,
    /// A calibration that is given in no way, or in several.
    NotOneCalibration,
    /// Points or a matrix that make no map between picture and ground.
    BadCalibration,
    /// Coordinates on the ground of a camera that is not calibrated.
    GroundWithoutCalibration,
    /// A point on the ground that is behind the camera.
    BehindCamera,
    /// A list of classes without a class.
    NoClass,
    /// A network address that cannot be read.
    BadUrl,
    /// A network address of another kind than the table that holds it.
    WrongScheme,
    /// A network address with a user name or password in it.
    SecretInUrl,
    /// A user name or password that is given in no way, or in several.
    NotOneSecret,
    /// A place for the password in the address, and no password.
    PlaceholderWithoutCredentials,
    /// What should be the name of an environment variable can't be one: the secret itself, perhaps.
    NotAVariable,
    /// An environment variable that is named for a secret is not set.
    EnvironmentUnset,
    /// A file that is named for a secret cannot be read.
    SecretUnreadable,
    /// A secret that is empty or spans several lines.
    SecretUnusable,
    /// A zone's or line's direction without length.
    DirectionWithoutLength,
    /// A zone, line, camera or source that is referred to does not exist.
    UnknownPlace,
    /// A site, unit, schedule or profile that is referred to does not exist.
    UnknownName,
    /// An external source whose messages come in no way, or in two.
    NotOneAccess,
    /// A destination of no kind, or of several.
    NotOneDestination,
    /// Destinations without a store, in which messages wait.
    StoreMissing,
    /// A store that is in two places, or a file with a password.
    NotOneStore,
    /// A unit that is above itself.
    UnitCircle,
    /// The same is said twice: a step's id, a site's plan for a level, a zone of a site, the id of a camera and a source.
    Repeated,
    /// A date, a time of day or a time zone that there is not.
    BadCalendar,
    /// A site map's picture that is not there or can't be read.
    PictureUnreadable,
    /// A site map's picture that is neither PNG nor JPEG.
    NotAPicture,
    /// A site map's picture with too many bytes or pixels.
    PictureTooLarge,
    /// A rule about no place, or about several.
    NotOnePlace,
    /// A rule whose place has no such measure.
    MeasureOfAnotherPlace,
    /// A rule on a measure that can't be had there for want of an area, a calibration or the like.
    MeasureUnknowable,
    /// A rule on a zone or line that does not count people.
    PlaceWithoutPeople,
    /// A rule that can never alert.
    NoLevel,
    /// A rule that asks for shipped levels and gives its own, or asks for shipped ones that don't exist.
    LevelsAndUse,
    /// A level's threshold is not worse than that of the milder level.
    LevelsOutOfOrder,
    /// A level is left at a value that is not better than the one at which it is raised.
    ClearNotBetterThanRaise,
    /// A level would be left at a value that its measure never reads.
    NeverClears,
}

/// One thing that is wrong, where, and what would be right. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The key: `cameras.gate.zones.plaza.polygon[2]` (list items are counted from 0). Empty: the whole file.
    pub path: String,
    /// The line of the key, or of the table that lacks it, from 1.
    pub line: Option<usize>,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: String,
    /// What to do, where that is not plain from the rest.
    pub help: Option<String>,
}

impl Fault {
    /// A fault; secrets in `found` are hidden. Path and line are filled in where it is recorded.
    pub(super) fn new(kind: FaultKind, found: impl fmt::Display, expected: impl Into<String>) -> Self {
        let found = secret::mask(&found.to_string());
        Self { kind, path: String::new(), line: None, found, expected: expected.into(), help: None }
    }

    /// The fault with the known name that was probably meant, where there is one.
    pub(super) fn meant(self, name: Option<&str>) -> Self {
        match name {
            Some(name) => self.help(format!("Did you mean {name:?}?")),
            None => self,
        }
    }

    /// The fault with a help text.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            f.write_str(&self.path)?;
            if let Some(line) = self.line {
                write!(f, " (line {line})")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "found {}, expected {}", self.found, self.expected)?;
        match &self.help {
            Some(help) => write!(f, ". {help}"),
            None => Ok(()),
        }
    }
}
