//! Level of service: how comfortable a density is.

/// What a zone is for: moving and standing crowds are judged by different tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ZoneUse {
    /// People walk through.
    #[default]
    Walkway,
    /// People stand and wait.
    Waiting,
}

impl ZoneUse {
    /// All uses.
    pub const ALL: [Self; 2] = [Self::Walkway, Self::Waiting];

    /// Its name in configuration and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Walkway => "walkway",
            Self::Waiting => "waiting",
        }
    }
}

/// A, free, to F, jammed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LevelOfService {
    /// Free.
    A,
    /// Nearly free.
    B,
    /// Walking past others is restricted.
    C,
    /// Most people cannot choose their speed.
    D,
    /// Everybody is held up.
    E,
    /// Jammed.
    F,
}

impl LevelOfService {
    /// All levels, the best first.
    pub const ALL: [Self; 6] = [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F];

    /// Its letter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::F => "F",
        }
    }

    /// As a number: 1 is A, 6 is F.
    #[must_use]
    pub fn number(self) -> f64 {
        f64::from(self as u8 + 1)
    }

    /// The level of that number; `None` where there is none.
    #[must_use]
    pub fn from_number(number: f64) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }
}
