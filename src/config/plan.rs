//! The resolved configuration: every default filled in, every reference checked, paths made absolute.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::crowds::{DispersalPlan, GatheringPlan, GroupsPlan, SurgePlan};
use super::{
    Calendar, DestinationPlan, EvidencePlan, ExternalSourcePlan, Fault, MapPlan, Profile, Response, Schedule,
    StorePlan, defaults,
};
use crate::calibration::{FittedPoint, GroundPlane};
use crate::geometry::TileGrid;
use crate::model::{
    CameraId, ClassSet, Direction, FrameSize, Level, LineId, Measure, NormPoint, Place, RuleId, SiteId, Timestamp,
    ZoneId, ZoneUse,
};

/// A whole checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where the service listens.
    pub server: ServerPlan,
    /// Model and threads.
    pub inference: InferencePlan,
    /// What is hidden in published pictures.
    pub privacy: PrivacyPlan,
    /// Cameras in the order of their ids.
    pub cameras: Vec<CameraPlan>,
    /// External sources in the order of their ids.
    pub sources: Vec<ExternalSourcePlan>,
    /// Alert rules in the order of their ids.
    pub rules: Vec<RulePlan>,
    /// Sites, units and response plans.
    pub response: Response,
    /// Site maps in the order of their ids.
    pub maps: Vec<MapPlan>,
    /// What schedules and profiles are read by.
    pub calendar: Calendar,
    /// When rules may apply, in the order of their ids.
    pub schedules: Vec<Schedule>,
    /// Days out of the ordinary, in the order of their ids.
    pub profiles: Vec<Profile>,
    /// Where alerts are sent, in the order of their ids.
    pub destinations: Vec<DestinationPlan>,
    /// Where alerts, samples and deliveries are kept; `None`: nowhere, they end with the service.
    pub store: Option<StorePlan>,
    /// File that `run` appends alert transitions to, one JSON object a line. `None`: logs and metrics only.
    pub alerts_jsonl: Option<PathBuf>,
    /// Heat maps of calibrated cameras.
    pub heat_maps: HeatMapsPlan,
    /// The configuration as it was written. It holds no secrets: where one stands in it, it is not taken.
    pub written: String,
    /// What is kept of each rise of an alert; `None`: nothing.
    pub evidence: Option<EvidencePlan>,
}

impl Plan {
    /// The camera of that id.
    #[must_use]
    pub fn camera(&self, id: &CameraId) -> Option<&CameraPlan> {
        self.cameras.iter().find(|camera| &camera.id == id)
    }

    /// The external source of that id.
    #[must_use]
    pub fn source(&self, id: &CameraId) -> Option<&ExternalSourcePlan> {
        self.sources.iter().find(|source| &source.id == id)
    }

    /// After how long without news what this camera or external source says is stale, in seconds.
    #[must_use]
    pub fn stale_after_s(&self, id: &CameraId) -> Option<f64> {
        let of_source = || self.source(id).map(|source| source.stale_after_s);
        self.camera(id).map(|camera| camera.stale_after_s).or_else(of_source)
    }

    /// Which rule is about which site, those that the product brings along and drills among them.
    #[must_use]
    pub fn sites_of_rules(&self) -> BTreeMap<RuleId, SiteId> {
        let of_rules = self.rules.iter().filter_map(|rule| {
            let site = rule.site.clone()?;
            Some([(rule.id.clone(), site.clone()), (rule.id.of_drill(), site)])
        });
        let ids = self.cameras.iter().map(|camera| &camera.id).chain(self.sources.iter().map(|source| &source.id));
        let of_cameras = ids.filter_map(|id| {
            let site = self.response.site_of(&Place::Camera(id.clone()))?;
            Some((RuleId::of_blindness(id), site.id.clone()))
        });
        of_rules.flatten().chain(of_cameras).collect()
    }

    /// Users, passwords and other secrets that are not where the configuration says, in the order of the file. Nobody
    /// needs them but whoever opens the cameras, listens to external sources and sends to the destinations.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<Fault> {
        let of = |camera: &CameraPlan| match &camera.source {
            SourcePlan::Stream(StreamSource { credentials: Credentials::Missing(faults), .. }) => faults.clone(),
            _ => Vec::new(),
        };
        let mut faults: Vec<Fault> = self.cameras.iter().flat_map(of).collect();
        faults.extend(self.sources.iter().flat_map(ExternalSourcePlan::missing_secrets));
        faults.extend(self.destinations.iter().flat_map(DestinationPlan::missing_secrets));
        faults.extend(self.store.iter().filter_map(StorePlan::missing_secret));
        faults.sort_by_key(|fault| fault.line);
        faults
    }

    /// Pictures of site maps that are not there or can't be shown, in the order of the file. The maps are shown without.
    #[must_use]
    pub fn unfit_pictures(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.maps.iter().filter_map(|map| map.picture.found.clone().err()).collect();
        faults.sort_by_key(|fault| fault.line);
        faults
    }
}

