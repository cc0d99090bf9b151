//! What the program says to bad input. The messages are part of the product: snapshots hold them, to be read as somebody
//! would who has to mend the thing at night.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::{Finished, Site, cut_sample, sample_is_here};

/// Runs commands that must fail and collects what they say. Each says it on standard error alone, and leaves the site
/// as it was.
struct Failures<'s> {
    site: &'s Site,
    text: String,
}

impl<'s> Failures<'s> {
    fn of(site: &'s Site) -> Self {
        Self { site, text: String::new() }
    }

    fn add(&mut self, code: i32, command: &str) {
        self.add_with(code, command, &[]);
    }

    /// The command's words stand apart by single spaces.
    fn add_with(&mut self, code: i32, command: &str, environment: &[(&str, &str)]) {
        let before = self.site.contents("");
        let args: Vec<&str> = command.split(' ').collect();
        let mut process = self.site.command(&args);
        process.envs(environment.iter().copied());
        let Finished { code: found, stdout, stderr } = crate::support::Program::start(&mut process).end();
        assert_eq!(found, Some(code), "{command}: {stderr}");
        assert_eq!(stdout, "", "{command}");
        assert!(self.site.contents("") == before, "{command}: something was written");
        let variables: String = environment.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        let _ = write!(self.text, "$ {variables}crowdflow {command}\n{}[{code}]\n\n", self.site.redacted(&stderr));
    }
}

const CAMERA: &str = "[cameras.gate.source.file]\npath = \"clip.avi\"\nfps = 7\n";

#[test]
fn what_is_no_video() {
    let site = Site::new();
    site.write("notes.avi", "a text, whatever its name says\n");
    site.write("empty.avi", "");
    site.write("noise.avi", [1, 2, 3, 250, 251, 0, 9]);
    site.write("folder/readme.txt", "no pictures here");
    site.write("cut_off.mp4", b"\0\0\0\x10ftypisom\0\0\0\0\0\x01\0\0mdat1234");
    site.write("site.toml", CAMERA);
    site.write("live.toml", "[cameras.gate.source.rtsp]\nurl = \"rtsp://192.0.2.1/live\"\n");
    let mut failures = Failures::of(&site);
    for video in ["none.avi", "notes.avi", "empty.avi", "noise.avi", "folder", "cut_off.mp4", "/dev/null"] {
        failures.add(64, &format!("analyze {video} --fps 7 --out out"));
    }
    failures.add(64, "analyze --config site.toml --out out");
    failures.add(64, "analyze --config live.toml --out out");
    failures.add(64, "analyze notes.avi --config live.toml --out out");
    insta::assert_snapshot!(failures.text);
}

#[test]
fn a_codec_that_nobody_knows() {
    if !sample_is_here() {
        return;
    }
    let site = Site::new();
    cut_sample(&["-frames:v", "4", "-c", "copy"], &site.path("clip.avi"));
    let mut bytes = fs::read(site.path("clip.avi")).unwrap();
    // The codec's four letters stand in the stream's header and in its format.
    let header = bytes.windows(4).position(|four| four == b"vids").unwrap() + 4;
    bytes[header..header + 4].copy_from_slice(b"QQQQ");
    let format = bytes.windows(4).position(|four| four == b"strf").unwrap() + 8 + 16;
    bytes[format..format + 4].copy_from_slice(b"QQQQ");
    site.write("clip.avi", bytes);
    let mut failures = Failures::of(&site);
    failures.add(64, "analyze clip.avi --fps 7 --out out");
    insta::assert_snapshot!(failures.text);
}

/// A manifest with this one model; `sha256` as the file has it where it is `None`.
fn manifest(site: &Site, name: &str, file: &str, sha256: Option<&str>, input: &str, head: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/heads").join(file);
    let path = if path.is_file() { path } else { site.path(file) };
    let sha256 = sha256.map_or_else(|| sha256_of(&path), str::to_owned);
    let text = format!(
        r#"[models.tiny]
file = "{}"
sha256 = "{sha256}"
licence = "Apache-2.0"
licence_notice = "made for the tests"
source = "make_heads.py"
score_threshold = 0.5
low_score_threshold = 0.1
nms_iou = 0.6
[models.tiny.classes]
person = 0
[models.tiny.input]
name = "{input}"
channel_order = "bgr"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
stride_multiple_px = 32
{head}"#,
        path.display()
    );
    site.write(&format!("{name}_manifest.toml"), text);
    let config = format!("[inference]\nmanifest = \"{name}_manifest.toml\"\nmodel = \"tiny\"\n{CAMERA}");
    site.write(&format!("{name}.toml"), config);
}

