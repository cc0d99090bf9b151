//! The places that rules and sites name.

use super::{Checker, Fault, FaultKind, KeyPath};
use crate::config::raw::{RawCamera, RawConfig, RawLine, RawZone};
use crate::config::raw_external::RawExternalSource;
use crate::config::suggest::nearest;
use crate::model::{CameraId, LineId, Place, Scope, ZoneId, ZoneUse};

/// Who sees a place, or counts in it.
#[derive(Clone, Copy)]
pub(super) enum Owner<'r> {
    Camera(&'r RawCamera),
    Source(&'r RawExternalSource),
}

impl<'r> Owner<'r> {
    fn zones(self) -> Vec<&'r str> {
        match self {
            Self::Camera(camera) => camera.zones.keys().map(String::as_str).collect(),
            Self::Source(source) => source.zones.keys().map(String::as_str).collect(),
        }
    }

    fn lines(self) -> Vec<&'r str> {
        match self {
            Self::Camera(camera) => camera.lines.keys().map(String::as_str).collect(),
            Self::Source(source) => source.lines.keys().map(String::as_str).collect(),
        }
    }
}

/// A place of a camera or an external source.
pub(super) struct FoundPlace<'r> {
    /// The camera's or source's id.
    pub(super) of: &'r str,
    pub(super) owner: Owner<'r>,
    /// The id of the zone or line; `None`: the camera or source itself.
    part: Option<(Scope, &'r str)>,
}

impl<'r> FoundPlace<'r> {
    pub(super) fn scope(&self) -> Scope {
        self.part.map_or(Scope::Camera, |(scope, _)| scope)
    }

    /// The id of the zone or line; empty where it is the camera or source itself.
    pub(super) fn part(&self) -> &'r str {
        self.part.map_or("", |(_, id)| id)
    }

    pub(super) fn place(&self) -> Option<Place> {
        let camera = CameraId::new(self.of).ok()?;
        Some(match self.part {
            None => Place::Camera(camera),
            Some((Scope::Line, id)) => Place::Line(camera, LineId::new(id).ok()?),
            Some((_, id)) => Place::Zone(camera, ZoneId::new(id).ok()?),
        })
    }

    /// `CAMERA/ZONE`, `CAMERA/LINE` or `CAMERA`; of a source likewise.
    pub(super) fn name(&self) -> String {
        self.part.map_or_else(|| self.of.to_owned(), |(_, id)| format!("{}/{id}", self.of))
    }

    fn camera(&self) -> Option<&'r RawCamera> {
        match self.owner {
            Owner::Camera(camera) => Some(camera),
            Owner::Source(_) => None,
        }
    }

    /// The zone of a camera.
    pub(super) fn raw_zone(&self) -> Option<&'r RawZone> {
        self.camera()?.zones.get(self.part()).filter(|_| self.scope() == Scope::Zone).map(|zone| &**zone)
    }

    /// The line of a camera.
    pub(super) fn raw_line(&self) -> Option<&'r RawLine> {
        self.camera()?.lines.get(self.part()).filter(|_| self.scope() == Scope::Line).map(|line| &**line)
    }

    pub(super) fn zone_use(&self) -> Option<ZoneUse> {
        let written = self.raw_zone()?.ground_use.as_deref()?;
        ZoneUse::ALL.into_iter().find(|known| known.as_str() == written)
    }
}

/// Every place of that kind, by its name in a rule.
fn places(scope: Scope, config: &RawConfig) -> Vec<FoundPlace<'_>> {
    let cameras = config.cameras.iter().map(|(id, camera)| (id.as_str(), Owner::Camera(camera)));
    let sources = config.sources.iter().map(|(id, source)| (id.as_str(), Owner::Source(source)));
    cameras
        .chain(sources)
        .flat_map(|(of, owner)| {
            let parts: Vec<Option<(Scope, &str)>> = match scope {
                Scope::Zone => owner.zones().into_iter().map(|id| Some((scope, id))).collect(),
                Scope::Line => owner.lines().into_iter().map(|id| Some((scope, id))).collect(),
                Scope::Camera | Scope::Site | Scope::Destination => vec![None],
            };
            parts.into_iter().map(move |part| FoundPlace { of, owner, part })
        })
        .collect()
}

/// What may be written for a place of that kind.
pub(super) fn known_places(scope: Scope, config: &RawConfig) -> String {
    one_of(scope, &places(scope, config).iter().map(FoundPlace::name).collect::<Vec<_>>())
}

fn one_of(scope: Scope, names: &[String]) -> String {
    let shape = match scope {
        Scope::Zone => "\"CAMERA/ZONE\"",
        Scope::Line => "\"CAMERA/LINE\"",
        Scope::Camera => "\"CAMERA\"",
        Scope::Site => "\"SITE\"",
        Scope::Destination => "\"DESTINATION\"",
    };
    match names {
        [] => format!("{shape}, but no camera has a {}", scope.as_str()),
        names if names.len() <= 8 => format!("{shape}, one of {}", names.join(", ")),
        names => format!("{shape}, one of {}, … ({} in all)", names[..8].join(", "), names.len()),
    }
}

/// The place of that name; where there is none, that is noted with what there is.
pub(super) fn find_place<'r>(
    checker: &mut Checker<'_>,
    scope: Scope,
    written: &str,
    path: &KeyPath,
    config: &'r RawConfig,
) -> Option<FoundPlace<'r>> {
    let all = places(scope, config);
    let all_names: Vec<String> = all.iter().map(FoundPlace::name).collect();
    if let Some(index) = all_names.iter().position(|name| name == written) {
        return all.into_iter().nth(index);
    }
    // A zone's id alone is a likely slip: it is what the zone's own table is called.
    let by_id_alone = || all.iter().position(|found| found.part.is_some_and(|(_, id)| id == written));
    let known: Vec<&str> = all_names.iter().map(String::as_str).collect();
    let suggestion = by_id_alone().map(|index| known[index]).or_else(|| nearest(written, known.iter().copied()));
    let fault = Fault::new(FaultKind::UnknownPlace, format!("{written:?}"), one_of(scope, &all_names));
    checker.note(path, fault.meant(suggestion));
    None
}
