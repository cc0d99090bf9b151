//! Sites, the units that look after them, and what is to be done there: the plan of people, as opposed to that of
//! cameras.

use super::defaults;
use crate::model::{CameraId, Direction, Level, LineId, Place, SiteId, UnitId, ZoneId};

/// A command unit: a district, a sub-district.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitPlan {
    /// Its id.
    pub id: UnitId,
    /// Name shown to people.
    pub name: String,
    /// The unit above it; alerts that nobody acknowledges go there.
    pub parent: Option<UnitId>,
    /// The levels that it is told of at once.
    pub levels: Vec<Level>,
}

/// Zones that are looked at as one place: a group of zones, or all of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SitePlan {
    /// Its id.
    pub id: SiteId,
    /// Name shown to people.
    pub name: String,
    /// The unit that looks after it.
    pub unit: Option<UnitId>,
    /// Its zones; each counts people.
    pub zones: Vec<SiteZone>,
    /// Lines over which people come and go, each with the direction that leads in.
    pub entrances: Vec<(CameraId, LineId, Direction)>,
    /// The published greatest number of people at a time.
    pub capacity: Option<f64>,
}

/// A zone of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteZone {
    /// Its camera, or the external source that counts in it.
    pub camera: CameraId,
    /// Its id there.
    pub zone: ZoneId,
    /// Its area on the ground, where it is known.
    pub area_m2: Option<f64>,
    /// Its camera is calibrated, so that it has a level of service; an external source gives none.
    pub is_calibrated: bool,
}

/// What is to be done at a site when a level is on (预案).
#[derive(Debug, Clone, PartialEq)]
pub struct ResponsePlan {
    /// Its id.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// The site.
    pub site: SiteId,
    /// The level from which on it holds, up to the next level that has a plan of its own.
    pub level: Level,
    /// Its steps, in order.
    pub steps: Vec<StepPlan>,
}

/// One step of a response plan.
#[derive(Debug, Clone, PartialEq)]
pub struct StepPlan {
    /// Its id, unique in the plan.
    pub id: String,
    /// What kind of measure it is.
    pub kind: StepKind,
    /// What is to be done, in English.
    pub text: String,
    /// The same in Chinese.
    pub text_zh: String,
    /// Who does it; `None`: the site's unit.
    pub unit: Option<UnitId>,
    /// Time from the rise until it is to be over, in seconds.
    pub limit_s: Option<f64>,
}

/// Kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// 单向循环: people go round one way.
    OneWayLoop,
    /// 波次放行: people are let on in waves.
    ReleaseInWaves,
    /// An entrance is closed.
    CloseEntrance,
    /// An entrance or exit is opened.
    OpenExit,
    /// 限流: fewer are let in than come.
    LimitEntry,
    /// Something is said over loudspeakers or on screens.
    Broadcast,
    /// Somebody goes and looks.
    SendPatrol,
    /// Medical help is called.
    CallMedical,
    /// Others are informed.
    Inform,
    /// Anything else.
    Other,
}

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::OneWayLoop,
        Self::ReleaseInWaves,
        Self::CloseEntrance,
        Self::OpenExit,
        Self::LimitEntry,
        Self::Broadcast,
        Self::SendPatrol,
        Self::CallMedical,
        Self::Inform,
        Self::Other,
    ];

    /// Its name in configuration and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneWayLoop => "one_way_loop",
            Self::ReleaseInWaves => "release_in_waves",
            Self::CloseEntrance => "close_entrance",
            Self::OpenExit => "open_exit",
            Self::LimitEntry => "limit_entry",
            Self::Broadcast => "broadcast",
            Self::SendPatrol => "send_patrol",
            Self::CallMedical => "call_medical",
            Self::Inform => "inform",
            Self::Other => "other",
        }
    }
}

