//! The places that rules and sites name.

use super::{Checker, Fault, FaultKind, KeyPath};
use crate::config::raw::{ById, RawCamera, RawLine, RawZone};
use crate::config::suggest::nearest;
use crate::model::{CameraId, LineId, Place, Scope, ZoneId, ZoneUse};

/// A place of a camera.
pub(super) struct FoundPlace<'r> {
    pub(super) camera: &'r str,
    pub(super) raw_camera: &'r RawCamera,
    /// The id of the zone or line; `None`: the camera itself.
    part: Option<(Scope, &'r str)>,
}

impl<'r> FoundPlace<'r> {
    pub(super) fn scope(&self) -> Scope {
        self.part.map_or(Scope::Camera, |(scope, _)| scope)
    }

    /// The id of the zone or line; empty where it is the camera itself.
    pub(super) fn part(&self) -> &'r str {
        self.part.map_or("", |(_, id)| id)
    }

    pub(super) fn place(&self) -> Option<Place> {
        let camera = CameraId::new(self.camera).ok()?;
        Some(match self.part {
            None => Place::Camera(camera),
            Some((Scope::Line, id)) => Place::Line(camera, LineId::new(id).ok()?),
            Some((_, id)) => Place::Zone(camera, ZoneId::new(id).ok()?),
        })
    }

    /// `CAMERA/ZONE`, `CAMERA/LINE` or `CAMERA`.
    pub(super) fn name(&self) -> String {
        self.part.map_or_else(|| self.camera.to_owned(), |(_, id)| format!("{}/{id}", self.camera))
    }

    pub(super) fn raw_zone(&self) -> Option<&'r RawZone> {
        self.raw_camera.zones.get(self.part()).filter(|_| self.scope() == Scope::Zone).map(|zone| &**zone)
    }

    pub(super) fn raw_line(&self) -> Option<&'r RawLine> {
        self.raw_camera.lines.get(self.part()).filter(|_| self.scope() == Scope::Line).map(|line| &**line)
    }

    pub(super) fn zone_use(&self) -> Option<ZoneUse> {
        let written = self.raw_zone()?.ground_use.as_deref()?;
        ZoneUse::ALL.into_iter().find(|known| known.as_str() == written)
    }
}

/// Every place of that kind, by its name in a rule.
fn places(scope: Scope, cameras: &ById<RawCamera>) -> Vec<FoundPlace<'_>> {
    cameras
        .iter()
        .flat_map(|(camera, raw_camera)| {
            let raw_camera: &RawCamera = raw_camera;
            let parts: Vec<Option<(Scope, &str)>> = match scope {
                Scope::Zone => raw_camera.zones.keys().map(|id| Some((scope, id.as_str()))).collect(),
                Scope::Line => raw_camera.lines.keys().map(|id| Some((scope, id.as_str()))).collect(),
                Scope::Camera | Scope::Site | Scope::Destination => vec![None],
            };
            parts.into_iter().map(move |part| FoundPlace { camera, raw_camera, part })
        })
        .collect()
}

/// What may be written for a place of that kind.
pub(super) fn known_places(scope: Scope, cameras: &ById<RawCamera>) -> String {
    one_of(scope, &places(scope, cameras).iter().map(FoundPlace::name).collect::<Vec<_>>())
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
    cameras: &'r ById<RawCamera>,
) -> Option<FoundPlace<'r>> {
    let all = places(scope, cameras);
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
