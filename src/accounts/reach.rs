//! What a scope means in a configuration: which sites, cameras and places are within it.

use std::collections::BTreeSet;

use crate::config::{Plan, SitePlan};
use crate::model::{AccessScope, CameraId, Place, SiteId};

/// What somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    All,
    /// These sites, and the cameras that look at them.
    Only {
        /// Sites.
        sites: BTreeSet<SiteId>,
        /// Cameras with a zone or an entrance of one of them. Their pictures show what else is in view.
        cameras: BTreeSet<CameraId>,
    },
}

impl Reach {
    /// What a scope means in this configuration. Sites and units that it doesn't have mean nothing.
    #[must_use]
    pub fn of(plan: &Plan, scope: &AccessScope) -> Self {
        let AccessScope::Only { sites, units } = scope else { return Self::All };
        let is_within = |site: &&SitePlan| {
            let mut chain = site.unit.iter().flat_map(|unit| plan.response.chain(unit));
            sites.contains(&site.id) || chain.any(|unit| units.contains(&unit.id))
        };
        Self::only(plan.response.sites.iter().filter(is_within))
    }

    fn only<'a>(sites: impl Iterator<Item = &'a SitePlan>) -> Self {
        let (mut ids, mut cameras) = (BTreeSet::new(), BTreeSet::new());
        for site in sites {
            ids.insert(site.id.clone());
            cameras.extend(site.zones.iter().map(|zone| zone.camera.clone()));
            cameras.extend(site.entrances.iter().map(|(camera, ..)| camera.clone()));
        }
        Self::Only { sites: ids, cameras }
    }

    /// What is within both.
    #[must_use]
    pub fn and(&self, other: &Self, plan: &Plan) -> Self {
        match (self, other) {
            (Self::All, reach) | (reach, Self::All) => reach.clone(),
            (Self::Only { sites: one, .. }, Self::Only { sites: two, .. }) => {
                let both = |site: &&SitePlan| one.contains(&site.id) && two.contains(&site.id);
                Self::only(plan.response.sites.iter().filter(both))
            }
        }
    }

    /// Whether it is everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Whether the other is within this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only { .. }, Self::All) => false,
            (Self::Only { sites, .. }, Self::Only { sites: others, .. }) => others.is_subset(sites),
        }
    }

    /// Whether a site is within it.
    #[must_use]
    pub fn has_site(&self, site: &SiteId) -> bool {
        match self {
            Self::All => true,
            Self::Only { sites, .. } => sites.contains(site),
        }
    }

    /// Whether a camera's picture is within it.
    #[must_use]
    pub fn has_camera(&self, camera: &CameraId) -> bool {
        match self {
            Self::All => true,
            Self::Only { cameras, .. } => cameras.contains(camera),
        }
    }

    /// Whether a place is within it: a zone or line that belongs to sites by one of these, else by its camera.
    #[must_use]
    pub fn has(&self, place: &Place, plan: &Plan) -> bool {
        if self.is_all() {
            return true;
        }
        let mut owners = plan.response.sites.iter().filter(|site| match place {
            Place::Zone(camera, zone) => site.zones.iter().any(|known| (&known.camera, &known.zone) == (camera, zone)),
            Place::Line(camera, line) => {
                site.entrances.iter().any(|(known, entrance, _)| (known, entrance) == (camera, line))
            }
            Place::Camera(_) | Place::Site(_) | Place::Destination(_) => false,
        });
        match place {
            Place::Site(site) => self.has_site(site),
            Place::Destination(_) => false,
            Place::Camera(camera) => self.has_camera(camera),
            Place::Zone(camera, _) | Place::Line(camera, _) => match owners.next() {
                Some(first) => self.has_site(&first.id) || owners.any(|site| self.has_site(&site.id)),
                None => self.has_camera(camera),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::model::{UnitId, ZoneId};

    /// `gate` sees two sites and a zone of none; `quay` one of them; `yard` nothing that is a site.
    const PLAN: &str = r#"
        [cameras.gate]
        source.file = { path = "gate.avi", fps = 7 }
        zones.plaza.polygon = [[0, 0], [1, 0], [1, 1]]
        zones.steps.polygon = [[0, 0], [1, 0], [1, 1]]
        zones.road.polygon = [[0, 0], [1, 0], [1, 1]]
        [cameras.quay]
        source.file = { path = "quay.avi", fps = 7 }
        zones.edge.polygon = [[0, 0], [1, 0], [1, 1]]
        [cameras.yard]
        source.file = { path = "yard.avi", fps = 7 }
        [sites.square]
        zones = ["gate/plaza"]
        unit = "north"
        [sites.river]
        zones = ["gate/steps", "quay/edge"]
        unit = "south"
        [units.district]
        name = "District"
        [units.north]
        name = "North"
        parent = "district"
        [units.south]
        name = "South"
        parent = "district"
    "#;

    fn only(sites: &[&str], units: &[&str]) -> AccessScope {
        AccessScope::Only {
            sites: sites.iter().map(|id| SiteId::new(id).unwrap()).collect(),
            units: units.iter().map(|id| UnitId::new(id).unwrap()).collect(),
        }
    }

    fn zone(camera: &str, zone: &str) -> Place {
        Place::Zone(CameraId::new(camera).unwrap(), ZoneId::new(zone).unwrap())
    }

    #[test]
    fn a_scope_is_sites_with_their_cameras() {
        let plan = config::parse(PLAN, Path::new("/site"), &|_| None).unwrap();
        let reach = Reach::of(&plan, &only(&["square"], &[]));
        let camera = |id: &str| Place::Camera(CameraId::new(id).unwrap());
        for (place, within) in [
            (zone("gate", "plaza"), true),
            (zone("gate", "steps"), false),
            (zone("gate", "road"), true),
            (zone("quay", "edge"), false),
            (camera("gate"), true),
            (camera("quay"), false),
            (camera("yard"), false),
            (Place::Site(SiteId::new("square").unwrap()), true),
            (Place::Site(SiteId::new("river").unwrap()), false),
        ] {
            assert_eq!(reach.has(&place, &plan), within, "{place}");
            assert!(Reach::All.has(&place, &plan), "{place}");
        }
    }

    #[test]
    fn a_unit_is_what_it_and_those_below_it_look_after() {
        let plan = config::parse(PLAN, Path::new("/site"), &|_| None).unwrap();
        let of = |scope: &AccessScope| Reach::of(&plan, scope);
        assert_eq!(of(&only(&[], &["north"])), of(&only(&["square"], &[])));
        assert_eq!(of(&only(&[], &["district"])), of(&only(&["square", "river"], &[])));
        let nothing = of(&only(&["gone"], &["gone"]));
        assert_eq!(nothing, Reach::Only { sites: BTreeSet::new(), cameras: BTreeSet::new() });
        assert_eq!(of(&only(&[], &["north"])).and(&of(&only(&["river"], &[])), &plan), nothing);
        assert_eq!(Reach::All.and(&of(&only(&["river"], &[])), &plan), of(&only(&["river"], &[])));
        assert!(of(&only(&[], &["district"])).covers(&of(&only(&["river"], &[]))));
        assert!(!of(&only(&["river"], &[])).covers(&of(&only(&[], &["district"]))));
        assert!(!of(&only(&[], &["district"])).covers(&Reach::All) && Reach::All.covers(&Reach::All));
    }
}
