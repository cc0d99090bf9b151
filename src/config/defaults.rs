//! Every default and every limit of the configuration, each with its reason.

use super::number::Range;
use crate::model::{FrameSize, Level, Timestamp, ZoneUse};

/// Where the service listens: this machine only.
pub const LISTEN: &str = "127.0.0.1:8090";

/// Id of the model: the one that is shipped.
pub const MODEL: &str = "nanodet_g";
/// Threads inside each inference worker. On a CPU, several sessions of one thread each give more frames a second than
/// one session of many threads.
pub const THREADS_PER_WORKER: usize = 1;

/// People are made unrecognisable in published pictures unless the site switches that off.
pub const BLUR_HEADS: bool = true;

/// The network's input. A person 45 pixels high in a 768 x 576 picture still has 30 here, the least that the shipped
/// model sees; eight cameras at two frames a second take half of two cores. 4:3, and cut down to the picture's own shape.
pub const INPUT_SIZE: FrameSize = FrameSize { width_px: 512, height_px: 384 };
/// Stride of the shipped model: its input has to be a multiple of it. Other models' strides divide it.
pub const INPUT_STRIDE_PX: u32 = 32;
/// Most tiles across and down that a picture is cut into.
pub const TILES_MOST: u32 = 8;
/// Largest side of the network's input, in pixels: larger ones cost seconds a frame on a CPU.
pub const INPUT_MOST_PX: u32 = 2048;

/// Height in the network's input below which the shipped model misses most people, in pixels: a count of such people is a
/// lower bound. The manifest's `least_person_px` is another height, from which on people are seen well: an `auto` input is
/// chosen for that one.
pub const MISSED_BELOW_PX: f64 = 30.0;
/// Seconds between two density maps of a camera: a crowd grows over many seconds, and such a network takes as long as the
/// detector or longer.
pub const DENSITY_MAP_EVERY_S: f64 = 1.0;

/// Seconds without a fresh frame after which a camera's zones read unknown: three missed seconds at one frame a second.
pub const STALE_AFTER_S: f64 = 3.0;
/// Seconds after which what an external source told is no longer taken for now: systems that count at gates tell every few
/// seconds to once a minute.
pub const SOURCE_STALE_AFTER_S: f64 = 90.0;
/// Seconds a track has to be seen before it counts: false detections rarely live for two frames at 7 fps.
pub const CONFIRM_S: f64 = 0.2;
/// Seconds for which a hidden track still counts where it is expected: a detector that misses a walker for a frame or
/// two has not lost a person.
pub const COAST_S: f64 = 0.3;
/// Seconds after which a track that is no longer seen ends: about the time that a passer-by hides another.
pub const LOST_S: f64 = 2.0;

/// Longest wait for a stream's connection, in seconds: cameras that wake up take several.
pub const OPEN_TIMEOUT_S: f64 = 10.0;
/// Longest wait for a stream's next frame, in seconds: more than the longest usual key frame interval (4 s).
pub const READ_TIMEOUT_S: f64 = 5.0;

/// Time of a recording's first frame where none is given: fixed, so that two runs write the same bytes.
pub const START: Timestamp = Timestamp(0);

/// Half width of the band around a border in which a track keeps its side, in box heights. A detector's foot point
/// scatters by a few per cent of the box's height (the filter takes some of it away): a tenth is about three standard
/// deviations, so that a person who stands on the border keeps their side, and it is a sixth of a metre on the ground,
/// a quarter of a step, so that a person who walks is late by no more than that.
pub const BAND_HEIGHTS: f64 = 0.1;
/// Least distance between two counts of one track on a line, in box heights: half a metre, less than one step of a
/// walker, and more than the scatter of a foot point ever adds up to (it is a distance, not a length of way).
pub const MIN_TRAVEL_HEIGHTS: f64 = 0.3;

/// Space that a crop leaves above its zones and lines, as a share of the picture's height. Foot points lie in the zone,
/// the bodies stand above it; on walkways, people in the foreground are up to about a quarter of the picture high.
pub const CROP_MARGIN_ABOVE: f64 = 0.25;
/// Space that a crop leaves beside and below its zones and lines, as a share of the picture's width and height: half a
/// body's width, and the context that a detector needs around feet.
pub const CROP_MARGIN_AROUND: f64 = 0.05;

/// Seconds in a zone after which somebody loiters: longer than a pause to take pictures, shorter than a picnic.
pub const LOITERING_S: f64 = 300.0;

