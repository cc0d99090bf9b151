//! The second opinion from end to end: a configuration with a density-map model, pictures, zones.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::fs;
use std::path::{Path, PathBuf};

use crowdflow::config::{self, Plan};
use crowdflow::inference::{Manifest, Models, Runtime};
use crowdflow::model::{FrameSize, Measure, Reading};
use crowdflow::picture::{Colour, Picture};
use crowdflow::pipeline::{PipelineError, analyze_recording};
use crowdflow::rules::RuleEngine;

use crate::support::{Program, Site, States, sample, sample_is_here};

const SIZE: FrameSize = FrameSize { width_px: 400, height_px: 300 };
const FRAMES: usize = 8;

/// A manifest with the shipped detector and the density map whose cells hold the mean of the tensor in them: white pixels
/// are 1, less `mean`; so many of them make a person.
fn write_manifest(folder: &Path, mean: f32, units_per_person: u32) -> PathBuf {
    use sha2::{Digest as _, Sha256};
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = project.join("tests/fixtures/heads/density_map.onnx");
    let sha256: String = Sha256::digest(fs::read(&map).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    let shipped = fs::read_to_string(project.join("models/manifest.toml")).unwrap();
    let shipped = shipped.replace("nanodet_g.onnx", &project.join("models/nanodet_g.onnx").display().to_string());
    let text = format!(
        "{shipped}\n[models.crowd]\nfile = \"{}\"\nsha256 = \"{sha256}\"\nlicence = \"Apache-2.0\"\nlicence_notice = \
         \"made for the tests\"\nsource = \"make_heads.py\"\n[models.crowd.input]\nname = \"images\"\nchannel_order = \
         \"rgb\"\nmean = [{mean:?}, {mean:?}, {mean:?}]\nstd = [255.0, 255.0, 255.0]\nstride_multiple_px = 32\n\
         [models.crowd.head.density_map]\nunits_per_person = {units_per_person}\n",
        map.display()
    );
    let path = folder.join("manifest.toml");
    fs::write(&path, text).unwrap();
    path
}

/// White pictures, four a second: a map every half second is one of every second picture.
fn plan(folder: &Path, camera: &str) -> Plan {
    for frame in 0..FRAMES {
        Picture::filled(SIZE, Colour::WHITE).unwrap().write(&folder.join(format!("pictures/{frame}.png"))).unwrap();
    }
    let text = format!(
        r#"
        [inference]
        workers = 2
        density_map = {{ model = "crowd", every_s = 0.5, input_size = "128x96" }}
        [cameras.white]
        input_size = "64x64"
        {camera}
        source.images = {{ path = "pictures", fps = 4 }}
        zones.everywhere = {{ polygon = [[0, 0], [1, 0], [1, 1], [0, 1]], area_m2 = 4 }}
        zones.left = {{ polygon = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] }}
        zones.cars = {{ polygon = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], classes = ["car"] }}
        "#
    );
    config::parse(&text, folder, &|_| None).unwrap()
}

/// A zone's occupancy and disagreement.
type Figures = (Reading, Option<Reading>);

/// What each zone says in each frame.
fn analyze(camera: &str, mean: f32) -> Result<Vec<Vec<Figures>>, PipelineError> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pictures")).unwrap();
    let plan = plan(folder.path(), camera);
    let manifest = Manifest::read(&write_manifest(folder.path(), mean, 1000)).unwrap();
    let models = Models::open(&Runtime::load(None).unwrap(), &manifest, &plan.inference)?;
    let mut frames = Vec::new();
    analyze_recording(
        &plan.cameras[0],
        RuleEngine::of_camera(&plan, &plan.cameras[0].id),
        &plan.inference,
        &models,
        false,
        |frame| {
            let zones = frame.report.zones.iter();
            frames.push(
                zones.map(|zone| (zone.classes[0].occupancy, zone.readings.get(Measure::CountDisagreement))).collect(),
            );
            Ok(())
        },
        |_| {},
    )?;
    Ok(frames)
}

