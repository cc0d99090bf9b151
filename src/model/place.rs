//! What a reading or a rule is about.

use std::fmt;

use super::{CameraId, DestinationId, LineId, Scope, SiteId, ZoneId};

/// A place: something that has readings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A camera's zone.
    Zone(CameraId, ZoneId),
    /// A camera's line.
    Line(CameraId, LineId),
    /// A camera's whole picture.
    Camera(CameraId),
    /// Several zones as one.
    Site(SiteId),
    /// Where alerts are sent.
    Destination(DestinationId),
}

impl Place {
    /// What kind of place it is.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::Zone(..) => Scope::Zone,
            Self::Line(..) => Scope::Line,
            Self::Camera(_) => Scope::Camera,
            Self::Site(_) => Scope::Site,
            Self::Destination(_) => Scope::Destination,
        }
    }

    /// The camera that sees it; `None` of a site, which several may see, and of what isn't seen.
    #[must_use]
    pub fn camera(&self) -> Option<&CameraId> {
        match self {
            Self::Zone(camera, _) | Self::Line(camera, _) | Self::Camera(camera) => Some(camera),
            Self::Site(_) | Self::Destination(_) => None,
        }
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> Option<&ZoneId> {
        match self {
            Self::Zone(_, zone) => Some(zone),
            _ => None,
        }
    }

    /// The line.
    #[must_use]
    pub fn line(&self) -> Option<&LineId> {
        match self {
            Self::Line(_, line) => Some(line),
            _ => None,
        }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> Option<&SiteId> {
        match self {
            Self::Site(site) => Some(site),
            _ => None,
        }
    }

    /// The destination.
    #[must_use]
    pub fn destination(&self) -> Option<&DestinationId> {
        match self {
            Self::Destination(destination) => Some(destination),
            _ => None,
        }
    }
}

/// As rules name it: `CAMERA/ZONE`, `CAMERA/LINE`, `CAMERA` or `SITE`; a destination by its id.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(camera, zone) => write!(f, "{camera}/{zone}"),
            Self::Line(camera, line) => write!(f, "{camera}/{line}"),
            Self::Camera(camera) => camera.fmt(f),
            Self::Site(site) => site.fmt(f),
            Self::Destination(destination) => destination.fmt(f),
        }
    }
}