/// Side of a heat map's cell, in metres: about a person's breadth, so that a cell is one place to stand, and a few times a
/// foot point's scatter.
pub const HEAT_MAP_CELL_M: f64 = 0.5;

/// Seconds of a clip before and after a rise: long enough to see how people move, short enough to be looked at at once.
pub const EVIDENCE_BEFORE_S: f64 = 5.0;
/// See [`EVIDENCE_BEFORE_S`].
pub const EVIDENCE_AFTER_S: f64 = 5.0;
/// Days that evidence is kept: an engineering choice, so that what is asked for after a season's last event is still there.
/// A site's law on recordings of public places may ask for more, or less.
pub const EVIDENCE_KEEP_DAYS: u32 = 90;

/// Share of the raise value at or below which a level is left.
pub const CLEAR_SHARE: f64 = 0.85;
/// Seconds that a value has to stay at or below the clear value.
pub const CLEAR_HOLD_S: f64 = 60.0;
/// Where a rule's thresholds come from, where it gives its own and doesn't say.
pub const RULE_SOURCE: &str = "set by this site";

/// Seconds that a value has to stay at or above a level's raise value: the more urgent, the shorter.
pub const fn hold_s(level: Level) -> f64 {
    match level {
        Level::Blue => 30.0,
        Level::Yellow => 20.0,
        Level::Orange => 10.0,
        Level::Red => 5.0,
    }
}

/// Density thresholds that are shipped for a use of the ground.
pub struct ShippedLevels {
    /// What the ground is used for.
    pub ground_use: ZoneUse,
    /// Raise values in people per m², blue to red.
    pub raise_per_m2: [f64; 4],
    /// Where they come from: shown with every alert.
    pub source: &'static str,
}

/// The shipped density thresholds for this use of the ground.
#[must_use]
pub fn shipped_levels(ground_use: ZoneUse) -> &'static ShippedLevels {
    match ground_use {
        ZoneUse::Walkway => &SHIPPED_LEVELS[0],
        ZoneUse::Waiting => &SHIPPED_LEVELS[1],
    }
}

/// The shipped density thresholds.
///
/// No national standard maps people per m² to the four colours: these are proposals from the field's literature.
const SHIPPED_LEVELS: [ShippedLevels; 2] = [
    ShippedLevels {
        ground_use: ZoneUse::Walkway,
        raise_per_m2: [0.72, 1.08, 2.0, 3.5],
        source: "crowdflow's proposal for walkways, not a standard: 0.72 and 1.08 /m² are where levels of service D \
                 and E begin (Fruin 1971), 2.0 is past the peak of flow (Weidmann), 3.5 is unstable",
    },
    ShippedLevels {
        ground_use: ZoneUse::Waiting,
        raise_per_m2: [1.1, 2.0, 3.5, 4.7],
        source: "crowdflow's proposal for waiting areas, not a standard: 1.1 /m² is where queue level C begins (HCM), \
                 2.0 reduces movement clearly, 3.5 brings contact, 4.7 is the Green Guide's maximum for standing",
    },
];

/// The shipped shares of a site's published capacity, blue to red.
pub const SHARE_OF_CAPACITY: [f64; 4] = [0.8, 0.9, 1.0, 1.2];
/// Where they come from: shown with every alert.
pub const SHARE_OF_CAPACITY_SOURCE: &str = "practice at Chinese sites: 80 % of the published maximum load warns, 100 % stops entry; 90 % and 120 % are \
     crowdflow's proposal between and beyond, not a standard";