/// Where and how fine heat maps are made.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMapsPlan {
    /// Folder that `run` writes them to; `None`: it makes none. `analyze` writes its own beside its other results.
    pub folder: Option<PathBuf>,
    /// Side of a cell on the ground, in metres.
    pub cell_m: f64,
}

/// The HTTP server.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerPlan {
    /// Address and port. Beyond loopback only with accounts, and only once there is an admin.
    pub listen: SocketAddr,
    /// Whoever uses the service logs in. Without, it is for loopback only.
    pub accounts: bool,
    /// Names that it is reached under, besides those of loopback and the addresses of this machine.
    pub hosts: Vec<String>,
    /// Everybody comes through a proxy on this machine, which says from where and whether by https.
    pub behind_proxy: bool,
    /// By what it speaks TLS; `None`: it speaks plain HTTP.
    pub tls: Option<TlsPlan>,
}

/// TLS of the service's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsPlan {
    /// PEM file with the certificate, and those that it rests on after it.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
}

impl ServerPlan {
    /// Whether other machines may come to reach it.
    #[must_use]
    pub fn is_beyond_loopback(&self) -> bool {
        !self.listen.ip().is_loopback() || !self.hosts.is_empty() || self.behind_proxy
    }

    /// What addresses of it begin with.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// Which model, and how it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct InferencePlan {
    /// The model manifest; `None`: the shipped one (`models/manifest.toml`).
    pub manifest: Option<PathBuf>,
    /// Id of the model in the manifest.
    pub model: String,
    /// ONNX Runtime's shared library; `None`: `ORT_DYLIB_PATH`, then where the set-up puts it, then the system's.
    pub onnxruntime: Option<PathBuf>,
    /// Inference workers, each with its own session; `None`: one a core.
    pub workers: Option<usize>,
    /// Threads inside each worker's session.
    pub threads_per_worker: usize,
    /// What all workers together get through, in millions of pixels of network input a second; `None`: measured at
    /// start where it is needed.
    pub megapixels_per_s: Option<f64>,
    /// Thresholds that replace the manifest's.
    pub thresholds: DetectionThresholds,
    /// A second opinion on crowds; `None`: boxes alone are counted.
    pub density_map: Option<DensityMapPlan>,
}

/// A density-map model, asked now and then.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityMapPlan {
    /// Its id in the manifest.
    pub model: String,
    /// Time between two maps of a camera, in seconds.
    pub every_s: f64,
    /// Its input in pixels; `None`: that of the camera's `input_size`, and the default one where that is `auto`.
    pub input_size: Option<FrameSize>,
}

/// Detector thresholds; `None`: the manifest's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DetectionThresholds {
    /// Score from which a detection may start a track, 0 to 1.
    pub high_score: Option<f64>,
    /// Score from which a detection may continue a track, 0 to 1.
    pub low_score: Option<f64>,
    /// Overlap (IoU) above which the weaker of two boxes of one class is dropped, 0 to 1.
    pub nms_iou: Option<f64>,
}

/// Pictures are published with people made unrecognisable.
#[derive(Debug, Clone, PartialEq)]
pub struct PrivacyPlan {
    /// Blur the head of each person (upper part of the box). On unless switched off.
    pub blur_heads: bool,
}

/// One camera.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraPlan {
    /// Its id.
    pub id: CameraId,
    /// Name shown to people.
    pub name: String,
    /// It moves (patrol, body-worn, drone): gives counts of the whole picture, never zones, lines or metres.
    pub mobile: bool,
    /// Where its frames come from.
    pub source: SourcePlan,
    /// Frames analysed a second; `None`: every frame.
    pub analysis_fps: Option<f64>,
    /// Its zones read unknown when the newest analysed frame is older than this, in seconds.
    pub stale_after_s: f64,
    /// What the network sees.
    pub input: InputPlan,
    /// The tracker's budgets.
    pub tracker: TrackerPlan,
    /// When its counts are lower bounds, and whether a density map is asked.
    pub counting: CountingPlan,
    /// Where on the ground its pixels are; `None`: not known, so nothing is measured in metres.
    pub calibration: Option<CalibrationPlan>,
    /// Where people can walk; `None`: everywhere.
    pub walkable: Option<WalkablePlan>,
    /// Side of a cell of its heat maps, in metres; `None`: none are made. It needs a calibration.
    pub heat_map_cell_m: Option<f64>,
    /// Zones in the order of their ids.
    pub zones: Vec<ZonePlan>,
    /// Lines in the order of their ids.
    pub lines: Vec<LinePlan>,
}

