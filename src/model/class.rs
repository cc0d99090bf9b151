//! What is counted.

use std::fmt;

/// A kind of road user that can be counted. Everything else a model knows is dropped at decoding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ObjectClass {
    /// A pedestrian.
    Person,
    /// A bicycle (its rider is a person of their own).
    Bicycle,
    /// A motorcycle or scooter.
    Motorcycle,
    /// A car.
    Car,
    /// A bus.
    Bus,
    /// A truck.
    Truck,
}

impl ObjectClass {
    /// All classes, in the order in which they are written.
    pub const ALL: [Self; 6] = [Self::Person, Self::Bicycle, Self::Motorcycle, Self::Car, Self::Bus, Self::Truck];

    /// The name in configuration, files and metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Bicycle => "bicycle",
            Self::Motorcycle => "motorcycle",
            Self::Car => "car",
            Self::Bus => "bus",
            Self::Truck => "truck",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for ObjectClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of classes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassSet(u8);

impl ClassSet {
    /// No class.
    pub const EMPTY: Self = Self(0);
    /// People only: the default of zones and lines.
    pub const PERSON: Self = Self(1);

    /// Whether the class is in the set.
    #[must_use]
    pub fn contains(self, class: ObjectClass) -> bool {
        self.0 & (1 << class as u8) != 0
    }

    /// The set with this class added.
    #[must_use]
    pub fn with(self, class: ObjectClass) -> Self {
        Self(self.0 | 1 << class as u8)
    }

    /// The classes of either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set has no class.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its classes, in the order of [`ObjectClass::ALL`].
    pub fn iter(self) -> impl Iterator<Item = ObjectClass> {
        ObjectClass::ALL.into_iter().filter(move |&class| self.contains(class))
    }
}

impl FromIterator<ObjectClass> for ClassSet {
    fn from_iter<I: IntoIterator<Item = ObjectClass>>(classes: I) -> Self {
        classes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for ClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