fn sha256_of(path: &Path) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_no_model() {
    const NANODET: &str = "[models.tiny.head.nanodet]\nstrides_px = [8, 16, 32]\nbins = 11\nscores = [\"scores_8\", \
                           \"scores_16\", \"scores_32\"]\ndistances = [\"distances_8\", \"distances_16\", \
                           \"distances_32\"]\n";
    let site = Site::new();
    site.write("clip.avi", "never opened: the model comes first");
    site.write("text.onnx", "this is no network");
    manifest(&site, "text", "text.onnx", None, "images", NANODET);
    manifest(&site, "damaged", "nanodet.onnx", Some(&"0".repeat(64)), "input_1", NANODET);
    manifest(&site, "other_input", "nanodet.onnx", None, "images", NANODET);
    manifest(&site, "one_channel", "one_channel.onnx", None, "input_1", NANODET);
    manifest(&site, "unknown_head", "unknown_head.onnx", None, "images", "");
    manifest(&site, "other_head", "yolov8.onnx", None, "images", NANODET);
    manifest(&site, "other_size", "nanodet.onnx", None, "input_1", NANODET);
    manifest(&site, "slip", "nanodet.onnx", None, "input_1", "[models.tiny.head.nanodett]\nbins = 11\n");
    manifest(&site, "no_head_fits", "unknown_head.onnx", None, "images", "");
    let counted = site.read("no_head_fits_manifest.toml").replace("nms_iou", "class_count = 80\nnms_iou");
    site.write("no_head_fits_manifest.toml", counted);
    let gone = site.read("text_manifest.toml").replace("text.onnx", "gone.onnx");
    site.write("gone_manifest.toml", gone);
    site.write("gone.toml", site.read("text.toml").replace("text_manifest", "gone_manifest"));
    site.write("no_manifest.toml", site.read("text.toml").replace("text_manifest", "nowhere"));
    site.write("other_id.toml", format!("[inference]\nmodel = \"nanodet\"\n{CAMERA}"));

    let mut failures = Failures::of(&site);
    let cases = [
        "text",
        "damaged",
        "other_input",
        "one_channel",
        "unknown_head",
        "no_head_fits",
        "other_head",
        "other_size",
        "slip",
    ];
    for name in cases {
        failures.add(64, &format!("analyze --config {name}.toml --out out"));
    }
    failures.add(64, "analyze --config other_id.toml --out out");
    failures.add(69, "analyze --config gone.toml --out out");
    failures.add(69, "analyze --config no_manifest.toml --out out");
    failures.add_with(69, "analyze clip.avi --fps 7 --out out", &[("ORT_DYLIB_PATH", "/nonexistent")]);
    failures.add_with(69, "model nanodet_g", &[("ORT_DYLIB_PATH", "/nonexistent")]);
    failures.add(64, "model nanodet");
    insta::assert_snapshot!(failures.text);
}

/// A camera whose password is not set where the tests run.
const RTSP: &str = "[cameras.gate.source.rtsp]\nurl = \"rtsp://192.0.2.1/live\"\n\
                    credentials = { user = \"viewer\", password_env = \"NO_SUCH_VARIABLE\" }\n";