impl CameraPlan {
    /// A camera with every default and nothing that is counted yet.
    #[must_use]
    pub fn new(id: CameraId, source: SourcePlan) -> Self {
        Self {
            name: id.to_string(),
            id,
            mobile: false,
            source,
            analysis_fps: None,
            stale_after_s: defaults::STALE_AFTER_S,
            input: InputPlan::whole(defaults::INPUT_SIZE),
            tracker: TrackerPlan::default(),
            counting: CountingPlan::default(),
            calibration: None,
            walkable: None,
            heat_map_cell_m: None,
            zones: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The map to the ground, where there is one; a moving camera's moves with it, so it has none.
    #[must_use]
    pub fn ground_plane(&self) -> Option<&GroundPlane> {
        self.calibration.as_ref().filter(|_| !self.mobile).map(|calibration| &calibration.plane)
    }

    /// Every class that a zone or line of this camera counts, and people.
    #[must_use]
    pub fn classes(&self) -> ClassSet {
        let zones = self.zones.iter().map(|zone| zone.classes);
        let lines = self.lines.iter().map(|line| line.classes);
        zones.chain(lines).fold(ClassSet::PERSON, ClassSet::union)
    }
}

/// Where frames come from.
#[derive(Debug, Clone, PartialEq)]
pub enum SourcePlan {
    /// A video file.
    File(FileSource),
    /// An RTSP or HTTP(S) stream.
    Stream(StreamSource),
    /// A folder of pictures, in the order of their names.
    Images(ImageFolderSource),
    /// A camera on this machine.
    V4l2(V4l2Source),
}

impl SourcePlan {
    /// Whether `run` takes the newest frame and drops older ones. Files and folders give every frame to `analyze`;
    /// `run` plays them at their rate like a live camera.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Stream(_) | Self::V4l2(_))
    }
}

/// A video file played at a configured rate: containers lie about theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSource {
    /// The file.
    pub path: PathBuf,
    /// True frames a second.
    pub fps: f64,
    /// Time of its first frame in `analyze` (in `run`, frames have the wall clock's time).
    pub start: Timestamp,
    /// In `run`: begin again at the end.
    pub repeat: bool,
}

/// A network stream.
#[derive(Clone, PartialEq)]
pub struct StreamSource {
    /// Address as it may be shown: never with a password. May hold [`USER_PLACEHOLDER`] and [`PASSWORD_PLACEHOLDER`].
    pub url: String,
    /// User and password, added by [`StreamSource::address`].
    pub credentials: Credentials,
    /// Longest wait for the connection, in seconds.
    pub open_timeout_s: f64,
    /// Longest wait for the next frame, in seconds.
    pub read_timeout_s: f64,
}

/// User and password of a stream.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The camera wants none.
    None,
    /// As written, or read from the environment or a file.
    Known {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// The places that the configuration names for them don't hold them now: what is missing. Only whoever opens the
    /// stream needs them.
    Missing(Vec<Fault>),
}

/// Stands in an address where the user name is to be filled in.
pub const USER_PLACEHOLDER: &str = "{user}";
/// Stands in an address where the password is to be filled in: some recorders take it in the path or query.
pub const PASSWORD_PLACEHOLDER: &str = "{password}";

impl StreamSource {
    /// The address to open, with user and password percent-encoded in their places or, where the address has no places
    /// for them, before the host. It holds a secret: it goes to the decoder and nowhere else.
    ///
    /// # Errors
    /// What is missing, where user or password are.
    pub fn address(&self) -> Result<String, &[Fault]> {
        match &self.credentials {
            Credentials::None => Ok(self.url.clone()),
            Credentials::Known { user, password } => Ok(self.address_with(user, password)),
            Credentials::Missing(faults) => Err(faults),
        }
    }

