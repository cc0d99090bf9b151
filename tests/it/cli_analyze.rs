//! `crowdflow analyze` from end to end: the files that it writes, and that it writes all of them or none.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

use crowdflow::config::{FileSource, SourcePlan};
use crowdflow::evaluation::read_tracks;
use crowdflow::model::{PixelBox, Timestamp};
use crowdflow::source::{self, Grabbed};
use serde_json::Value;

use crate::support::{Program, Site, cut_sample, sample_is_here};

/// The clip's frames: the first of the sample. Somebody walks over the line to the right in them.
const FRAMES: u64 = 32;
/// Small, so that the tests are quick; the people of the clip are still seen.
const CONFIG: &str = r#"
[inference]
workers = WORKERS
[cameras.walkway]
frame_size = [768, 576]
input_size = "256x192"
[cameras.walkway.source.file]
path = "clip.avi"
fps = 7
start = 2026-11-24T03:00:00Z
[cameras.walkway.zones.centre]
coords = "pixel"
polygon = [[300, 180], [600, 180], [600, 400], [300, 400]]
[cameras.walkway.zones.everywhere]
coords = "pixel"
polygon = [[0, 0], [767, 0], [767, 575], [0, 575]]
area_m2 = 300
[cameras.walkway.lines.middle]
coords = "pixel"
a = [384, 575]
b = [384, 140]
[rules.anybody]
zone = "walkway/everywhere"
measure = "occupancy"
levels.blue = { raise = 1, hold_s = 0, clear = 0, clear_hold_s = 0 }
levels.yellow = { raise = 3, hold_s = 0, clear = 2, clear_hold_s = 0 }
"#;
/// What two runs over the same file write in the same bytes.
const REPEATABLE: [&str; 4] = ["tracks.txt", "crossings.csv", "zones.csv", "alerts.jsonl"];

/// A site with the clip in it and a configuration for two workers; `None` where there is no sample.
fn site() -> Option<Site> {
    sample_is_here().then(|| {
        let site = Site::new();
        cut_sample(&["-frames:v", &FRAMES.to_string(), "-c", "copy"], &site.path("clip.avi"));
        site.write("site.toml", CONFIG.replace("WORKERS", "2"));
        site
    })
}

fn names(site: &Site, folder: &str) -> Vec<String> {
    let names = site.contents(folder).into_keys().map(|path| path.to_string_lossy().into_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// Values of a CSV file's column, row by row.
fn column<'t>(csv: &'t str, name: &str) -> Vec<&'t str> {
    let mut rows = csv.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let at = rows.next().unwrap().iter().position(|column| *column == name).unwrap();
    rows.map(|row| row[at]).collect()
}