/// How long somebody may stay before they loiter.
pub(super) const LOITERING: Range = Range::above_zero(86_400.0).of(" seconds");
/// The side of a heat map's cell: finer than a foot is noise, coarser than a bus is no map.
pub(super) const HEAT_MAP_CELL: Range = Range::from_to(0.1, 10.0).of(" metres");
/// A limit of a level of service.
pub(super) const DENSITY_PER_M2: Range = Range::above_zero(12.0).of(" people per m²");
/// A score, an overlap, a share.
pub(super) const SHARE: Range = Range::from_to(0.0, 1.0);
/// Inference workers, and threads in each: more than any one machine uses.
pub(super) const THREADS: Range = Range::from_to(1.0, 256.0).whole();
/// Longest time between two analysed frames, in seconds. Alert rules don't count a longer gap as held (nobody saw what
/// happened in it), so with fewer frames no level that has a hold time could ever be raised.
pub const MAX_FRAME_INTERVAL_S: f64 = 5.0;
/// Least frames a second.
pub const FPS_LEAST: f64 = 1.0 / MAX_FRAME_INTERVAL_S;
/// Most frames a second: the fastest cameras in use give 240.
pub const FPS_MOST: f64 = 240.0;
/// Frames a second.
pub(super) const FPS: Range = Range::from_to(FPS_LEAST, FPS_MOST).of(" frames a second");
/// Budgets and time-outs.
pub(super) const BUDGET_S: Range = Range::above_zero(3600.0).of(" seconds");
/// A budget that may be switched off with 0.
pub(super) const BUDGET_OR_NONE_S: Range = Range::from_to(0.0, 3600.0).of(" seconds");
/// Time between two density maps: more often than ten times a second says nothing new, less than once a minute comes late.
pub(super) const MAP_INTERVAL_S: Range = Range::from_to(0.1, 60.0).of(" seconds");
/// Hold times of rules: up to a day.
pub(super) const HOLD_S: Range = Range::from_to(0.0, 86_400.0).of(" seconds");
/// Tiles across or down.
pub(super) const TILES: Range = Range::from_to(1.0, TILES_MOST as f64).whole().of(" tiles");
/// What a machine's workers get through, in millions of input pixels a second: from a tenth of a small board's core to
/// a large accelerator.
pub(super) const MEGAPIXELS_PER_S: Range = Range::from_to(0.05, 100_000.0).of(" megapixels a second");
/// A frame's width or height.
pub(super) const FRAME_PX: Range = Range::from_to(16.0, 16_384.0).whole().of(" pixels");
/// A zone's ground: up to a hundred football pitches.
/// An hour at most: what was counted longer ago says nothing of a crowd.
pub(super) const SOURCE_STALE_AFTER: Range = Range::from_to(1.0, 3600.0).of(" seconds");
pub(super) const AREA_M2: Range = Range::above_zero(AREA_MOST_M2).of(" m²");
/// A line's width on the ground: a turnstile up to a bridge's length.
pub(super) const WIDTH_M: Range = Range::from_to(0.1, 10_000.0).of(" metres");
/// The largest area of a zone.
pub const AREA_MOST_M2: f64 = 1_000_000.0;
/// Band and travel in box heights.
pub(super) const BAND: Range = Range::from_to(0.0, 1.0).of(" box heights");
/// Least travel in box heights.
pub(super) const TRAVEL: Range = Range::from_to(0.0, 10.0).of(" box heights");
/// Below which speed somebody stands: below half a slow walk; noise of foot points alone is a few cm/s.
pub(super) const STANDING_MPS: Range = Range::from_to(0.05, 0.5).of(" m/s");
/// How far two of one group are apart: from touching to across a small square.
pub(super) const GROUP_M: Range = Range::from_to(0.3, 10.0).of(" metres");
/// People of a group, a gathering or a dispersal.
pub(super) const GROUP_PEOPLE: Range = Range::from_to(2.0, 1000.0).whole().of(" people");
/// By how many people a gathering grows; 0: it need not.
pub(super) const GROWTH_PEOPLE: Range = Range::from_to(0.0, 1000.0).whole().of(" people");
/// How long something of a crowd has to last, or to be over.
pub(super) const CROWD_HOLD_S: Range = Range::from_to(0.5, 600.0).of(" seconds");
/// Within how long a gathering grows.
pub(super) const CROWD_WINDOW_S: Range = Range::from_to(5.0, 3600.0).of(" seconds");
/// Over how long a surge is told: all pairs of its seconds are looked at.
pub(super) const SURGE_WINDOW_S: Range = Range::from_to(20.0, 300.0).of(" seconds");
/// Of how much of the remembered time a dispersal's speed is above.
pub(super) const FAST_SHARE: Range = Range::from_to(0.5, 0.999);
/// How much a dispersal has to remember.
pub(super) const LEARN_S: Range = Range::from_to(60.0, 86_400.0).of(" seconds");
/// A coordinate on the ground: any national grid, in metres.
pub(super) const GROUND_M: Range = Range::from_to(-1e8, 1e8).of(" metres");
/// A camera's height over the ground: up to a tower's.
pub(super) const CAMERA_HEIGHT_M: Range = Range::above_zero(1000.0).of(" metres");
/// How far a camera looks below the horizon.
pub(super) const TILT_DEG: Range = Range::above_zero(90.0).of(" degrees");
/// How far a camera is turned about its line of sight: more is a picture on its side.
pub(super) const ROLL_DEG: Range = Range::from_to(-60.0, 60.0).of(" degrees");
/// A focal length: from a fish-eye on a small picture to a long zoom on a large one.
pub(super) const FOCAL_PX: Range = Range::from_to(50.0, 1_000_000.0).of(" pixels");
/// Radial distortion, as the share by which a corner of the picture moves outwards. Below −0.2 the formula turns back
/// within reach of the picture.
pub(super) const K1: Range = Range::from_to(-0.2, 1.0);
/// Point pairs of a calibration: sets of four of them are tried.
pub(super) const POINTS_MOST: usize = 100;
/// Corners of a polygon: each costs time at every foot point, and hand-drawn zones have a dozen.
pub(super) const CORNERS_MOST: usize = 256;
/// Letters of a name or source.
pub(super) const TEXT_MOST: usize = 400;
/// A site map's width: from a room to a city.
pub(super) const MAP_WIDTH_M: Range = Range::from_to(1.0, 1_000_000.0).of(" metres");
/// Largest file that a site map's picture may have: loaded by every browser, also by a telephone in the street.
pub const MAP_PICTURE_MOST_BYTES: u64 = 5_000_000;
/// Longest side of a site map's picture, in pixels: larger ones are more than a telephone's browser draws.
pub(super) const MAP_PICTURE_MOST_PX: u32 = 8192;
/// A site's capacity: up to a national day on a whole riverside.
pub(super) const CAPACITY: Range = Range::above_zero(10_000_000.0).of(" people");
/// Time until a step of a response plan is to be over.
pub(super) const STEP_LIMIT: Range = Range::above_zero(86_400.0).of(" seconds");
/// Time between two reminders; 0 switches them off.
pub(super) const REMIND_EVERY: Range = Range::from_to(0.0, 86_400.0).of(" seconds");
/// Length of the longest shelf: longer than a week nobody knows any more why.
pub(super) const LONGEST_SHELF: Range = Range::above_zero(604_800.0).of(" seconds");
/// Time without acknowledgement.
pub(super) const ESCALATE_AFTER: Range = Range::above_zero(86_400.0).of(" seconds");
/// How long a message is tried: shorter than a minute it would not outlast a restart, longer than a month nobody wants it.
pub(super) const RETRY_FOR: Range = Range::from_to(60.0, 2_592_000.0).of(" seconds");
/// How long one attempt to send may take.
pub(super) const SEND_TIMEOUT: Range = Range::from_to(0.1, 300.0).of(" seconds");
/// How long what is kept; 0 is for ever.
pub(super) const KEEP_DAYS: Range = Range::from_to(0.0, 36_500.0).whole().of(" days");
/// Length of a clip before and after a rise: what is before it waits in memory, some 200 kB a second and camera.
pub(super) const EVIDENCE_AROUND: Range = Range::from_to(0.0, 30.0).of(" seconds");
/// Holidays or dates of a profile: more than any calendar of ten years has.
pub(super) const DATES_MOST: usize = 1000;