    fn address_with(&self, user: &str, password: &str) -> String {
        let (user, password) = (percent_encoded(user), percent_encoded(password));
        if self.url.contains(USER_PLACEHOLDER) || self.url.contains(PASSWORD_PLACEHOLDER) {
            // Encoded text has no braces, so the one cannot bring in the other's placeholder.
            return self.url.replace(USER_PLACEHOLDER, &user).replace(PASSWORD_PLACEHOLDER, &password);
        }
        match self.url.split_once("://") {
            Some((scheme, rest)) => format!("{scheme}://{user}:{password}@{rest}"),
            None => self.url.clone(),
        }
    }
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Known { .. } => f.write_str("Known(hidden)"),
            Self::Missing(faults) => f.debug_tuple("Missing").field(faults).finish(),
        }
    }
}

impl std::fmt::Debug for StreamSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamSource")
            .field("url", &self.url)
            .field("credentials", &self.credentials)
            .field("open_timeout_s", &self.open_timeout_s)
            .field("read_timeout_s", &self.read_timeout_s)
            .finish()
    }
}

/// A folder of pictures (`.jpg`, `.jpeg`, `.png`, `.bmp`), in the order of their names.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageFolderSource {
    /// The folder.
    pub path: PathBuf,
    /// True frames a second.
    pub fps: f64,
    /// Time of the first picture in `analyze`.
    pub start: Timestamp,
    /// In `run`: begin again at the end.
    pub repeat: bool,
}

/// A Video4Linux device.
#[derive(Debug, Clone, PartialEq)]
pub struct V4l2Source {
    /// `/dev/video0` and the like.
    pub device: PathBuf,
    /// Size asked of the device, in pixels (width, height); `None`: as it comes.
    pub size_px: Option<(u32, u32)>,
    /// Rate asked of the device; `None`: as it comes.
    pub fps: Option<f64>,
}

/// Size and part of the picture that the network sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputPlan {
    /// The network's input for each tile in pixels; multiples of the model's stride. With `auto`: what is used where
    /// nothing can be chosen.
    pub size: FrameSize,
    /// Which part of the picture is looked at.
    pub region: Region,
    /// Tiles that this part is cut into, each fitted into an input of its own.
    pub tiles: TileGrid,
    /// The size is chosen from how large people are in the picture; `None`: it is `size`.
    pub auto: Option<AutoInput>,
}

impl InputPlan {
    /// The whole picture in one input of this size.
    #[must_use]
    pub const fn whole(size: FrameSize) -> Self {
        Self { size, region: Region::Whole, tiles: TileGrid::ONE, auto: None }
    }
}

/// What is chosen, and what it may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutoInput {
    /// The part of the picture is chosen too: that around the zones and lines.
    pub chooses_region: bool,
    /// The tiles are chosen too.
    pub chooses_tiles: bool,
    /// Frames of this camera that this machine has to get through a second.
    pub keep_fps: f64,
}

/// Part of the picture that is fitted into the network's input (letterboxed: the aspect ratio is kept).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Region {
    /// All of it.
    Whole,
    /// A rectangle: left-top and right-bottom corners. `config` resolves a crop "to the zones" to this.
    Crop(NormPoint, NormPoint),
}

/// Budgets of the tracker, in seconds and shares so that they hold at every frame rate and size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackerPlan {
    /// A track is counted once it has been seen for this long, in seconds.
    pub confirm_s: f64,
    /// A track that is hidden is still counted for this long, where it is expected to be, in seconds.
    pub coast_s: f64,
    /// A track not seen for this long ends, in seconds.
    pub lost_s: f64,
}

impl Default for TrackerPlan {
    fn default() -> Self {
        Self { confirm_s: defaults::CONFIRM_S, coast_s: defaults::COAST_S, lost_s: defaults::LOST_S }
    }
}

/// How far a camera's counts of people are trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountingPlan {
    /// Height of a person in the network's input below which the detector misses so many that a count is a lower bound, in
    /// pixels. Less than the height that an `auto` input is chosen for, from which on people are seen well.
    pub missed_below_px: f64,
    /// Time between two density maps, in seconds; `None`: none are made of this camera's pictures.
    pub density_map_every_s: Option<f64>,
}

impl Default for CountingPlan {
    fn default() -> Self {
        Self { missed_below_px: defaults::MISSED_BELOW_PX, density_map_every_s: None }
    }
}