#[test]
fn a_password_is_needed_only_where_its_camera_is_opened() {
    let site = Site::new();
    site.write("site.toml", RTSP);
    let checked = site.run(&["check", "site.toml"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert_eq!(checked.stdout, "site.toml: fine. 1 camera, 0 zones, 0 lines, 0 rules\n");
    let needed = "warning: not here, and needed by `run`:\n\
                  cameras.gate.source.rtsp.credentials.password_env (line 3): found the environment variable \
                  NO_SUCH_VARIABLE, which is not set, ";
    assert!(checked.stderr.starts_with(needed), "{}", checked.stderr);
    // What is said is that there is no such video: not a word of a password.
    let analysed = site.run(&["analyze", "none.avi", "--config", "site.toml", "--fps", "7", "--out", "out"]);
    assert_eq!(analysed.code, Some(64));
    assert!(analysed.stderr.starts_with("error: none.avi: not found"), "{}", analysed.stderr);
    let calibrated = "[cameras.gate.calibration]\nframe_size = [768, 576]\n\
                      camera = { height_m = 6, tilt_deg = 25, focal_px = 1100 }\n";
    site.write("calibrated.toml", RTSP.to_owned() + calibrated);
    let opened = site.run(&["calibrate", "--config", "calibrated.toml", "--out", "out"]);
    assert_eq!(opened.code, Some(64));
    assert!(opened.stderr.contains("NO_SUCH_VARIABLE, which is not set"), "{}", opened.stderr);
}

#[test]
fn what_is_no_configuration() {
    let site = Site::new();
    site.write("empty.toml", "");
    site.write("not_toml.toml", "[cameras.gate\nname = \"Gate\"\n");
    let zone = |name: &str, polygon: &str| format!("[cameras.gate.zones.{name}]\npolygon = {polygon}\n");
    let zones = [
        zone("two_points", "[[0.1, 0.1], [0.9, 0.9]]"),
        zone("outside", "[[0.1, 0.1], [1.4, 0.1], [0.9, 0.9]]"),
        zone("crossed", "[[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]"),
        zone("no_number", "[[nan, 0.1], [0.9, 0.1], [0.9, 0.9]]"),
    ];
    site.write("zones.toml", format!("{CAMERA}{}", zones.concat()));
    site.write("twice.toml", format!("{CAMERA}{CAMERA}"));
    site.write("unknown_key.toml", format!("[server]\nlisten_on = \"127.0.0.1:80\"\n{CAMERA}"));
    site.write("two_cameras.toml", format!("{CAMERA}{}", CAMERA.replace("gate", "quay")));
    site.write("fine.toml", CAMERA);
    let mut failures = Failures::of(&site);
    for command in ["run --config", "analyze --out out --config", "check"] {
        for config in ["none.toml", "zones.toml"] {
            failures.add(64, &format!("{command} {config}"));
        }
    }
    for config in ["empty", "not_toml", "twice", "unknown_key"] {
        failures.add(64, &format!("check {config}.toml"));
    }
    failures.add(64, "analyze --config two_cameras.toml --out out");
    failures.add(64, "analyze --config two_cameras.toml --camera gatee --out out");
    failures.add(69, "check --environment fine.toml");
    site.write("secret.toml", RTSP);
    failures.add(64, "run --config secret.toml");
    failures.add(64, "check --environment secret.toml");
    insta::assert_snapshot!(failures.text);
}

#[test]
fn a_rule_that_never_reads_anything_is_a_fault_of_the_configuration() {
    let site = Site::new();
    let ground = "[cameras.gate]\ncalibration = { frame_size = [768, 576], camera = { height_m = 5, tilt_deg = 10, \
                  focal_px = 700 } }\nlines.flag = { a = [0.5, 0.1], b = [0.5, 0.9] }\n\
                  [rules.narrow]\nline = \"gate/flag\"\nmeasure = \"specific_flow_in\"\nlevels.red = { raise = 1.2 }\n";
    site.write("site.toml", format!("{ground}{CAMERA}"));
    let mut failures = Failures::of(&site);
    for command in ["run --config", "analyze --out out --config", "check", "check --environment"] {
        failures.add(64, &format!("{command} site.toml"));
    }
    insta::assert_snapshot!(failures.text);
}

#[test]
fn what_is_no_command() {
    let site = Site::new();
    site.write("fine.toml", CAMERA);
    site.write("clip.avi", "never opened");
    site.write("a_file", "in the way of a folder");
    let mut failures = Failures::of(&site);
    for command in [
        "anlyze",
        "analyze --bogus",
        "run",
        "analyze --out out",
        "analyze clip.avi --out out",
        "analyze clip.avi --fps nan --out out",
        "analyze clip.avi --fps 0 --out out",
        "analyze clip.avi --fps 1e9 --config fine.toml --out out",
        "analyze --fps 7 --config fine.toml --out out",
        "analyze clip.avi --fps 7 --start 2026-11-24T11:00:00 --out out",
        "run --config fine.toml --for-seconds=-1",
        "run --config fine.toml --for-seconds nan",
        "evaluate --gt none.txt --tracks none.txt",
    ] {
        failures.add(64, command);
    }
    failures.add(69, "analyze clip.avi --fps 7 --out a_file");
    failures.add(69, "analyze clip.avi --fps 7 --out a_file/out");
    insta::assert_snapshot!(failures.text);
}

#[test]
fn a_port_that_is_in_use_and_a_file_of_alerts_that_cannot_be() {
    let site = Site::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    site.write("site.toml", format!("[server]\nlisten = \"127.0.0.1:{port}\"\n{CAMERA}"));
    let no_folder = "[server]\nlisten = \"127.0.0.1:0\"\n[output]\nalerts_jsonl = \"site.toml/alerts.jsonl\"\n";
    site.write("alerts.toml", format!("{no_folder}{CAMERA}"));
    let before = site.contents("");
    let messages = ["site.toml", "alerts.toml"].map(|config| {
        let ended = site.run(&["run", "--config", config]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(69), ""), "{}", ended.stderr);
        // Before it comes what the service logs of its start.
        let (log, message) = ended.stderr.split_once("error: ").unwrap();
        assert!(log.lines().all(|line| line.contains(" INFO ")), "{log}");
        site.redacted(message).replace(&port.to_string(), "PORT")
    });
    insta::assert_snapshot!(messages.concat());
    assert_eq!(site.contents(""), before);
}