/// The store's file.
pub const STORE_FILE: &str = "crowdflow.db";
/// The level of a camera's blindness where nothing grave was on in its picture: somebody has to look after it, nobody is
/// in danger that is known of.
pub const BLIND_LEVEL: Level = Level::Blue;
/// Seconds between two reminders of an open alert that nobody has acknowledged: often enough that it is not forgotten,
/// seldom enough that it is still read.
pub const REMIND_EVERY_S: f64 = 600.0;
/// Longest time that an alert may be shelved for, in seconds: a shift's length, so that whoever comes next decides anew.
pub const LONGEST_SHELF_S: f64 = 28_800.0;
/// Seconds without acknowledgement after which the units above are told, for blue, yellow, orange and red: an engineering
/// choice (two minutes for a level at which measures are taken, half a minute for danger to life), to be agreed on site.
pub const ESCALATE_AFTER_S: [Option<f64>; 4] = [None, None, Some(120.0), Some(30.0)];
/// Seconds for which a message is tried before it is given up: a day, so that what fails at night is mended by day.
pub const RETRY_FOR_S: f64 = 86_400.0;
/// Seconds that one attempt to send may take.
pub const SEND_TIMEOUT_S: f64 = 10.0;
/// What MQTT topics begin with.
pub const MQTT_TOPIC: &str = "crowdflow";
/// MQTT's port without TLS (IANA).
pub const MQTT_PORT: u16 = 1883;
/// Where WeCom takes messages for robots.
pub const WECOM_URL: &str = "https://qyapi.weixin.qq.com";
/// Where DingTalk takes messages for robots.
pub const DINGTALK_URL: &str = "https://oapi.dingtalk.com";
/// Where Feishu takes messages for robots.
pub const FEISHU_URL: &str = "https://open.feishu.cn";