/// How alerts are pursued.
#[derive(Debug, Clone, PartialEq)]
pub struct PursuitPlan {
    /// An alert that is open and not acknowledged is told again after this time, in seconds; `None`: it is not.
    pub remind_every_s: Option<f64>,
    /// Time without acknowledgement after which the units above are told, in seconds, for each of [`Level::ALL`];
    /// `None`: they are not.
    pub escalate_after_s: [Option<f64>; 4],
    /// The longest time that an alert may be shelved for, in seconds.
    pub longest_shelf_s: f64,
    /// The level at which a camera's blindness is told, unless something graver was on in its picture.
    pub blind_level: Level,
}

/// The sites, units and plans of a configuration.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    /// Units in the order of their ids.
    pub units: Vec<UnitPlan>,
    /// Sites in the order of their ids.
    pub sites: Vec<SitePlan>,
    /// Plans in the order of their ids.
    pub plans: Vec<ResponsePlan>,
    /// How alerts are pursued.
    pub pursuit: PursuitPlan,
}

impl Default for PursuitPlan {
    fn default() -> Self {
        Self {
            remind_every_s: Some(defaults::REMIND_EVERY_S),
            escalate_after_s: defaults::ESCALATE_AFTER_S,
            longest_shelf_s: defaults::LONGEST_SHELF_S,
            blind_level: defaults::BLIND_LEVEL,
        }
    }
}

impl Response {
    /// The site of that id.
    #[must_use]
    pub fn site(&self, id: &SiteId) -> Option<&SitePlan> {
        self.sites.iter().find(|site| &site.id == id)
    }

    /// The site that a place belongs to: the first that has its zone, its line as an entrance, or a zone of its camera.
    #[must_use]
    pub fn site_of(&self, place: &Place) -> Option<&SitePlan> {
        let has = |site: &&SitePlan| match place {
            Place::Site(id) => &site.id == id,
            Place::Zone(camera, zone) => site.zones.iter().any(|known| (&known.camera, &known.zone) == (camera, zone)),
            Place::Line(camera, line) => {
                site.entrances.iter().any(|(known, entrance, _)| (known, entrance) == (camera, line))
            }
            Place::Camera(camera) => site.zones.iter().any(|known| &known.camera == camera),
            Place::Destination(_) => false,
        };
        self.sites.iter().find(has)
    }

    /// The plan that holds at a site while a level is on: that of the gravest level up to it that has one.
    #[must_use]
    pub fn plan(&self, site: &SiteId, level: Level) -> Option<&ResponsePlan> {
        let holds = |plan: &&ResponsePlan| &plan.site == site && plan.level <= level;
        self.plans.iter().filter(holds).max_by_key(|plan| plan.level)
    }

    /// The unit and those above it, itself first.
    pub fn chain(&self, unit: &UnitId) -> impl Iterator<Item = &UnitPlan> {
        let find = |id: &UnitId| self.units.iter().find(|plan| &plan.id == id);
        // A configuration with a circle is not taken; the count of units ends one anyway.
        std::iter::successors(find(unit), move |plan| plan.parent.as_ref().and_then(find)).take(self.units.len())
    }

    /// Who is told at once when this level is on at the site; without a site or unit, every unit at the top.
    #[must_use]
    pub fn told(&self, site: Option<&SiteId>, level: Level) -> Vec<UnitId> {
        let unit = site.and_then(|site| self.site(site)).and_then(|site| site.unit.as_ref());
        let told: Vec<UnitId> = match unit {
            Some(unit) => {
                self.chain(unit).filter(|plan| plan.levels.contains(&level)).map(|plan| plan.id.clone()).collect()
            }
            None => Vec::new(),
        };
        if told.is_empty() {
            return self.units.iter().filter(|plan| plan.parent.is_none()).map(|plan| plan.id.clone()).collect();
        }
        told
    }

    /// Who is told when an alert is escalated: everybody from the site's unit to the top.
    #[must_use]
    pub fn told_by_escalation(&self, site: Option<&SiteId>) -> Vec<UnitId> {
        match site.and_then(|site| self.site(site)).and_then(|site| site.unit.as_ref()) {
            Some(unit) => self.chain(unit).map(|plan| plan.id.clone()).collect(),
            None => self.units.iter().filter(|plan| plan.parent.is_none()).map(|plan| plan.id.clone()).collect(),
        }
    }
}
