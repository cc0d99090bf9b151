//! The thread that writes evidence and puts it on record: nobody else waits for the disk or the store.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::clip::{self, FPS};
use super::folder::EvidenceFolder;
use super::ring::Shot;
use super::stats::Counters;
use crate::model::{AlertId, CameraId, Timestamp};
use crate::picture::{Picture, PictureError, VideoWriter};
use crate::store::{NewEvidence, Store};

/// The store is asked again after so long.
const RETRY: Duration = Duration::from_secs(2);
/// It is waited for no longer than this.
const PATIENCE: Duration = Duration::from_secs(5);
/// Files that may wait for the store; those beyond stay without a record, and are counted.
const MOST_UNRECORDED: usize = 4096;
/// Rises whose number is remembered: their clips come some seconds after their pictures.
const MOST_NUMBERS: usize = 256;

/// What a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Picture,
    Clip,
    Samples,
    Rule,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Clip => "clip",
            Self::Samples => "samples",
            Self::Rule => "rule",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Picture => "jpg",
            Self::Clip => "mp4",
            Self::Samples | Self::Rule => "json",
        }
    }
}

/// A file to be written.
#[derive(Debug)]
pub(super) struct Item {
    /// The alert.
    pub alert: AlertId,
    /// When it left calm.
    pub since: Timestamp,
    /// When it rose.
    pub rise: Timestamp,
    /// What time the file is of.
    pub at: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// Whose it is, where it is a camera's.
    pub camera: Option<CameraId>,
    /// What is in it.
    pub contents: Contents,
}

/// What is in a file.
#[derive(Debug)]
pub(super) enum Contents {
    Bytes(Vec<u8>),
    Clip(Vec<Shot>),
}

/// Writes what comes until nothing comes any more.
pub(super) struct Writer {
    pub folder: EvidenceFolder,
    pub store: Store,
    pub runtime: Handle,
    pub counters: Arc<Counters>,
    pub numbers: VecDeque<(AlertId, Timestamp, u32)>,
    pub unrecorded: VecDeque<NewEvidence>,
    pub retry_at: Option<Instant>,
}

impl Writer {
    pub fn run(mut self, items: &Receiver<Item>) {
        loop {
            let outcome = match self.retry_at {
                Some(at) => items.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => items.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match outcome {
                Ok(item) => self.write(item),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.retry_at.is_none_or(|at| at <= Instant::now()) {
                self.record();
            }
        }
        self.record();
        if !self.unrecorded.is_empty() {
            let files = self.unrecorded.len();
            tracing::error!(
                files,
                "evidence stays without a record, as the store can't be written: `evidence verify` names it"
            );
        }
    }

    fn write(&mut self, item: Item) {
        let number = self.number(&item);
        let camera = item.camera.as_ref().map(|camera| format!("_{camera}")).unwrap_or_default();
        let name = format!("{number}_{}{camera}.{}", item.kind.as_str(), item.kind.ending());
        let of = (&item.alert, item.since);
        let written = match &item.contents {
            Contents::Bytes(bytes) => self.folder.write_bytes(of, &name, bytes),
            Contents::Clip(shots) => self.folder.write(of, &name, |path| write_clip(path, shots).map_err(io_error)),
        };
        match written {
            Ok((path, sha256)) => {
                Counters::count(&self.counters.written);
                let (alert, kind) = (item.alert.as_str().to_owned(), item.kind.as_str().to_owned());
                self.unrecorded.push_back(NewEvidence { alert, at: item.at, kind, path, sha256 });
                if self.unrecorded.len() > MOST_UNRECORDED {
                    self.unrecorded.pop_front();
                    Counters::count(&self.counters.failed);
                }
            }
            Err(error) => {
                Counters::count(&self.counters.failed);
                let (alert, folder) = (item.alert.as_str(), self.folder.path().display());
                tracing::error!(alert, file = name, %folder, %error, "evidence could not be written and is lost");
            }
        }
    }

    /// The number of the item's rise within its alert.
    fn number(&mut self, item: &Item) -> u32 {
        let of_alert = || self.numbers.iter().filter(|(alert, ..)| *alert == item.alert);
        if let Some((.., number)) = of_alert().find(|(_, rise, _)| *rise == item.rise) {
            return *number;
        }
        let after = of_alert().map(|(.., number)| number + 1).max().unwrap_or(1);
        let number = self.folder.next_number(&item.alert, item.since).max(after);
        self.numbers.push_back((item.alert.clone(), item.rise, number));
        if self.numbers.len() > MOST_NUMBERS {
            self.numbers.pop_front();
        }
        number
    }

    /// Puts on record what isn't yet, in order.
    fn record(&mut self) {
        while let Some(next) = self.unrecorded.front() {
            let recorded = async { tokio::time::timeout(PATIENCE, self.store.record_evidence(next)).await };
            let error = match self.runtime.block_on(recorded) {
                Ok(Ok(_)) => {
                    Counters::count(&self.counters.recorded);
                    self.unrecorded.pop_front();
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            if self.retry_at.is_none() {
                let waiting = self.unrecorded.len();
                tracing::error!(waiting, error, "evidence can't be put on record now; tried again and again");
            }
            self.retry_at = Some(Instant::now() + RETRY);
            return;
        }
        self.retry_at = None;
    }
}

fn io_error(error: PictureError) -> io::Error {
    io::Error::other(error.to_string())
}

/// Writes a video that plays as fast as it was.
fn write_clip(path: &Path, shots: &[Shot]) -> Result<(), PictureError> {
    let times: Vec<Timestamp> = shots.iter().map(|shot| shot.at).collect();
    let mut video: Option<VideoWriter> = None;
    let mut shown: Option<(usize, Picture)> = None;
    let mut size = None;
    for index in clip::played(&times) {
        if shown.as_ref().is_none_or(|(last, _)| *last != index) {
            let picture = Picture::decode(&shots[index].jpeg)?;
            // A camera may come back with pictures of another size.
            let size = *size.get_or_insert(picture.size());
            let picture = if picture.size() == size { picture } else { picture.resized(size)? };
            shown = Some((index, picture));
        }
        let Some((_, picture)) = &shown else { continue };
        let video = match &mut video {
            Some(video) => video,
            none => none.insert(VideoWriter::create(path, picture.size(), FPS)?),
        };
        video.write(picture)?;
    }
    video.map_or(Ok(()), VideoWriter::finish)
}
