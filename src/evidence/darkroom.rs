//! The thread that draws: it makes small pictures of what comes, and at a rise takes from them what is to be kept.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use super::clip::Clip;
use super::documents::{Rise, SeenBy, rule_document, samples_document};
use super::ring::{Shot, ShotRing};
use super::samples::SampleRing;
use super::stats::Counters;
use super::writer::{Contents, Item, Kind};
use crate::config::{CameraPlan, EvidencePlan, Plan, RulePlan};
use crate::model::{AlertId, CameraId, FrameReport, FrameSize, PixelBox, Place, Readings, RuleId, Timestamp};
use crate::picture::{Picture, PictureError};
use crate::view::{Annotator, Scene, ZoneLevel};

/// Wider pictures of clips are made smaller.
const CLIP_WIDTH_PX: u32 = 640;
const CLIP_QUALITY: u8 = 75;
/// Wider pictures of a rise are made smaller.
const PICTURE_WIDTH_PX: u32 = 1920;
const PICTURE_QUALITY: u8 = 90;
/// Memory of a camera's ring: many times what its seconds usually take.
const MOST_RING_BYTES: usize = 16 << 20;
/// A picture that is older at the rise is of another time, in seconds. Of a camera that has gone blind, the last picture
/// is what there is.
const MOST_PICTURE_AGE_S: f64 = 60.0;
/// A clip ends so long after its time at the latest, by the steady clock.
const CLIP_SLACK: Duration = Duration::from_secs(3);
/// How often clips are looked at while nothing comes.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A frame's picture with what there is to draw on it.
#[derive(Debug)]
pub struct SeenFrame {
    /// The picture, as the camera sent it.
    pub picture: Picture,
    /// How the zones stand.
    pub levels: Vec<ZoneLevel>,
    /// Boxes of people who are hidden too: see [`Scene::also_hide`].
    pub also_hide: Vec<PixelBox>,
}

/// What the analysis hands over.
pub(super) enum Message {
    /// A camera's report, perhaps with its picture.
    Seen {
        report: Arc<FrameReport>,
        frame: Option<SeenFrame>,
        /// The camera's pictures that wait.
        waiting: Arc<AtomicUsize>,
    },
    /// What sites read.
    Sites(Timestamp, Vec<(Place, Readings)>),
    /// An alert has risen.
    Raised(Rise),
}

struct Camera {
    annotator: Annotator,
    ring: ShotRing,
    newest: Option<(Arc<FrameReport>, SeenFrame)>,
    clips: Vec<OpenClip>,
}

struct OpenClip {
    clip: Clip,
    alert: AlertId,
    since: Timestamp,
    ends: Instant,
}

/// Draws, and hands on what is to be written.
pub(super) struct Darkroom {
    settings: EvidencePlan,
    cameras: BTreeMap<CameraId, Camera>,
    /// External sources.
    sources: BTreeSet<CameraId>,
    /// The cameras that see a site, and the sources that count there.
    sites: BTreeMap<Place, BTreeSet<CameraId>>,
    rules: BTreeMap<RuleId, RulePlan>,
    samples: SampleRing,
    items: SyncSender<Item>,
    counters: Arc<Counters>,
}

impl Darkroom {
    pub fn new(
        plan: &Plan,
        settings: &EvidencePlan,
        wanted: &BTreeSet<CameraId>,
        items: SyncSender<Item>,
        counters: Arc<Counters>,
    ) -> Self {
        let camera = |camera: &CameraPlan| Camera {
            annotator: Annotator::new(camera, &plan.rules, &plan.privacy).hiding(settings.hide),
            ring: ShotRing::new(settings.before_s, MOST_RING_BYTES),
            newest: None,
            clips: Vec::new(),
        };
        let cameras = plan.cameras.iter().filter(|camera| wanted.contains(&camera.id));
        Self {
            settings: settings.clone(),
            cameras: cameras.map(|plan| (plan.id.clone(), camera(plan))).collect(),
            sites: cameras_of_sites(plan),
            sources: plan.sources.iter().map(|source| source.id.clone()).collect(),
            rules: plan.rules.iter().map(|rule| (rule.id.clone(), rule.clone())).collect(),
            samples: SampleRing::new(&plan.rules),
            items,
            counters,
        }
    }

