//! Places by key.

use std::fmt;

use super::sql::{Row, unreadable, values};
use super::{Store, StoreError};
use crate::model::{CameraId, DestinationId, LineId, Place, SiteId, Timestamp, ZoneId};

/// A place as the store names it: a kind, the camera where it belongs to one, and a name; as text
/// `zone:gate/plaza`, `line:gate/kerb`, `camera:gate`, `site:bund`, `source:campus/north`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceKey {
    /// What kind of place: `zone`, `line`, `camera`, or what comes later.
    pub kind: String,
    /// The camera or other source that it is part of; `None` for what stands by itself.
    pub camera: Option<String>,
    /// Its name, unique among those of its kind and camera.
    pub name: String,
}

/// A place's number in this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub(super) i64);

/// A place that the store has samples or crossings of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPlace {
    /// Its number.
    pub id: PlaceId,
    /// Its key.
    pub key: PlaceKey,
    /// When the store first heard of it.
    pub first: Timestamp,
}

impl PlaceKey {
    /// A place that is part of a camera or another source.
    #[must_use]
    pub fn within(kind: &str, camera: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), camera: Some(camera.to_owned()), name: name.to_owned() }
    }

    /// A place that stands by itself.
    #[must_use]
    pub fn alone(kind: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), camera: None, name: name.to_owned() }
    }

    /// A place of the configuration.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        match place {
            Place::Zone(camera, zone) => Self::within("zone", camera.as_str(), zone.as_str()),
            Place::Line(camera, line) => Self::within("line", camera.as_str(), line.as_str()),
            Place::Camera(camera) => Self::alone("camera", camera.as_str()),
            Place::Site(site) => Self::alone("site", site.as_str()),
            Place::Destination(destination) => Self::alone("destination", destination.as_str()),
        }
    }

    /// The place of the configuration that it names; `None` where it is none such.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let name = self.name.as_str();
        match (self.kind.as_str(), self.camera.as_deref()) {
            ("zone", Some(camera)) => Some(Place::Zone(CameraId::new(camera).ok()?, ZoneId::new(name).ok()?)),
            ("line", Some(camera)) => Some(Place::Line(CameraId::new(camera).ok()?, LineId::new(name).ok()?)),
            ("camera", None) => Some(Place::Camera(CameraId::new(name).ok()?)),
            ("site", None) => Some(Place::Site(SiteId::new(name).ok()?)),
            ("destination", None) => Some(Place::Destination(DestinationId::new(name).ok()?)),
            _ => None,
        }
    }

    /// The key of this text; `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let key = match rest.split_once('/') {
            Some((camera, name)) => Self::within(kind, camera, name),
            None => Self::alone(kind, rest),
        };
        let whole = !key.kind.is_empty() && !key.name.is_empty() && key.camera.as_deref() != Some("");
        whole.then_some(key)
    }
}

impl fmt::Display for PlaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind)?;
        if let Some(camera) = &self.camera {
            write!(f, "{camera}/")?;
        }
        f.write_str(&self.name)
    }
}

/// The key that a column holds.
pub(super) fn key_of(text: &str) -> Result<PlaceKey, sqlx::Error> {
    PlaceKey::parse(text).ok_or_else(|| unreadable(format!("`{text}` is no place")))
}

fn stored_place(row: &Row) -> Result<StoredPlace, sqlx::Error> {
    let key: String = row.get(1)?;
    Ok(StoredPlace { id: PlaceId(row.get(0)?), key: key_of(&key)?, first: Timestamp(row.get(2)?) })
}

impl Store {
    /// The number of a place; it is given one where it has none. Numbers are kept in memory: asking again is cheap.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn place(&self, key: &PlaceKey, at: Timestamp) -> Result<PlaceId, StoreError> {
        if let Some(id) = self.known_place(key) {
            return Ok(id);
        }
        let text = key.to_string();
        let mut writing = self.database().write().await?;
        let sql = "INSERT INTO place (key, kind, camera, name, first_us) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (key) DO NOTHING";
        writing.execute(sql, values![&text, &key.kind, &key.camera, &key.name, at.0]).await?;
        let found = writing.read("SELECT id FROM place WHERE key = $1", values![&text], |row| row.get(0)).await?;
        writing.commit().await?;
        let id = PlaceId(found.into_iter().next().ok_or_else(|| self.database().failed(&sqlx::Error::RowNotFound))?);
        self.remember_place(key, id);
        Ok(id)
    }

    /// The number of a place that the store knows; `None` where it has never heard of it.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn find_place(&self, key: &PlaceKey) -> Result<Option<PlaceId>, StoreError> {
        if let Some(id) = self.known_place(key) {
            return Ok(Some(id));
        }
        let sql = "SELECT id FROM place WHERE key = $1";
        self.database().read_first(sql, values![&key.to_string()], |row| Ok(PlaceId(row.get(0)?))).await
    }

    /// All places, by key.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn places(&self) -> Result<Vec<StoredPlace>, StoreError> {
        self.database().read("SELECT id, key, first_us FROM place ORDER BY key", &[], stored_place).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_configuration_comes_back() {
        let gate = || CameraId::new("gate").unwrap();
        for place in [
            Place::Zone(gate(), ZoneId::new("plaza").unwrap()),
            Place::Line(gate(), LineId::new("kerb").unwrap()),
            Place::Camera(gate()),
            Place::Site(SiteId::new("bund").unwrap()),
            Place::Destination(DestinationId::new("hook").unwrap()),
        ] {
            assert_eq!(PlaceKey::of(&place).place(), Some(place));
        }
        assert_eq!(PlaceKey::within("source", "campus", "north").place(), None);
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        for text in ["zone:gate/plaza", "line:gate/kerb", "camera:gate", "site:bund", "source:campus/north"] {
            assert_eq!(PlaceKey::parse(text).map(|key| key.to_string()).as_deref(), Some(text));
        }
        for text in ["", "zone", ":a", "zone:", "zone:/a", "zone:a/"] {
            assert_eq!(PlaceKey::parse(text), None, "{text}");
        }
    }
}