#[test]
fn zones_say_how_far_the_second_opinion_is_from_their_count() {
    // However the detector's input is cut: the map is of all that it looks at.
    let cuts = ["", "input_tiles = [2, 2]", "region = \"zones\""];
    let frames: Vec<_> = cuts.iter().flat_map(|cut| analyze(cut, 0.0).unwrap()).collect();
    assert_eq!(frames.len(), cuts.len() * FRAMES);
    for zones in frames {
        // In the order of their ids. 16 × 12 cells of 1 in a thousand: nobody is seen, and a fifth of a person is guessed.
        let [cars, everywhere, left] = &zones[..] else { panic!("{zones:?}") };
        assert_eq!(*cars, (Reading::Valid(0.0), None));
        for ((occupancy, disagreement), expected) in [(everywhere, 0.192), (left, 0.096)] {
            assert_eq!(*occupancy, Reading::Valid(0.0));
            let found = disagreement.unwrap().value().unwrap();
            assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
    }
}

#[test]
fn a_camera_that_declines_has_no_second_opinion() {
    let frames = analyze("density_map = false", 0.0).unwrap();
    assert!(frames.iter().flatten().all(|&(_, disagreement)| disagreement.is_none()));
}

#[test]
fn a_map_of_less_than_nobody_ends_a_recording_with_its_reason() {
    let error = analyze("", 510.0).unwrap_err();
    insta::assert_snapshot!(error, @"model `crowd`: output `people` sums up to -0.2 people; expected 0 or more: it is no density map, or its pictures are prepared in another way than the manifest says");
}

#[test]
fn live_a_lower_bound_is_raised_by_the_map_and_the_state_says_by_how_much_and_why() {
    if !sample_is_here() {
        return;
    }
    let site = Site::new();
    // Each cell holds its brightness, so the pictures are full of people; on so little ground a single one is dense.
    let manifest = write_manifest(&site.path(""), 0.0, 1);
    let text = format!(
        r#"
        [server]
        listen = "127.0.0.1:0"
        [inference]
        manifest = "{}"
        density_map = {{ model = "crowd", every_s = 0.5, input_size = "128x96" }}
        [cameras.walkway]
        analysis_fps = 3
        input_size = "256x192"
        stale_after_s = 2
        source.file = {{ path = "{}", fps = 7, repeat = true }}
        zones.everywhere = {{ polygon = [[0, 0], [1, 0], [1, 1], [0, 1]], area_m2 = 0.5 }}
        "#,
        manifest.display(),
        sample().display()
    );
    site.write("site.toml", text);
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let mut states = States::of(program.address());
    let zone = |state: &serde_json::Value| state["cameras"][0]["zones"][0].clone();
    let state = states.until("a lower bound that the map has raised", |state| {
        let occupancy = &zone(state)["classes"][0]["occupancy"];
        occupancy["quality"] == "at_least" && occupancy["value"].as_f64().is_some_and(|people| people > 20.0)
    });
    let zone = zone(&state);
    assert_eq!(zone["saturation"], "dense", "{zone:#}");
    let value =
        |measure: &str| zone["measures"][measure]["value"].as_f64().unwrap_or_else(|| panic!("{measure} {zone:#}"));
    // 16 × 12 cells, each between black and white.
    let (people, disagreement) = (value("occupancy"), value("count_disagreement"));
    assert!(people < 192.0 && people.fract() == 0.0, "{zone:#}");
    assert_eq!(zone["measures"]["count_disagreement"]["quality"], "valid");
    // Of the people that the map has, the boxes have so many: a handful on the walkway.
    let boxes = (1.0 - disagreement) * people;
    assert!((0.0..20.0).contains(&boxes), "{zone:#}");
    assert_eq!(state["cameras"][0]["counts"][0]["quality"], "at_least");
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}
