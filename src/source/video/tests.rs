//! Real files, whole and damaged. Each picture is one grey that tells its number, so that a frame in the wrong place
//! is seen.

use std::path::{Path, PathBuf};

use opencv::core::{CV_8UC3, Scalar, Size};
use opencv::videoio::{VideoWriter, VideoWriterTrait, VideoWriterTraitConst};
use opencv::{core as cv, imgcodecs};
use tempfile::TempDir;

use super::*;
use crate::config::{CameraPlan, Credentials, FileSource, ImageFolderSource, SourcePlan};
use crate::model::{CameraId, FrameMeta, FrameSize, Timestamp};
use crate::source::FrameReader;

const COUNT: u64 = 60;
const FPS: f64 = 7.0;
const START: Timestamp = Timestamp(1_800_000_000_000_000);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn grey_picture(number: u64, width: i32, height: i32) -> Mat {
    Mat::new_rows_cols_with_default(height, width, CV_8UC3, Scalar::all(4.0 * number as f64)).unwrap()
}

fn number_of(picture: &Picture) -> u64 {
    let mean = cv::mean_def(picture.mat()).unwrap();
    (mean[1] / 4.0).round() as u64
}

/// A video of [`COUNT`] pictures whose container says 25 frames a second.
fn write_video(path: &Path, codec: [char; 4]) {
    let fourcc = VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]).unwrap();
    let name = path.to_str().unwrap();
    let mut writer =
        VideoWriter::new_with_backend(name, videoio::CAP_FFMPEG, fourcc, 25.0, Size::new(64, 48), true).unwrap();
    assert!(writer.is_opened().unwrap(), "no encoder for {codec:?}");
    for number in 0..COUNT {
        writer.write(&grey_picture(number, 64, 48)).unwrap();
    }
    writer.release().unwrap();
}

/// The same picture again and again, of this width, as an MPEG-TS file that others can be appended to.
fn transport_stream(folder: &TempDir, width: i32, count: u64) -> Vec<u8> {
    let path = folder.path().join(format!("{width}.ts"));
    let fourcc = VideoWriter::fourcc('m', 'p', 'g', '2').unwrap();
    let size = Size::new(width, width * 3 / 4);
    let mut writer =
        VideoWriter::new_with_backend(path.to_str().unwrap(), videoio::CAP_FFMPEG, fourcc, 25.0, size, true).unwrap();
    for number in 0..count {
        writer.write(&grey_picture(number % COUNT, width, width * 3 / 4)).unwrap();
    }
    writer.release().unwrap();
    std::fs::read(&path).unwrap()
}

fn motion_jpeg(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("a.avi");
    write_video(&path, ['M', 'J', 'P', 'G']);
    path
}

fn camera(source: SourcePlan, analysis_fps: Option<f64>) -> CameraPlan {
    CameraPlan { analysis_fps, ..CameraPlan::new(CameraId::new("gate").unwrap(), source) }
}

fn file_camera(path: &Path, analysis_fps: Option<f64>) -> CameraPlan {
    let path = path.to_owned();
    camera(SourcePlan::File(FileSource { path, fps: FPS, start: START, repeat: false }), analysis_fps)
}

/// Every frame's facts and the number that its picture shows.
fn read_all(camera: &CameraPlan) -> (Vec<(FrameMeta, u64)>, SourceTotals) {
    let mut reader = FrameReader::open(camera).unwrap();
    let mut frames = Vec::new();
    for frame in &mut reader {
        let (meta, picture) = frame.unwrap();
        frames.push((meta, number_of(&picture)));
    }
    (frames, reader.totals())
}

fn refused(camera: &CameraPlan) -> SourceError {
    FrameReader::open(camera).err().expect("an error")
}

/// Places of the payloads of an AVI file's frames.
fn avi_frames(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let movi = bytes.windows(4).position(|name| name == b"movi").unwrap();
    let mut at = movi + 4;
    let mut frames = Vec::new();
    while bytes.get(at..at + 4) == Some(b"00dc") {
        let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        frames.push(at + 8..at + 8 + size);
        at += 8 + size + size % 2;
    }
    frames
}

#[test]
fn every_frame_in_order_and_the_same_each_time() {
    let folder = folder();
    let path = motion_jpeg(&folder);
    let (frames, totals) = read_all(&file_camera(&path, None));
    assert_eq!(totals, SourceTotals { frames: COUNT, failed: 0, expected: Some(COUNT), ..SourceTotals::default() });
    assert_eq!(totals.warning(), None);
    for (index, (meta, number)) in frames.iter().enumerate() {
        assert_eq!((meta.seq, *number, meta.epoch), (index as u64, index as u64, 0));
        assert_eq!(meta.at, START.plus_seconds(index as f64 / FPS), "the configured rate, not the container's");
        assert_eq!(meta.size, FrameSize { width_px: 64, height_px: 48 });
    }
    assert_eq!(read_all(&file_camera(&path, None)).0, frames);
}