    pub fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let message = match messages.recv_timeout(LOOK_INTERVAL) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            // Whatever a broken frame brings about, the next one makes a new picture.
            if catch_unwind(AssertUnwindSafe(|| self.take_in(message))).is_err() {
                Counters::count(&self.counters.failed);
                tracing::error!("drawing evidence panicked: this is a bug in crowdflow");
            }
        }
        // What there is of the clips is kept.
        self.end_clips(|_, _| true);
    }

    fn take_in(&mut self, message: Option<Message>) {
        match message {
            Some(Message::Seen { report, frame, waiting }) => {
                if frame.is_some() {
                    waiting.fetch_sub(1, Ordering::Relaxed);
                }
                self.seen(&report, frame);
            }
            Some(Message::Sites(at, readings)) => {
                readings.iter().for_each(|(place, readings)| self.samples.push(place, at, readings));
            }
            Some(Message::Raised(rise)) => self.raised(&rise),
            None => {}
        }
        let now = Instant::now();
        self.end_clips(|_, open| open.ends <= now);
    }

    fn seen(&mut self, report: &Arc<FrameReport>, frame: Option<SeenFrame>) {
        let places: Vec<Place> =
            self.samples.places().into_iter().filter(|place| place.camera() == Some(&report.camera)).cloned().collect();
        for place in &places {
            if let Some(readings) = report.of(place) {
                self.samples.push(place, report.at, readings);
            }
        }
        let at = report.at;
        if let (Some(frame), Some(camera)) = (frame, self.cameras.get_mut(&report.camera)) {
            if self.settings.clip {
                match camera.draw(report, &frame, even(no_wider(frame.picture.size(), CLIP_WIDTH_PX)), CLIP_QUALITY) {
                    Ok(jpeg) => {
                        let shot = Shot { at, jpeg: jpeg.into() };
                        camera.clips.iter_mut().for_each(|open| open.clip.add(&shot));
                        camera.ring.push(shot);
                    }
                    Err(error) => {
                        Counters::count(&self.counters.dropped);
                        tracing::warn!(camera = %report.camera, %error, "a picture of a clip can't be drawn");
                    }
                }
            }
            camera.newest = Some((Arc::clone(report), frame));
            Counters::count(&self.counters.drawn);
        }
        self.end_clips(|camera, open| camera == &report.camera && open.clip.is_over(at));
    }

    /// Ends the clips that are so.
    fn end_clips(&mut self, is_over: impl Fn(&CameraId, &OpenClip) -> bool) {
        let mut ended = Vec::new();
        for (id, camera) in &mut self.cameras {
            ended.extend(camera.clips.extract_if(.., |open| is_over(id, open)).map(|open| (id.clone(), open)));
        }
        for (camera, OpenClip { clip, alert, since, .. }) in ended {
            let rise = clip.rise();
            let shots = clip.into_shots();
            let Some(at) = shots.first().map(|shot| shot.at) else {
                tracing::warn!(%camera, alert = alert.as_str(), "no picture came around the rise: there is no clip");
                continue;
            };
            self.write(Item {
                alert,
                since,
                rise,
                at,
                kind: Kind::Clip,
                camera: Some(camera),
                contents: Contents::Clip(shots),
            });
        }
    }

    fn raised(&mut self, rise: &Rise) {
        Counters::count(&self.counters.rises);
        let rule = self.rules.get(&rise.event.rule).cloned();
        let (mut seen_by, mut pictures) = (Vec::new(), Vec::new());
        // An external source has no pictures; what it told is among the samples.
        let cameras = self.cameras_of(rise, rule.as_ref());
        for id in cameras.into_iter().filter(|id| !self.sources.contains(id)) {
            let picture = self.picture_of(&id, rise.event.at);
            let (time, why_none) = match &picture {
                Ok((at, _)) => (Some(at.to_rfc3339()), None),
                Err(why) => (None, Some(why.clone())),
            };
            seen_by.push(SeenBy { camera: id.clone(), picture: time, why_none });
            pictures.extend(picture.ok().map(|(at, jpeg)| (id.clone(), at, jpeg)));
            if let Some(camera) = self.cameras.get_mut(&id).filter(|_| self.settings.clip) {
                let EvidencePlan { before_s, after_s, .. } = self.settings;
                let from = rise.event.at.plus_seconds(-before_s);
                camera.clips.push(OpenClip {
                    clip: Clip::new(rise.event.at, before_s, after_s, camera.ring.since(from)),
                    alert: rise.alert.clone(),
                    since: rise.event.since,
                    ends: Instant::now() + Duration::from_secs_f64(after_s) + CLIP_SLACK,
                });
            }
        }
        let hidden = self.settings.hide.as_str();
        for (kind, text) in [
            (Kind::Rule, rule_document(rise, rule.as_ref(), &seen_by, hidden)),
            (Kind::Samples, samples_document(rise, rule.as_ref(), &self.samples)),
        ] {
            match text {
                Ok(text) => self.write_of(rise, kind, None, rise.event.at, text),
                Err(error) => {
                    Counters::count(&self.counters.failed);
                    tracing::error!(alert = rise.alert.as_str(), %error, "evidence could not be put into words");
                }
            }
        }
        for (camera, at, jpeg) in pictures {
            self.write_of(rise, Kind::Picture, Some(camera), at, jpeg);
        }
    }

    /// The cameras that see what the rule looks at.
    fn cameras_of(&self, rise: &Rise, rule: Option<&RulePlan>) -> BTreeSet<CameraId> {
        let conditions = rule.into_iter().flat_map(|rule| &rule.conditions).map(|condition| &condition.place);
        let places = conditions.chain([&rise.event.place]);
        places.flat_map(|place| cameras_of_place(place, &self.sites)).collect()
    }

    /// A camera's picture at that time with its own time, or why there is none.
    fn picture_of(&self, camera: &CameraId, at: Timestamp) -> Result<(Timestamp, Vec<u8>), String> {
        let newest = self.cameras.get(camera).and_then(|camera| Some((camera, camera.newest.as_ref()?)));
        let Some((camera, (report, frame))) = newest else { return Err("no picture came yet".to_owned()) };
        if at.seconds_since(report.at).abs() > MOST_PICTURE_AGE_S {
            return Err(format!("the last picture is of {}", report.at.to_rfc3339()));
        }
        match camera.draw(report, frame, no_wider(frame.picture.size(), PICTURE_WIDTH_PX), PICTURE_QUALITY) {
            Ok(jpeg) => Ok((report.at, jpeg)),
            Err(error) => {
                Counters::count(&self.counters.failed);
                Err(error.to_string())
            }
        }
    }

    fn write_of(&self, rise: &Rise, kind: Kind, camera: Option<CameraId>, at: Timestamp, bytes: Vec<u8>) {
        let (alert, since) = (rise.alert.clone(), rise.event.since);
        self.write(Item { alert, since, rise: rise.event.at, at, kind, camera, contents: Contents::Bytes(bytes) });
    }

    fn write(&self, item: Item) {
        let why = match self.items.try_send(item) {
            Ok(()) => return,
            Err(TrySendError::Full(_)) => "too much waits to be written: is the disk slow?",
            Err(TrySendError::Disconnected(_)) => "its thread has ended",
        };
        Counters::count(&self.counters.failed);
        tracing::error!(why, "evidence is lost");
    }
}