/// A camera's map between picture and ground.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationPlan {
    /// The map, for a picture of the size that the calibration was given for.
    pub plane: GroundPlane,
    /// The point pairs that it was made from, in pixels of that size, and how well they fit; empty where it was made
    /// from a matrix or from the camera's pose.
    pub points: Vec<FittedPoint>,
}

impl CalibrationPlan {
    /// The map for a picture of this size.
    #[must_use]
    pub fn at_size(&self, size: FrameSize) -> GroundPlane {
        self.plane.at_size(size)
    }
}

/// Where people can walk: cells of people end at its borders, so that somebody beside a wall has no more room than there
/// is, and areas of zones are cut at it.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkablePlan {
    /// Its outline.
    pub polygon: Vec<NormPoint>,
    /// What stands in it.
    pub obstacles: Vec<Vec<NormPoint>>,
}

/// A counting polygon.
#[derive(Debug, Clone, PartialEq)]
pub struct ZonePlan {
    /// Its id.
    pub id: ZoneId,
    /// Name shown to people.
    pub name: String,
    /// Its corners: three or more, not self-crossing.
    pub polygon: Vec<NormPoint>,
    /// Its area on the ground in m² that people can stand on; density needs it. As configured, or where it isn't, derived
    /// from the camera's calibration and cut at the camera's walkable area. `None`: neither, or the zone reaches the horizon.
    pub area_m2: Option<f64>,
    /// What it is for: decides which table its level of service comes from.
    pub ground_use: ZoneUse,
    /// Densities in people/m² up to which levels of service A to E reach, where the site has its own.
    pub level_of_service_per_m2: Option<[f64; 5]>,
    /// Densities in people/m² that the time to each level is told for, blue to red: those of the zone's first rule on the
    /// density that the forecast runs on (Voronoi where the camera is calibrated), else of its first on the other mean
    /// density, else the shipped ones for its use. `None` for a level that the rule doesn't have.
    pub thresholds_per_m2: [Option<f64>; 4],
    /// Where people are to walk: from the first point towards the second.
    pub allowed_direction: Option<(NormPoint, NormPoint)>,
    /// The lines that enclose it, each with the direction that leads into the zone; empty where it is open.
    pub enclosed_by: Vec<(LineId, Direction)>,
    /// Somebody who is in the zone for longer than this loiters, in seconds.
    pub loitering_s: f64,
    /// When people in it stand together.
    pub groups: GroupsPlan,
    /// When such a group is a gathering.
    pub gathering: GatheringPlan,
    /// When they run apart.
    pub dispersal: DispersalPlan,
    /// How fast their number rises.
    pub surge: SurgePlan,
    /// What is counted in it.
    pub classes: ClassSet,
    /// Half width of the border band in which a track keeps its side, as a share of the track's box height.
    pub band_heights: f64,
}

impl ZonePlan {
    /// A zone with every default.
    #[must_use]
    pub fn new(id: ZoneId, polygon: Vec<NormPoint>) -> Self {
        Self {
            name: id.to_string(),
            id,
            polygon,
            area_m2: None,
            ground_use: ZoneUse::default(),
            level_of_service_per_m2: None,
            thresholds_per_m2: defaults::shipped_levels(ZoneUse::default()).raise_per_m2.map(Some),
            allowed_direction: None,
            enclosed_by: Vec::new(),
            loitering_s: defaults::LOITERING_S,
            groups: GroupsPlan::default(),
            gathering: GatheringPlan::default(),
            dispersal: DispersalPlan::default(),
            surge: SurgePlan::default(),
            classes: ClassSet::PERSON,
            band_heights: defaults::BAND_HEIGHTS,
        }
    }
}

/// A directed gate.
#[derive(Debug, Clone, PartialEq)]
pub struct LinePlan {
    /// Its id.
    pub id: LineId,
    /// Name shown to people.
    pub name: String,
    /// Where it begins. Its *in* direction is to the left of a→b as seen in the picture.
    pub a: NormPoint,
    /// Where it ends.
    pub b: NormPoint,
    /// How wide it is on the ground in metres, as configured; without it, it follows from the camera's calibration
    /// ([`line_width_m`](crate::config::line_width_m)).
    pub width_m: Option<f64>,
    /// The one direction in which people are to cross it.
    pub allowed: Option<Direction>,
    /// What is counted over it.
    pub classes: ClassSet,
    /// Half width of the band in which a track keeps its side, as a share of the track's box height.
    pub band_heights: f64,
    /// Least way that a track must have gone between its start or last count and a count, as a share of its box
    /// height.
    pub min_travel_heights: f64,
}