#[test]
fn a_file_is_thinned_by_its_frame_times() {
    let folder = folder();
    let (frames, totals) = read_all(&file_camera(&motion_jpeg(&folder), Some(2.0)));
    let numbers: Vec<u64> = frames.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers[..6], [0, 4, 7, 11, 14, 18]);
    assert_eq!(totals.frames, COUNT, "those passed over are read too");
}

#[test]
fn a_truncated_file_gives_what_is_there_and_says_so() {
    let folder = folder();
    let path = motion_jpeg(&folder);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..avi_frames(&bytes)[30].start]).unwrap();
    let (frames, totals) = read_all(&file_camera(&path, None));
    assert!((29..=30).contains(&frames.len()), "{}", frames.len());
    let warning = totals.warning().unwrap();
    assert_eq!(warning, format!("truncated or damaged: {} of about 60 frames", frames.len()));
}

#[test]
fn frames_that_fail_to_decode_are_counted_and_the_others_keep_their_time() {
    let folder = folder();
    let path = motion_jpeg(&folder);
    let mut bytes = std::fs::read(&path).unwrap();
    for frame in &avi_frames(&bytes)[20..23] {
        bytes[frame.clone()].fill(0x55);
    }
    std::fs::write(&path, bytes).unwrap();
    let (frames, totals) = read_all(&file_camera(&path, None));
    assert_eq!(totals, SourceTotals { frames: 57, failed: 3, expected: Some(60), ..SourceTotals::default() });
    assert_eq!(totals.warning().unwrap(), "3 frames failed to decode and were skipped");
    let seqs: Vec<u64> = frames.iter().map(|(meta, _)| meta.seq).collect();
    assert_eq!(seqs, (0..20).chain(23..60).collect::<Vec<u64>>());
    assert!(frames.iter().all(|(meta, number)| meta.seq == *number));
}