#[test]
fn every_file_is_written_in_its_format() {
    let Some(site) = site() else { return };
    let done = site.run(&["analyze", "--config", "site.toml", "--out", "results/today", "--json"]).quietly_fine();
    let out = "results/today";
    let expected =
        ["alerts.jsonl", "annotated.mp4", "crossings.csv", "lines.csv", "summary.json", "tracks.txt", "zones.csv"]
            .map(String::from);
    assert_eq!(names(&site, out), expected);

    let tracks = read_tracks(&site.path("results/today/tracks.txt")).unwrap();
    assert!(tracks.iter().all(|track| (1..=FRAMES).contains(&u64::from(track.frame)) && track.id > 0));
    let columns = |line: &str| line.split(',').count() == 10 && line.ends_with(",-1,-1,-1");
    assert!(tracks.len() > 60 && site.read("results/today/tracks.txt").lines().all(columns));

    let crossings = site.read("results/today/crossings.csv");
    assert_eq!(crossings.lines().next(), Some("time,frame,camera,line,direction,class,track"));
    assert_eq!((column(&crossings, "direction"), column(&crossings, "line")), (vec!["out"], vec!["middle"]));
    assert!(column(&crossings, "time")[0].starts_with("2026-11-24T03:00:0"));

    let zones = site.read("results/today/zones.csv");
    let header = zones.lines().next().unwrap();
    assert!(header.starts_with("time,frame,camera,zone,class,occupancy,quality,density_per_m2,"), "{header}");
    let frames: Vec<u64> = column(&zones, "frame").iter().map(|frame| frame.parse().unwrap()).collect();
    assert!(frames.iter().copied().eq((1..=FRAMES).flat_map(|frame| [frame, frame])), "each zone in each frame");
    assert_eq!(column(&zones, "time")[2], "2026-11-24T03:00:00.142857Z");
    // At this input size people are too small for the detector to see them all: once some are seen, they are a lower bound.
    let qualities = column(&zones, "quality").into_iter().collect::<BTreeSet<_>>();
    assert_eq!(qualities, BTreeSet::from(["at_least", "valid"]));

    let lines = site.read("results/today/lines.csv");
    let header = lines.lines().next().unwrap();
    assert!(header.starts_with("time,frame,camera,line,class,in_total,out_total,"), "{header}");
    assert_eq!(column(&lines, "frame").len() as u64, FRAMES);
    assert_eq!(column(&lines, "out_total").last(), Some(&"1"));

    let alerts: Vec<Value> =
        site.read("results/today/alerts.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&alerts[0]["rule"], &alerts[0]["kind"]), (&"anybody".into(), &"raised".into()));
    assert_eq!(alerts[0]["schema"], 2);

    let summary = site.json("results/today/summary.json");
    assert_eq!(serde_json::from_str::<Value>(&done.stdout).unwrap(), summary, "--json prints the summary");
    assert_eq!((&summary["frames"], &summary["frames_failed"]), (&FRAMES.into(), &0.into()));
    assert_eq!((&summary["source_warning"], &summary["frames_expected"]), (&Value::Null, &FRAMES.into()));
    assert_eq!((&summary["camera"], &summary["input_size"]), (&"walkway".into(), &"256x192".into()));
    assert_eq!(summary["seconds_of_video"].as_f64().map(|s| (s - FRAMES as f64 / 7.0).abs() < 1e-3), Some(true));
    assert_eq!(summary["lines"]["middle"]["person"], serde_json::json!({"in": 0, "out": 1}));
    assert!(summary["zones"]["everywhere"]["person"]["mean_occupancy"].as_f64().is_some_and(|mean| mean > 2.0));
    assert!(summary["peak_resident_mb"].as_f64().is_some_and(|mb| mb > 10.0));
    for stage in ["decode", "prepare", "infer", "track", "analyse", "write"] {
        let figures = summary["stages"][stage].as_object().unwrap();
        assert!(figures.values().all(|figure| figure.as_f64().is_some_and(|ms| ms >= 0.0)), "{stage}: {figures:?}");
    }
    let path = site.path("results/today/annotated.mp4");
    let video = SourcePlan::File(FileSource { path, fps: 7.0, start: Timestamp(0), repeat: false });
    let mut video = source::open(&video).unwrap();
    while video.grab().unwrap() != Grabbed::End {}
    assert_eq!((video.totals().frames, video.totals().warning()), (FRAMES, None));
}

#[test]
fn every_run_writes_the_same_bytes_however_many_workers_and_whatever_else_runs() {
    let Some(site) = site() else { return };
    for workers in ["1", "3"] {
        site.write(&format!("{workers}.toml"), CONFIG.replace("WORKERS", workers));
    }
    // All at once: more threads than cores, so that results come out of order.
    let start = |config: &str, out: &str, more: &[&str]| {
        let args = ["analyze", "--config", config, "--out", out];
        Program::start(&mut site.command(&[&args, more].concat()))
    };
    let runs = [
        start("1.toml", "alone", &["--no-video"]),
        start("3.toml", "three", &["--no-video"]),
        start("3.toml", "three_with_video", &[]),
    ];
    for run in runs {
        let done = run.end().quietly_fine();
        assert!(done.stdout.contains("zone everywhere, person: mean "), "{}", done.stdout);
    }
    for name in REPEATABLE {
        let alone = site.read(&format!("alone/{name}"));
        assert!(alone.lines().count() > 1, "{name}: {alone}");
        assert_eq!(alone, site.read(&format!("three/{name}")), "{name}");
        assert_eq!(alone, site.read(&format!("three_with_video/{name}")), "{name}");
    }
    assert!(!site.path("alone/annotated.mp4").exists() && site.path("three_with_video/annotated.mp4").exists());
    assert_eq!(site.json("three/summary.json")["workers"], 3);
}

#[test]
fn a_folder_of_pictures_is_a_recording_and_one_that_is_broken_is_skipped() {
    let Some(site) = site() else { return };
    fs::create_dir(site.path("pictures")).unwrap();
    cut_sample(&["-frames:v", "12", "-start_number", "1"], &site.path("pictures/f%d.jpg"));
    let whole = fs::read(site.path("pictures/f7.jpg")).unwrap();
    site.write("pictures/f7.jpg", &whole[..whole.len() / 2]);
    let done = site.run(&["analyze", "pictures", "--config", "site.toml", "--out", "out", "--no-video"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(done.stderr, "warning: pictures: 1 frame failed to decode and was skipped\n");
    let zones = site.read("out/zones.csv");
    let frames: BTreeSet<u64> = column(&zones, "frame").iter().map(|frame| frame.parse().unwrap()).collect();
    assert!(frames.into_iter().eq((1..=12).filter(|&frame| frame != 7)), "in natural order, the hole kept");
    let summary = site.json("out/summary.json");
    assert_eq!((&summary["frames"], &summary["frames_failed"]), (&11.into(), &1.into()));
    assert_eq!(summary["source_warning"], "1 frame failed to decode and was skipped");
}

#[test]
fn analysis_fps_thins_the_frames_and_keeps_their_numbers_and_times() {
    let Some(site) = site() else { return };
    let thinned = CONFIG.replace("WORKERS", "2").replace("input_size", "analysis_fps = 2\ninput_size");
    site.write("thinned.toml", thinned);
    let done = site.run(&["analyze", "-c", "thinned.toml", "--camera", "walkway", "-o", "out", "--no-video", "--json"]);
    let summary: Value = serde_json::from_str(&done.quietly_fine().stdout).unwrap();
    let zones = site.read("out/zones.csv");
    let frames: Vec<&str> = column(&zones, "frame").into_iter().step_by(2).collect();
    assert_eq!(frames, ["1", "5", "8", "12", "15", "19", "22", "26", "29"]);
    assert_eq!(column(&zones, "time")[4], "2026-11-24T03:00:01.000000Z");
    assert_eq!((&summary["frames"], &summary["frames_expected"]), (&9.into(), &FRAMES.into()));
    assert_eq!((&summary["source_warning"], &summary["seconds_of_video"]), (&Value::Null, &4.5.into()));
}

#[test]
fn without_a_configuration_there_are_tracks_at_the_given_rate() {
    let Some(site) = site() else { return };
    cut_sample(&["-frames:v", "8", "-c", "copy"], &site.path("short.avi"));
    let done = site.run(&["analyze", "short.avi", "--fps", "3.5", "--out", "out", "--no-video", "--json"]);
    let summary: Value = serde_json::from_str(&done.quietly_fine().stdout).unwrap();
    assert_eq!((&summary["camera"], &summary["video"]), (&"video".into(), &"short.avi".into()));
    assert_eq!(summary["seconds_of_video"].as_f64().map(|s| (s - 8.0 / 3.5).abs() < 1e-3), Some(true));
    assert!(!read_tracks(&site.path("out/tracks.txt")).unwrap().is_empty());
    assert_eq!(site.read("out/zones.csv").lines().count(), 1, "the header alone");
    assert_eq!(site.read("out/alerts.jsonl"), "");
}

#[test]
fn a_video_stands_in_for_a_live_camera_and_a_moving_one_counts_without_places() {
    let Some(site) = site() else { return };
    let live = CONFIG.replace("WORKERS", "2").replace("source.file", "source.rtsp");
    let live =
        live.replace("path = \"clip.avi\"\nfps = 7\nstart = 2026-11-24T03:00:00Z", "url = \"rtsp://192.0.2.1/a\"");
    let patrol = "[cameras.patrol]\nmobile = true\ninput_size = \"256x192\"\nsource.v4l2.device = \"/dev/video0\"\n";
    site.write("live.toml", live + patrol);
    cut_sample(&["-frames:v", "8", "-c", "copy"], &site.path("short.avi"));
    let analyze = |camera: &str, more: &[&str]| {
        let args = ["short.avi", "--config", "live.toml", "--fps", "7", "--camera", camera, "--out", camera];
        site.run(&[&["analyze"], &args[..], more].concat()).quietly_fine()
    };
    let start = ["--start", "2026-11-24T11:00:00+08:00"];
    assert!(analyze("walkway", &start).stdout.contains("zone everywhere, person: mean "));
    assert_eq!(column(&site.read("walkway/zones.csv"), "time")[0], "2026-11-24T03:00:00.000000Z");
    let words = analyze("patrol", &[]).stdout;
    assert!(words.starts_with("8 frames of short.avi (1.1 s of video)") && !words.contains("zone"), "{words}");
    assert!(!read_tracks(&site.path("patrol/tracks.txt")).unwrap().is_empty());
    assert_eq!(
        (site.read("patrol/zones.csv").lines().count(), site.read("patrol/crossings.csv").lines().count()),
        (1, 1)
    );
    assert!(site.path("patrol/annotated.mp4").exists());
}

#[test]
fn a_truncated_video_is_analysed_as_far_as_it_goes_with_a_warning() {
    let Some(site) = site() else { return };
    let whole = fs::read(site.path("clip.avi")).unwrap();
    site.write("clip.avi", &whole[..whole.len() / 2]);
    let done = site.run(&["analyze", "--config", "site.toml", "--out", "out", "--no-video"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = site.json("out/summary.json");
    let frames = summary["frames"].as_u64().unwrap();
    assert!((8..FRAMES - 8).contains(&frames), "{frames}");
    let warning = format!("truncated or damaged: {frames} of about {FRAMES} frames");
    assert_eq!(site.redacted(&done.stderr), format!("warning: SITE/clip.avi: {warning}\n"));
    assert_eq!(summary["source_warning"], warning);
    assert!(done.stdout.contains("results in out"));
}

#[test]
fn a_run_that_fails_leaves_everything_as_it_was() {
    let Some(site) = site() else { return };
    let args = ["analyze", "--config", "site.toml", "--out", "out"];
    // The system lets the program write no file beyond so many bytes, as a disk that is full would.
    let on_a_full_disk = |bytes: u32, more: &[&str]| {
        let whole = site.command(&[&args, more].concat());
        let mut limited = std::process::Command::new("bash");
        limited.args(["-c", r#"trap '' XFSZ; ulimit -f "$0"; exec "$@""#, &(bytes / 1024).to_string()]);
        limited.arg(whole.get_program()).args(whole.get_args()).current_dir(site.path(""));
        Program::start(&mut limited).end()
    };
    // Into a folder that isn't there: the folder goes too.
    let failed = on_a_full_disk(1024, &["--no-video"]);
    let message = "error: cannot write the results: File too large (os error 27)\n";
    assert_eq!((failed.code, failed.stdout.as_str(), failed.stderr.as_str()), (Some(69), "", message));
    assert!(!site.path("out").exists());

    // Into one with results: they stay as they are, the video among them.
    site.run(&args).quietly_fine();
    site.write("out/notes.txt", "somebody's own");
    let before = site.contents("out");
    assert_eq!(before.len(), 9);
    let failed = on_a_full_disk(1024, &["--no-video"]);
    assert_eq!(failed.code, Some(69));
    assert_eq!(site.contents("out"), before);
    // OpenCV's writer says nothing of a full disk.
    let failed = on_a_full_disk(100 * 1024, &[]);
    assert_eq!(failed.code, Some(69), "{}", failed.stdout);
    let message = "error: cannot write out/.incomplete/annotated.mp4: the video is not whole: no picture was written, or \
                   the disk is full\n";
    assert_eq!(failed.stderr, message);
    assert_eq!(site.contents("out"), before);

    // Pictures none of which can be decoded are only seen to be so in the middle of the run.
    site.write("broken/1.jpg", "no picture");
    site.write("broken/2.jpg", "no picture either");
    let failed = site.run(&["analyze", "broken", "--config", "site.toml", "--out", "out"]);
    assert_eq!(failed.code, Some(64));
    assert_eq!(failed.stderr, "error: broken: can't be decoded: none of its 2 frames can be decoded\n");
    assert_eq!(site.contents("out"), before);
}

#[test]
fn results_of_two_runs_are_never_mixed() {
    let Some(site) = site() else { return };
    cut_sample(&["-frames:v", "4", "-c", "copy"], &site.path("short.avi"));
    // As an earlier run that was killed left it.
    site.write("out/.incomplete/annotated.mp4", "half a video");
    let args = ["analyze", "short.avi", "--config", "site.toml", "--out", "out"];
    let without_video = [&args[..], &["--no-video"]].concat();
    site.run(&without_video).quietly_fine();
    let expected = ["alerts.jsonl", "crossings.csv", "lines.csv", "summary.json", "tracks.txt", "zones.csv"];
    assert_eq!(names(&site, "out"), expected);
    let replaced = |args: &[&str]| {
        let done = site.run(args);
        let said = "replaced the results of an earlier run in out\n";
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), said));
    };
    replaced(&args);
    assert!(site.path("out/annotated.mp4").exists());
    replaced(&without_video);
    assert!(!site.path("out/annotated.mp4").exists(), "it showed another run");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let Some(site) = site() else { return };
    cut_sample(&["-frames:v", "4", "-c", "copy"], &site.path("short.avi"));
    let args = ["analyze", "short.avi", "--config", "site.toml", "--out", "out", "--no-video", "--json"];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = site.command(&args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
    assert!(site.path("out/summary.json").exists());
}

/// Tracks by frame: how many there are, and their boxes.
fn tracks_by_frame(site: &Site, out: &str) -> BTreeMap<u32, Vec<PixelBox>> {
    let mut frames: BTreeMap<u32, Vec<PixelBox>> = BTreeMap::new();
    for track in read_tracks(&site.path(&format!("{out}/tracks.txt"))).unwrap() {
        frames.entry(track.frame).or_default().push(track.bbox);
    }
    frames
}

#[test]
fn with_tiles_nobody_is_counted_twice_and_two_runs_write_the_same_bytes() {
    let Some(site) = site() else { return };
    // Six tiles whose seams run through the walkway, and, as many pixels to a person, the whole picture at once.
    let tiled = CONFIG.replace("256x192", "256x192\"\ninput_tiles = [3, 2] #").replace("WORKERS", "3");
    site.write("tiled.toml", tiled);
    site.write("whole.toml", CONFIG.replace("256x192", "640x480").replace("WORKERS", "2"));
    let analyze = |config: &str, out: &str| {
        site.run(&["analyze", "-c", config, "-o", out, "--no-video", "--detections"]).quietly_fine();
    };
    analyze("tiled.toml", "tiled");
    analyze("tiled.toml", "again");
    analyze("whole.toml", "whole");
    for name in REPEATABLE.into_iter().chain(["detections.txt"]) {
        assert_eq!(site.read(&format!("tiled/{name}")), site.read(&format!("again/{name}")), "{name}");
    }
    let input = &site.json("tiled/summary.json")["input"];
    assert_eq!(
        (&input["tiles"], &input["crop_px"]),
        (&serde_json::json!([3, 2]), &serde_json::json!([0, 0, 768, 576]))
    );

    let (tiled, whole) = (tracks_by_frame(&site, "tiled"), tracks_by_frame(&site, "whole"));
    let mut differences = 0;
    for frame in 10..=FRAMES as u32 {
        let (tiled, whole) = (&tiled[&frame], &whole[&frame]);
        for (index, a) in tiled.iter().enumerate() {
            let again = tiled[index + 1..].iter().find(|b| a.intersection(b) > 0.6 * a.area().min(b.area()));
            // Two who hide one another are two in the whole picture too.
            let there = whole.iter().filter(|seen| seen.intersection(a) > 0.3 * seen.area()).count();
            assert!(again.is_none() || there >= 2, "frame {frame}: {a:?} is there twice: {again:?}");
        }
        differences += tiled.len().abs_diff(whole.len());
    }
    // Somebody who is counted twice would be so in most of the 23 frames; who is hidden is found here or there.
    assert!(differences <= 10, "{differences} people more or less over the frames");
    let crossings = site.read("tiled/crossings.csv");
    assert_eq!(column(&crossings, "direction"), ["out"], "somebody who walks over a line by a seam is counted once");
}

#[test]
fn a_chosen_input_is_told_with_its_reason_and_is_the_same_each_time() {
    let Some(site) = site() else { return };
    let auto = CONFIG.replace("\"256x192\"", "\"auto\"").replace("WORKERS", "2");
    site.write("auto.toml", &auto);
    let bound = auto.replace("workers = 2", "workers = 2\nmegapixels_per_s = 0.4");
    site.write("bound.toml", bound);
    site.run(&["analyze", "-c", "auto.toml", "-o", "auto", "--no-video"]).quietly_fine();
    site.run(&["analyze", "-c", "auto.toml", "-o", "again", "--no-video"]).quietly_fine();
    assert_eq!(site.read("auto/tracks.txt"), site.read("again/tracks.txt"));
    let input = site.json("auto/summary.json")["input"].clone();
    assert_eq!(input, site.json("again/summary.json")["input"]);
    assert!(input["smallest_person_px"].as_f64().is_some_and(|height| (56.0..72.0).contains(&height)), "{input}");
    assert!(
        input["why"].as_str().is_some_and(|why| why.contains("boxes seen")) && input["warning"].is_null(),
        "{input}"
    );
    let done = site.run(&["analyze", "-c", "bound.toml", "-o", "bound", "--no-video"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stderr.starts_with("warning: network input of cameras.walkway: the smallest people are "),
        "{}",
        done.stderr
    );
    let bound = &site.json("bound/summary.json")["input"];
    // 0.75 of 0.4 megapixels a second, at 7 frames a second.
    assert!(bound["input_px"].as_f64().is_some_and(|pixels| pixels <= 0.75 * 0.4e6 / 7.0), "{bound}");
}