impl Camera {
    /// A JPEG with people made unrecognisable; no picture rather than one in which they aren't.
    fn draw(
        &self,
        report: &FrameReport,
        frame: &SeenFrame,
        size: FrameSize,
        quality: u8,
    ) -> Result<Vec<u8>, PictureError> {
        // Before drawing, so that text and lines stay sharp.
        let of = &frame.picture;
        let mut picture = if of.size() == size { of.try_clone()? } else { of.resized(size)? };
        let scene = Scene { report, levels: &frame.levels, also_hide: &frame.also_hide };
        self.annotator.draw(&mut picture, &scene)?;
        picture.jpeg(quality)
    }
}

/// The size of a picture that is no wider than this.
fn no_wider(size: FrameSize, most_width_px: u32) -> FrameSize {
    let width_px = size.width_px.min(most_width_px);
    let height = u64::from(size.height_px) * u64::from(width_px) / u64::from(size.width_px.max(1));
    FrameSize { width_px, height_px: u32::try_from(height).unwrap_or(u32::MAX).max(1) }
}

/// With even sides, as H.264 needs them.
fn even(size: FrameSize) -> FrameSize {
    let even = |side: u32| (side & !1).max(2);
    FrameSize { width_px: even(size.width_px), height_px: even(size.height_px) }
}

/// The cameras that see each site, and the external sources that count there.
fn cameras_of_sites(plan: &Plan) -> BTreeMap<Place, BTreeSet<CameraId>> {
    let sites = plan.response.sites.iter();
    sites
        .map(|site| (Place::Site(site.id.clone()), site.zones.iter().map(|zone| zone.camera.clone()).collect()))
        .collect()
}

fn cameras_of_place(place: &Place, sites: &BTreeMap<Place, BTreeSet<CameraId>>) -> Vec<CameraId> {
    let of_site = || sites.get(place).map(|cameras| cameras.iter().cloned().collect()).unwrap_or_default();
    place.camera().map_or_else(of_site, |camera| vec![camera.clone()])
}

/// The cameras that a rule looks at, by themselves or as part of a site: those whose pictures are needed.
#[must_use]
pub fn cameras_with_rules(plan: &Plan) -> BTreeSet<CameraId> {
    let sites = cameras_of_sites(plan);
    let conditions = plan.rules.iter().flat_map(|rule| &rule.conditions);
    conditions.flat_map(|condition| cameras_of_place(&condition.place, &sites)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_have_even_sides_and_pictures_are_never_enlarged() {
        let size = |width_px, height_px| FrameSize { width_px, height_px };
        assert_eq!(no_wider(size(768, 576), 640), size(640, 480));
        assert_eq!(no_wider(size(1919, 1079), 1920), size(1919, 1079));
        assert_eq!(no_wider(size(5000, 1), 640), size(640, 1));
        assert_eq!(even(size(641, 361)), size(640, 360));
        assert_eq!(even(size(1, 1)), size(2, 2));
    }
}