#[test]
fn a_header_that_says_too_few_frames_is_noticed() {
    let folder = folder();
    let path = motion_jpeg(&folder);
    let mut bytes = std::fs::read(&path).unwrap();
    let header = bytes.windows(4).position(|name| name == b"strh").unwrap();
    // dwLength of the stream header.
    bytes[header + 40..header + 44].copy_from_slice(&20_u32.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let (_, totals) = read_all(&file_camera(&path, None));
    assert!(totals.cut_by_header, "{totals:?}");
    assert!(totals.warning().unwrap().starts_with("its header says 20 frames but it holds more"));
}

#[test]
fn a_whole_file_of_another_container_has_no_warning() {
    let folder = folder();
    for (name, codec) in
        [("a.mp4", ['m', 'p', '4', 'v']), ("a.mkv", ['M', 'J', 'P', 'G']), ("a.ts", ['m', 'p', 'g', '2'])]
    {
        let path = folder.path().join(name);
        write_video(&path, codec);
        let (frames, totals) = read_all(&file_camera(&path, None));
        assert_eq!((frames.len() as u64, totals.warning()), (COUNT, None), "{name}: {totals:?}");
    }
}

#[test]
fn a_change_of_size_inside_a_file_is_noticed() {
    let folder = folder();
    let path = folder.path().join("both.ts");
    let both = [transport_stream(&folder, 64, 30), transport_stream(&folder, 128, 90)].concat();
    std::fs::write(&path, both).unwrap();
    let (frames, totals) = read_all(&file_camera(&path, None));
    let wide = frames.iter().filter(|(meta, _)| meta.size.width_px == 128).count();
    // Newer versions of OpenCV follow the change; older ones repeat the last picture, which must be told.
    assert!(wide > 80 || totals.still_from.is_some_and(|from| (25..=31).contains(&from)), "{wide} {totals:?}");
}

#[test]
fn what_is_no_video_is_refused_with_one_clear_line() {
    let folder = folder();
    let path = motion_jpeg(&folder);
    let mut bytes = std::fs::read(&path).unwrap();
    for place in 0..bytes.len() - 4 {
        if &bytes[place..place + 4] == b"MJPG" {
            bytes[place..place + 4].copy_from_slice(b"ZZZZ");
        }
    }
    // Frames that don't look like any codec either.
    for frame in avi_frames(&bytes) {
        bytes[frame].fill(0x55);
    }
    std::fs::write(&path, bytes).unwrap();
    let error = refused(&file_camera(&path, None));
    assert_eq!(error.kind(), SourceErrorKind::Format);
    assert!(error.detail().starts_with("found AVI, but no picture in it can be decoded"), "{error}");

    let path = folder.path().join("cut.mp4");
    write_video(&path, ['m', 'p', '4', 'v']);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = refused(&file_camera(&path, None));
    assert!(error.detail().contains("without its index"), "{error}");

    let path = folder.path().join("notes.avi");
    std::fs::write(&path, "not a video\n").unwrap();
    let error = refused(&file_camera(&path, None));
    assert!(error.detail().starts_with("found text"), "{error}");

    let error = refused(&file_camera(folder.path(), None));
    assert!(error.to_string().contains("this is a folder"), "{error}");
    let error = refused(&file_camera(&folder.path().join("none.avi"), None));
    assert_eq!(error.kind(), SourceErrorKind::NotFound);
}

#[test]
fn a_video_whose_frames_are_all_bad_is_refused() {
    let folder = folder();
    let path = motion_jpeg(&folder);
    let mut bytes = std::fs::read(&path).unwrap();
    for frame in avi_frames(&bytes) {
        bytes[frame].fill(0x55);
    }
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(refused(&file_camera(&path, None)).kind(), SourceErrorKind::Format);
}

#[test]
fn a_live_source_has_no_frames_to_read_to_the_end() {
    let device = SourcePlan::V4l2(V4l2Source { device: "/dev/video0".into(), size_px: None, fps: None });
    assert_eq!(refused(&camera(device, None)).kind(), SourceErrorKind::Unsupported);
}

#[test]
fn a_device_that_is_none_is_refused() {
    let open = |device: PathBuf| open_device(&V4l2Source { device, size_px: None, fps: None }).err().unwrap().kind();
    assert_eq!(open(PathBuf::from("/dev/no-such-camera")), SourceErrorKind::NotFound);
    assert_eq!(open(PathBuf::from("/dev/null")), SourceErrorKind::Connect);
}

#[test]
fn a_folder_of_pictures_is_read_in_natural_order() {
    let folder = folder();
    let write = |number: u64, width: i32| {
        let path = folder.path().join(format!("{number}.png"));
        imgcodecs::imwrite_def(path.to_str().unwrap(), &grey_picture(number, width, 48)).unwrap();
    };
    for number in [8, 9, 10, 11] {
        write(number, 64);
    }
    write(12, 32);
    std::fs::write(folder.path().join("9a.jpg"), "no picture").unwrap();
    let whole = folder.path().join("13.jpg");
    imgcodecs::imwrite_def(whole.to_str().unwrap(), &grey_picture(13, 32, 48)).unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(folder.path().join("14.jpg"), &bytes[..bytes.len() * 3 / 4]).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "ignored").unwrap();

    let path = folder.path().to_owned();
    let plan = camera(SourcePlan::Images(ImageFolderSource { path, fps: 2.0, start: START, repeat: false }), None);
    let (frames, totals) = read_all(&plan);
    let facts: Vec<(u64, u64, u64)> = frames.iter().map(|(meta, number)| (meta.seq, *number, meta.epoch)).collect();
    assert_eq!(facts, [(0, 8, 0), (1, 9, 0), (3, 10, 0), (4, 11, 0), (5, 12, 1), (6, 13, 1)]);
    assert_eq!((totals.frames, totals.failed, totals.expected), (6, 2, Some(8)));
    assert_eq!(frames[2].0.at, START.plus_seconds(1.5), "an unreadable picture doesn't shift the time of the next");
}

#[test]
fn a_folder_without_a_readable_picture_is_refused() {
    let folder = folder();
    let path = folder.path().to_owned();
    let plan = camera(SourcePlan::Images(ImageFolderSource { path, fps: 2.0, start: START, repeat: false }), None);
    assert!(refused(&plan).detail().starts_with("no picture in this folder"));
    std::fs::write(folder.path().join("1.png"), "no picture").unwrap();
    let mut reader = FrameReader::open(&plan).unwrap();
    let error = reader.next().unwrap().err().unwrap();
    assert_eq!(error.detail(), "none of its 1 frames can be decoded");
    assert!(reader.next().is_none());
}

#[test]
fn a_refused_connection_names_no_secret() {
    let stream = StreamSource {
        // Port 9 (discard) of loopback: nobody listens there.
        url: "rtsp://127.0.0.1:9/live".into(),
        credentials: Credentials::Known { user: "admin".into(), password: "hunter2".into() },
        open_timeout_s: 5.0,
        read_timeout_s: 5.0,
    };
    let error = open_stream(&stream).err().unwrap();
    assert_eq!(error.kind(), SourceErrorKind::Connect);
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}