impl LinePlan {
    /// A line with every default.
    #[must_use]
    pub fn new(id: LineId, a: NormPoint, b: NormPoint) -> Self {
        Self {
            name: id.to_string(),
            id,
            a,
            b,
            width_m: None,
            allowed: None,
            classes: ClassSet::PERSON,
            band_heights: defaults::BAND_HEIGHTS,
            min_travel_heights: defaults::MIN_TRAVEL_HEIGHTS,
        }
    }
}

/// An alert rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RulePlan {
    /// Its id.
    pub id: RuleId,
    /// Name shown to people.
    pub name: String,
    /// What it looks at; at least one.
    pub conditions: Vec<ConditionPlan>,
    /// How several conditions make one level.
    pub combine: Combine,
    /// Where the thresholds come from: shown with every alert.
    pub source: String,
    /// When it may begin an alert.
    pub when: When,
    /// The site whose units and response plans its alerts have.
    pub site: Option<SiteId>,
}

/// A measure of a place, with the levels that its values give.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionPlan {
    /// The place.
    pub place: Place,
    /// What is compared.
    pub measure: Measure,
    /// The levels that are set, mildest first; their raise values get worse strictly ([`Worse`](crate::model::Worse)).
    pub levels: Vec<LevelPlan>,
}

/// How several conditions make one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// The gravest level that all of them have reached.
    All,
    /// The gravest level that one of them has reached.
    Any,
}

impl Combine {
    /// Its name in configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
        }
    }
}

/// When a rule may begin an alert. One that is open goes on until it clears, whatever the hour: a place that was too full
/// at closing time is too full after it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct When {
    /// At least one of them has to apply; none: any time.
    pub schedules: Vec<Schedule>,
    /// At least one of these profiles has to be on; none: none has to.
    pub profiles: Vec<String>,
    /// None of these profiles may be on.
    pub except_profiles: Vec<String>,
}

impl RulePlan {
    /// A rule of one condition that applies at any time; its name is its id, and its source is not told.
    #[must_use]
    pub fn new(id: RuleId, place: Place, measure: Measure, levels: Vec<LevelPlan>) -> Self {
        Self {
            name: id.to_string(),
            id,
            conditions: vec![ConditionPlan { place, measure, levels }],
            combine: Combine::Any,
            source: String::new(),
            when: When::default(),
            site: None,
        }
    }

    /// The camera, where all of its conditions are on one camera.
    #[must_use]
    pub fn camera(&self) -> Option<&CameraId> {
        let camera = self.conditions.first()?.place.camera()?;
        self.conditions.iter().all(|condition| condition.place.camera() == Some(camera)).then_some(camera)
    }

    /// Every level that it may have, mildest first.
    #[must_use]
    pub fn levels(&self) -> Vec<Level> {
        let has = |level: &Level| {
            self.conditions.iter().any(|condition| condition.levels.iter().any(|plan| plan.level == *level))
        };
        Level::ALL.into_iter().filter(has).collect()
    }
}

/// One level of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelPlan {
    /// Which.
    pub level: Level,
    /// Raised when the value is this or worse…
    pub raise: f64,
    /// …for this long, in seconds.
    pub hold_s: f64,
    /// Left when the value is this or better (better than `raise`)…
    pub clear: f64,
    /// …for this long, in seconds.
    pub clear_hold_s: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_into_the_address_and_nowhere_else() {
        let stream = |url: &str, credentials: Credentials| StreamSource {
            url: url.to_owned(),
            credentials,
            open_timeout_s: 10.0,
            read_timeout_s: 5.0,
        };
        let secret = Credentials::Known { user: "admin".to_owned(), password: "ge:h@im/{user}".to_owned() };
        let plain = stream("rtsp://10.0.0.5/live", secret.clone());
        assert_eq!(plain.address().unwrap(), "rtsp://admin:ge%3Ah%40im%2F%7Buser%7D@10.0.0.5/live");
        assert!(!format!("{plain:?}").contains("ge:h"), "{plain:?}");
        let places = stream("rtsp://10.0.0.5/user={user}&password={password}&channel=1", secret);
        assert_eq!(places.address().unwrap(), "rtsp://10.0.0.5/user=admin&password=ge%3Ah%40im%2F%7Buser%7D&channel=1");
        let open = stream("http://10.0.0.5/video", Credentials::None);
        assert_eq!(open.address().unwrap(), "http://10.0.0.5/video");
    }
}
