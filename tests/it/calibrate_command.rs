//! The command `calibrate`, as it is run.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::path::Path;
use std::process::{Command, Output};

use crowdflow::calibration::{CameraParameters, GroundPlane};
use crowdflow::model::{FrameSize, GroundPoint};
use crowdflow::picture::{Colour, Picture};

const SIZE: FrameSize = FrameSize { width_px: 640, height_px: 360 };

fn calibrate(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowdflow"));
    command.args(["calibrate", "-c", "site.toml", "--out", "out", "--keep-heads"]).args(more).current_dir(folder);
    command.output().unwrap()
}

fn plane() -> GroundPlane {
    let camera = CameraParameters { height_m: 6.0, tilt_deg: 20.0, roll_deg: 0.0, focal_px: 550.0 };
    GroundPlane::from_camera(camera, SIZE, 0.0).unwrap()
}

/// A camera over a grey ground, calibrated by six points of which one is wrong, in pixels of a picture twice as large.
fn site(folder: &Path) {
    std::fs::create_dir(folder.join("frames")).unwrap();
    let grey = Colour { red: 100, green: 100, blue: 100 };
    Picture::filled(SIZE, grey).unwrap().write(&folder.join("frames/0.png")).unwrap();
    let places = [(-3.0, 10.0), (3.0, 10.0), (-4.0, 18.0), (4.0, 17.0), (0.0, 13.0), (-6.0, 25.0)];
    let points: Vec<String> = places
        .iter()
        .enumerate()
        .map(|(index, &(x_m, y_m))| {
            let image = plane().to_pixel(GroundPoint { x_m, y_m }).unwrap();
            let wrong_m = if index == 4 { 5.0 } else { 0.0 };
            format!("{{ image = [{}, {}], ground = [{}, {y_m}] }}", image.x * 2.0, image.y * 2.0, x_m + wrong_m)
        })
        .collect();
    let text = format!(
        "[cameras.quay]\nframe_size = [1280, 720]\nsource.images = {{ path = \"frames\", fps = 5 }}\n\
         calibration = {{ coords = \"pixel\", points = [{}] }}\n\
         zones.jetty = {{ coords = \"ground\", polygon = [[-2, 11], [2, 11], [2, 16], [-2, 16]] }}\n\
         zones.guessed = {{ coords = \"ground\", polygon = [[-2, 11], [2, 11], [2, 16], [-2, 16]], area_m2 = 50 }}\n\
         lines.door = {{ coords = \"ground\", a = [-2, 12], b = [2, 12] }}\n\
         [cameras.other]\nsource.images = {{ path = \"frames\", fps = 5 }}\n",
        points.join(", ")
    );
    std::fs::write(folder.join("site.toml"), text).unwrap();
}

/// One person who walks away at 1.2 m/s, 1.7 m tall by the scale of an upright box.
fn walker() -> String {
    let line = |frame: u32| {
        let y_m = 11.0 + 1.2 * f64::from(frame) / 5.0;
        let foot = plane().to_pixel(GroundPoint { x_m: 0.5, y_m }).unwrap();
        let hidden = 6.0 / (6.0 - 1.7);
        let head = plane().to_pixel(GroundPoint { x_m: 0.5 * hidden, y_m: y_m * hidden }).unwrap();
        format!("{frame},1,{},{},20,{},1,-1,-1,-1\n", foot.x - 10.0, head.y, foot.y - head.y)
    };
    (1..40).map(line).collect()
}

#[test]
fn it_tells_residuals_scale_areas_and_people() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    std::fs::write(folder.path().join("tracks.txt"), walker()).unwrap();
    let output = calibrate(folder.path(), &["--tracks", "tracks.txt", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let near = |value: &serde_json::Value, expected: f64, within: f64| {
        let found = value.as_f64().unwrap_or(f64::NAN);
        assert!((found - expected).abs() < within, "{found} is not {expected}: {report:#}");
    };
    near(&report["rms_ground_m"], 0.0, 1e-6);
    near(&report["points"][4]["residual_m"], 5.0, 1e-6);
    assert_eq!(report["points"][4]["used"], false);
    near(&report["pose"]["height_m"], 6.0, 1e-3);
    near(&report["pose"]["tilt_deg"], 20.0, 1e-3);
    near(&report["pose"]["focal_px"], 550.0, 0.1);
    near(&report["zones"][1]["area_m2"], 20.0, 1e-6);
    near(&report["lines"][0]["length_m"], 4.0, 1e-6);
    near(&report["walkers"]["median_body_height_m"], 1.7, 0.01);
    near(&report["walkers"]["median_speed_mps"], 1.2, 0.001);
    let warnings: Vec<&str> = report["warnings"].as_array().unwrap().iter().filter_map(|text| text.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "point [4] is too far off and was left out: measure it again, or take it out",
            "zone guessed: area_m2 = 50 is given, but 20.0 m² follows",
        ]
    );
    let picture = Picture::read(&folder.path().join("out/calibration.png")).unwrap();
    assert_eq!(picture.size(), SIZE);
    let written = std::fs::read_to_string(folder.path().join("out/calibration.json")).unwrap();
    assert_eq!(written.as_bytes(), output.stdout);

    let text = calibrate(folder.path(), &[]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for part in ["left out", "root mean square 0.000 m", "zone jetty: 20.0 m²", "line door: 4.00 m", "pixels per metre"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn a_camera_without_a_calibration_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let output = calibrate(folder.path(), &["--camera", "other"]);
    assert_eq!(output.status.code(), Some(64));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"error: cameras.other has no calibration: give it four or more points, [cameras.other.calibration] points = [{ image = [x, y], ground = [x_m, y_m] }, …]; docs/calibration.md says how");
}

/// A full disk behind standard output, and a reader that has gone away.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_one_message() {
    use std::fs::OpenOptions;
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let run = |more: &[&str], stdout: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowdflow"));
        command.args(["calibrate", "-c", "site.toml", "--camera", "quay", "--out", "out", "--keep-heads"]).args(more);
        let output = command.current_dir(folder.path()).stdout(stdout).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for more in [&["--json"][..], &[]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, message) = run(more, full.into());
        assert_eq!(code, Some(69), "{message}");
        assert_eq!(message, "error: standard output can't be written: No space left on device (os error 28)\n");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(run(more, writer.into()), (Some(0), String::new()));
    }
}
