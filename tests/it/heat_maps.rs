//! Heat maps as `analyze` and `run` write them.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crowdflow::evaluation::read_tracks;
use crowdflow::picture::Picture;

use crate::support::{Program, Site, States, cut_sample, sample, sample_is_here};

const FPS: f64 = 7.0;
/// The sample's camera, roughly: it looks down on people whose feet are at most 40 m away.
const CALIBRATION: &str = "frame_size = [768, 576]\ninput_size = \"256x192\"\n\
                           calibration.camera = { height_m = 7, tilt_deg = 18, focal_px = 1000 }\n";

/// Rows of a map: the hour, and each column's number where it has one.
fn rows(csv: &str) -> Vec<(String, BTreeMap<String, f64>)> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let numbers = |row: &csv::StringRecord| {
        let named = header.iter().zip(row).filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
        named.collect()
    };
    reader.records().map(|row| row.unwrap()).map(|row| (row[0].to_owned(), numbers(&row))).collect()
}

/// Two seconds before four until two and a half after: the hour ends within the clip.
#[test]
fn a_recording_over_an_hours_end_has_maps_of_both_hours_that_hold_every_tracks_seconds() {
    if !sample_is_here() {
        return;
    }
    let site = Site::new();
    cut_sample(&["-frames:v", "32", "-c", "copy"], &site.path("clip.avi"));
    let source = "[cameras.walkway.source.file]\npath = \"clip.avi\"\nfps = 7\nstart = 2026-11-24T03:59:58Z\n\
                  [cameras.walkway.zones.paving]\ncoords = \"pixel\"\npolygon = [[300, 180], [600, 180], [600, 400], [300, 400]]\n";
    site.write("site.toml", format!("[cameras.walkway]\n{CALIBRATION}{source}"));
    site.run(&["analyze", "--config", "site.toml", "--out", "out", "--no-video"]).quietly_fine();

    let rows = rows(&site.read("out/heat_map.csv"));
    let hours = ["2026-11-24T03:00:00.000000Z", "2026-11-24T04:00:00.000000Z"];
    let of = |hour: &str, name: &str| -> Vec<f64> {
        rows.iter().filter(|(of, _)| of == hour).filter_map(|(_, row)| row.get(name).copied()).collect()
    };
    // Rows hold microseconds.
    let close = |found: f64, expected: f64| (found - expected).abs() < 1e-4;
    assert!(close(of(hours[0], "observed_s")[0], 2.0), "until four");
    assert!(close(of(hours[1], "observed_s")[0], 31.0 / FPS - 2.0), "from four to the last frame");
    // Each counted person of a frame has the time since the frame before; before the first there is none.
    let tracks = read_tracks(&site.path("out/tracks.txt")).unwrap();
    let counted_s = tracks.iter().filter(|track| track.frame > 1).count() as f64 / FPS;
    let summed_s: f64 = hours.iter().flat_map(|hour| of(hour, "occupancy_s")).sum();
    assert!(counted_s > 5.0 && close(summed_s, counted_s), "{summed_s} s in the maps, {counted_s} s of tracks");
    assert!(hours.iter().all(|hour| of(hour, "occupancy_s").iter().sum::<f64>() > 1.0), "both hours have people");
    assert_eq!(rows.iter().filter(|(_, row)| !row.contains_key("x_m")).count(), 2, "one row an hour off the grid");

    for hour in ["2026-11-24T03Z", "2026-11-24T04Z"] {
        for quantity in ["occupancy", "speed"] {
            let size = Picture::read(&site.path(&format!("out/heat_map_{hour}_{quantity}.png"))).unwrap().size();
            assert!(size.width_px > 100 && size.height_px > 100, "{size:?}");
        }
    }
    let pngs = site.contents("out").into_keys().filter(|path| path.extension().is_some_and(|end| end == "png"));
    assert_eq!(pngs.count(), 4);
}

/// Whether or not an hour ends meanwhile: what one run has written, the next leaves as it is.
#[test]
fn a_run_that_is_started_anew_keeps_the_maps_of_the_run_before() {
    if !sample_is_here() {
        return;
    }
    let site = Site::new();
    let source = format!("[cameras.walkway.source.file]\npath = \"{}\"\nfps = 7\nrepeat = true\n", sample().display());
    let service = "[server]\nlisten = \"127.0.0.1:0\"\n[output]\nheat_maps = \"maps\"\n[cameras.walkway]\n";
    let zone = "[cameras.walkway.zones.all]\npolygon = [[0, 0], [1, 0], [1, 1], [0, 1]]\n";
    site.write("site.toml", format!("{service}analysis_fps = 3\n{CALIBRATION}{source}{zone}"));
    let mut before = site.contents("maps");
    for _ in 0..3 {
        let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
        let people = |state: &serde_json::Value| {
            state["cameras"][0]["zones"][0]["classes"][0]["occupancy"]["value"].as_f64().is_some_and(|now| now >= 1.0)
        };
        States::of(program.address()).until("people on the walkway", people);
        program.signal("TERM");
        let ended = program.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);

        let after = site.contents("maps");
        for (path, bytes) in &before {
            assert_eq!(after.get(path), Some(bytes), "{} is kept", path.display());
        }
        let is = |path: &Path, end: &str| path.extension().is_some_and(|extension| extension == end);
        let new: Vec<&PathBuf> = after.keys().filter(|path| !before.contains_key(*path)).collect();
        let data: Vec<&&PathBuf> = new.iter().filter(|path| is(path, "csv")).collect();
        assert!(!data.is_empty(), "{:?}", after.keys());
        for path in &data {
            let rows = rows(&String::from_utf8_lossy(&after[**path]));
            assert!(rows.iter().all(|(_, row)| row["observed_s"] > 0.0), "{}", path.display());
        }
        assert_eq!(new.iter().filter(|path| is(path, "png")).count(), 2 * data.len(), "{new:?}");
        assert!(!after.keys().any(|path| path.ends_with(".incomplete")), "{:?}", after.keys());
        before = after;
    }
    assert!(before.keys().any(|path| path.to_string_lossy().contains("Z_2")), "parts of one hour: {:?}", before.keys());
}
