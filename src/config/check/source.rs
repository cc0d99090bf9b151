//! Where a camera's frames come from.

use super::stream::{self, Scheme};
use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::{RawRecording, RawSource, RawV4l2};
use crate::config::{FileSource, ImageFolderSource, SourcePlan, V4l2Source};
use crate::model::Timestamp;

pub(super) fn check(checker: &mut Checker<'_>, raw: &RawSource, path: &KeyPath) -> Option<SourcePlan> {
    let given: Vec<&str> = [
        ("file", raw.file.is_some()),
        ("rtsp", raw.rtsp.is_some()),
        ("http", raw.http.is_some()),
        ("images", raw.images.is_some()),
        ("v4l2", raw.v4l2.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    if given.len() != 1 {
        let found = if given.is_empty() { "no source".to_owned() } else { given.join(" and ") };
        let expected = format!("exactly one of [{path}.file], [….rtsp], [….http], [….images], [….v4l2]");
        checker.note(path, Fault::new(FaultKind::NotOneSource, found, expected));
    }
    // What is in each is checked even where there are too many: all faults at once.
    let file = raw.file.as_ref().map(|file| {
        let (path, fps, start, repeat) = recording(checker, file, &path.key("file"), "the video file")?;
        Some(SourcePlan::File(FileSource { path, fps, start, repeat }))
    });
    let images = raw.images.as_ref().map(|images| {
        let (path, fps, start, repeat) = recording(checker, images, &path.key("images"), "the folder of pictures")?;
        Some(SourcePlan::Images(ImageFolderSource { path, fps, start, repeat }))
    });
    let rtsp = raw.rtsp.as_ref().map(|rtsp| stream::check(checker, rtsp, &path.key("rtsp"), Scheme::Rtsp));
    let http = raw.http.as_ref().map(|http| stream::check(checker, http, &path.key("http"), Scheme::Http));
    let v4l2 = raw.v4l2.as_ref().map(|device| v4l2(checker, device, &path.key("v4l2")));
    let streams = rtsp.or(http).map(|stream| stream.map(SourcePlan::Stream));
    file.or(images).or(streams).or(v4l2).flatten()
}

type Recording = (std::path::PathBuf, f64, Timestamp, bool);

fn recording(checker: &mut Checker<'_>, raw: &RawRecording, path: &KeyPath, what: &str) -> Option<Recording> {
    let file = match &raw.path {
        Some(text) => checker.path(&path.key("path"), text),
        None => {
            checker.missing(&path.key("path"), format!("the path of {what}"));
            None
        }
    };
    let fps = match raw.fps {
        Some(fps) => checker.number(&path.key("fps"), fps, defaults::FPS),
        None => {
            let fault = Fault::new(FaultKind::MissingKey, "nothing", "the true frames a second, for example 25")
                .help("It has to be given because what a video file says about its rate is often wrong");
            checker.note(&path.key("fps"), fault);
            None
        }
    };
    let start = match &raw.start {
        Some(written) => time(checker, &written.0, &path.key("start")),
        None => Some(defaults::START),
    };
    Some((file?, fps?, start?, raw.repeat))
}

fn time(checker: &mut Checker<'_>, written: &str, path: &KeyPath) -> Option<Timestamp> {
    let time = Timestamp::from_rfc3339(written);
    if time.is_none() {
        checker.note(path, Fault::new(FaultKind::BadTime, format!("{written:?}"), Timestamp::RFC3339_WORDS));
    }
    time
}

fn v4l2(checker: &mut Checker<'_>, raw: &RawV4l2, path: &KeyPath) -> Option<SourcePlan> {
    let device = match &raw.device {
        Some(text) => checker.path(&path.key("device"), text),
        None => {
            checker.missing(&path.key("device"), "the device, for example \"/dev/video0\"");
            None
        }
    };
    let size_px = match &raw.size {
        Some(size) => checker.frame_size(&path.key("size"), size).map(Some),
        None => Some(None),
    };
    let fps = checker.optional_number(&path.key("fps"), raw.fps, defaults::FPS);
    Some(SourcePlan::V4l2(V4l2Source { device: device?, size_px: size_px?, fps: fps? }))
}
