//! Every head through the real ONNX Runtime, by tiny graphs whose answers are known.

mod density;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::config::DetectionThresholds;
use crate::decode::Decoded;
use crate::geometry::Letterbox;
use crate::model::{ClassSet, FrameSize, ObjectClass, PixelBox};
use crate::picture::{Colour, Normalisation, Picture};

const NANODET: &str = r#"[models.tiny.head.nanodet]
strides_px = [8, 16, 32]
bins = 11
scores = ["scores_8", "scores_16", "scores_32"]
distances = ["distances_8", "distances_16", "distances_32"]"#;
const YOLOX: &str = "[models.tiny.head.yolox]\nstrides_px = [8, 16, 32]\noutput = \"output\"";
const YOLOV8: &str = "[models.tiny.head.yolov8]\noutput = \"output0\"";
const DETR: &str = "[models.tiny.head.detr]\nlogits = \"logits\"\nboxes = \"pred_boxes\"";
/// The heads with their files, inputs and tables.
const HEADS: [(&str, &str, &str); 4] = [
    ("nanodet", "input_1", NANODET),
    ("yolox", "images", YOLOX),
    ("yolov8", "images", YOLOV8),
    ("detr", "pixel_values", DETR),
];
const INPUT: FrameSize = FrameSize { width_px: 96, height_px: 64 };
const EVERYTHING: DetectionThresholds = DetectionThresholds { high_score: None, low_score: None, nms_iou: None };

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/heads").join(name)
}

/// A manifest entry for a file, with its true checksum.
fn entry(file: &Path, input: &str, head: &str) -> ModelEntry {
    use sha2::{Digest as _, Sha256};
    let bytes = std::fs::read(file).unwrap();
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
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
car = 2
[models.tiny.input]
name = "{input}"
channel_order = "bgr"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
stride_multiple_px = 32
{head}
"#,
        file.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.toml");
    std::fs::write(&path, text).unwrap();
    Manifest::read(&path).unwrap().model("tiny").unwrap().clone()
}

fn runtime() -> Runtime {
    Runtime::load(None).unwrap()
}

fn open(file: &str, input: &str, head: &str) -> Result<Model, InferenceError> {
    Model::open(&runtime(), &entry(&fixture(file), input, head))
}

fn all_classes() -> ClassSet {
    ObjectClass::ALL.into_iter().collect()
}

/// A tensor of the fixtures' input size: they answer with their scene unless its mean is below zero.
fn frame(value: f32) -> PreparedFrame {
    let letterbox = Letterbox::whole(INPUT, INPUT).unwrap();
    PreparedFrame { tensor: vec![value; 3 * 96 * 64], letterboxes: vec![letterbox], classes: all_classes() }
}

#[derive(serde::Deserialize)]
struct Heads {
    heads: BTreeMap<String, Expected>,
}

#[derive(serde::Deserialize)]
struct Expected {
    detections: Vec<ExpectedBox>,
}

#[derive(serde::Deserialize)]
struct ExpectedBox {
    x1: f64,
    y1: f64,
    x2: f64,
    y2: f64,
    score: f64,
    class: usize,
}

fn expected(head: &str) -> Vec<ExpectedBox> {
    let heads: Heads = serde_json::from_str(&std::fs::read_to_string(fixture("heads.json")).unwrap()).unwrap();
    heads.heads.into_iter().find(|(name, _)| name == head).unwrap().1.detections
}

fn assert_scene(found: &Decoded, head: &str, place: impl Fn(f64, f64) -> (f64, f64)) {
    let expected = expected(head);
    assert_eq!(found.detections.len(), expected.len(), "{head}: {found:#?}");
    for (detection, expected) in found.detections.iter().zip(&expected) {
        let (left, top) = place(expected.x1, expected.y1);
        let (right, bottom) = place(expected.x2, expected.y2);
        let PixelBox { left: l, top: t, right: r, bottom: b } = detection.bbox;
        for (is, should) in [(l, left), (t, top), (r, right), (b, bottom), (detection.score, expected.score)] {
            assert!((is - should).abs() < 1e-3, "{head}: {is} instead of {should}");
        }
        let class = if expected.class == 0 { ObjectClass::Person } else { ObjectClass::Car };
        assert_eq!(detection.class, class, "{head}");
    }
    assert_eq!(found.unusable, 0, "{head}");
}

#[test]
fn every_head_gives_the_known_boxes() {
    for (head, input, table) in HEADS {
        let model = open(&format!("{head}.onnx"), input, table).unwrap();
        assert_eq!(model.head().kind().as_str(), head);
        let mut detector = Detector::new(&model, 1, 1, EVERYTHING).unwrap();
        let found = detector.infer(&[frame(0.0)]).unwrap();
        assert_scene(&found[0], head, |x, y| (x, y));
    }
}

#[test]
fn an_unnamed_head_is_recognised_once_the_number_of_classes_is_known() {
    for (head, input, _) in HEADS {
        let file = fixture(&format!("{head}.onnx"));
        let mut entry = entry(&file, input, "");
        let error = Model::open(&runtime(), &entry).unwrap_err();
        assert!(matches!(error, InferenceError::UnknownClassCount { .. }), "{error}");
        entry.class_count = Some(80);
        let model = Model::open(&runtime(), &entry).unwrap();
        assert_eq!(model.head().kind().as_str(), head);
        let found = Detector::new(&model, 1, 1, EVERYTHING).unwrap().infer(&[frame(0.0)]).unwrap();
        assert_scene(&found[0], head, |x, y| (x, y));
    }
}

#[test]
fn boxes_come_back_in_the_cameras_pixels_from_a_crop_of_a_real_picture() {
    // 192 x 144 pixels from (50, 20) of a 400 x 300 picture onto 96 x 64: shrunk to 85 x 64, at the top left.
    let size = FrameSize { width_px: 400, height_px: 300 };
    let picture = Picture::filled(size, Colour::WHITE).unwrap();
    let region = PixelBox { left: 50.0, top: 20.0, right: 242.0, bottom: 164.0 };
    let letterbox = Letterbox::crop_to(size, region, INPUT).unwrap();
    let (head, input, table) = HEADS[0];
    let model = open(&format!("{head}.onnx"), input, table).unwrap();
    let frame = PreparedFrame::new(&picture, &[letterbox], model.normalisation(), all_classes(), Vec::new()).unwrap();
    let found = Detector::new(&model, 1, 1, EVERYTHING).unwrap().infer(&[frame]).unwrap();
    assert_scene(&found[0], head, |x, y| (x * 192.0 / 85.0 + 50.0, y * 144.0 / 64.0 + 20.0));
}

#[test]
fn a_batch_gives_what_its_pictures_give_alone() {
    for (head, input, table) in HEADS {
        let model = open(&format!("{head}.onnx"), input, table).unwrap();
        // The fixtures answer with nothing to a tensor below zero.
        let frames = [frame(0.5), frame(-0.5), frame(0.25)];
        let alone = Detector::new(&model, 1, 1, EVERYTHING).unwrap().infer(&frames).unwrap();
        assert_eq!(alone[1], Decoded::default());
        for largest_batch in [2, 3, 100] {
            let together = Detector::new(&model, 1, largest_batch, EVERYTHING).unwrap().infer(&frames).unwrap();
            assert_eq!(together, alone, "{head}, {largest_batch} at once");
        }
    }
}

#[test]
fn thresholds_and_classes_are_those_asked_for() {
    let (head, input, table) = HEADS[0];
    let model = open(&format!("{head}.onnx"), input, table).unwrap();
    let overrides = DetectionThresholds { high_score: Some(0.8), low_score: Some(0.65), nms_iou: Some(0.2) };
    let mut detector = Detector::new(&model, 1, 1, overrides).unwrap();
    assert_eq!(detector.thresholds(), Thresholds { high_score: 0.8, low_score: 0.65, nms_iou: 0.2 });
    // The person beside the first overlaps it by 0.33.
    assert_eq!(detector.infer(&[frame(0.0)]).unwrap()[0].detections.len(), 1);
    let people = PreparedFrame { classes: ClassSet::PERSON, ..frame(0.0) };
    let found = Detector::new(&model, 1, 1, EVERYTHING).unwrap().infer(&[people]).unwrap();
    assert!(found[0].detections.iter().all(|detection| detection.class == ObjectClass::Person));
    assert_eq!(found[0].detections.len(), 4);
}

#[test]
fn the_network_gets_what_was_prepared() {
    let size = FrameSize { width_px: 40, height_px: 30 };
    let pixels: Vec<u8> = (0..40 * 30 * 3).map(|index| (index * 7 % 256) as u8).collect();
    let picture = Picture::from_bgr(size, &pixels).unwrap();
    let letterbox = Letterbox::whole(size, INPUT).unwrap();
    let mut tensor = vec![0.0; 3 * 96 * 64];
    picture.prepare(&letterbox, &Normalisation::default(), &mut tensor).unwrap();
    let twice = tensor.repeat(2);

    let builder = ort::session::Session::builder(&runtime().environment);
    let mut session = builder.unwrap().commit_from_file(fixture("echo.onnx")).unwrap();
    let outputs = detector::run(&mut session, "echo", "images", 2, INPUT, &twice).unwrap();
    let (shape, echoed) = outputs["echo"].try_extract_tensor::<f32>().unwrap();
    assert_eq!(shape[..], [2, 3, 64, 96]);
    assert_eq!(echoed, twice);
}

/// The message without this machine's folders.
fn shown(message: &str) -> String {
    message.replace(env!("CARGO_MANIFEST_DIR"), "PROJECT")
}

#[test]
fn a_model_that_does_not_fit_says_what_was_found_and_what_was_expected() {
    let message = |entry: &ModelEntry| shown(&Model::open(&runtime(), entry).unwrap_err().to_string());

    let changed = ModelEntry { sha256: "0".repeat(64), ..entry(&fixture("yolox.onnx"), "images", YOLOX) };
    insta::assert_snapshot!(message(&changed), @"model PROJECT/tests/fixtures/heads/yolox.onnx: its SHA-256 is 41adffa7d74807b74ffa571e5178be4894775b3aa2fba60ef2e4f7cda70045c5, the manifest says 0000000000000000000000000000000000000000000000000000000000000000: the file is damaged or another one. Get it anew, or give the manifest this one's `sha256` where it is meant");

    let missing = ModelEntry { file: fixture("missing.onnx"), ..changed };
    insta::assert_snapshot!(message(&missing), @"cannot read the model PROJECT/tests/fixtures/heads/missing.onnx: No such file or directory (os error 2)");

    insta::assert_snapshot!(message(&entry(&fixture("make_heads.py"), "images", YOLOX)), @"PROJECT/tests/fixtures/heads/make_heads.py is not a model that ONNX Runtime can load: Load model from PROJECT/tests/fixtures/heads/make_heads.py failed:Protobuf parsing failed.");
    insta::assert_snapshot!(message(&entry(&fixture("one_channel.onnx"), "input_1", NANODET)), @"model PROJECT/tests/fixtures/heads/one_channel.onnx: found the input(s) `input_1` f32 [?, 1, 64, 96]; expected one, `input_1` float32 [N, 3, height, width], N free or 1");
    insta::assert_snapshot!(message(&entry(&fixture("yolox.onnx"), "pixels", YOLOX)), @"model PROJECT/tests/fixtures/heads/yolox.onnx: found the input(s) `images` f32 [?, 3, 64, 96]; expected one, `pixels` float32 [N, 3, height, width], N free or 1");
    insta::assert_snapshot!(message(&entry(&fixture("yolox.onnx"), "images", YOLOV8)), @"model PROJECT/tests/fixtures/heads/yolox.onnx: found the outputs output [?, 126, 85]; expected, for C classes, yolov8: one [N, C + 4, cells]");
    insta::assert_snapshot!(message(&entry(&fixture("yolox.onnx"), "images", NANODET)), @"model PROJECT/tests/fixtures/heads/yolox.onnx: found the outputs output [?, 126, 85]; expected, for C classes, nanodet: scores_8, scores_16, scores_32 [N, cells, C] and distances_8, distances_16, distances_32 [N, cells, 44]");

    let mut unknown = entry(&fixture("unknown_head.onnx"), "images", "");
    unknown.class_count = Some(80);
    insta::assert_snapshot!(message(&unknown), @"model PROJECT/tests/fixtures/heads/unknown_head.onnx: found the outputs embedding [?, 13, 7]; expected, for 80 class(es), detr: [N, queries, 4] and [N, queries, 80 or 81]; nanodet: pairs [N, cells, 80] and [N, cells, 4 x bins] a stride, or one [N, cells, 80 + 4 x bins]; yolox: one [N, cells, 85]; yolov8: one [N, 84, cells]");

    let mut other_classes = entry(&fixture("yolov8.onnx"), "images", YOLOV8);
    other_classes.classes = BTreeMap::from([(ObjectClass::Person, 80)]);
    insta::assert_snapshot!(message(&other_classes), @"model PROJECT/tests/fixtures/heads/yolov8.onnx: class `person` has number 80, but the model has 80 class(es), numbered from 0");
}

#[test]
fn sizes_are_checked_against_the_model() {
    let size = |width_px, height_px| FrameSize { width_px, height_px };
    let fixed = open("yolox.onnx", "images", YOLOX).unwrap();
    assert_eq!(fixed.fixed_size(), Some(INPUT));
    fixed.check_size(INPUT).unwrap();
    insta::assert_snapshot!(shown(&fixed.check_size(size(64, 96)).unwrap_err().to_string()), @"model PROJECT/tests/fixtures/heads/yolox.onnx: an input of 64 x 96 pixels does not fit; expected width 96, height 64");

    let manifest = Manifest::find(None).unwrap();
    let free = Model::open(&runtime(), manifest.model("nanodet_g").unwrap()).unwrap();
    assert_eq!((free.fixed_size(), free.batch()), (None, None));
    free.check_size(size(416, 320)).unwrap();
    assert!(free.check_size(size(416, 0)).is_err());
    let message = free.check_size(size(416, 300)).unwrap_err().to_string();
    assert!(message.ends_with(
        "an input of 416 x 300 pixels does not fit; expected width any multiple of 32, height any multiple of 32"
    ));
}

#[test]
fn a_tensor_of_another_length_is_refused_before_the_network_sees_it() {
    let model = open("yolox.onnx", "images", YOLOX).unwrap();
    let short = PreparedFrame { tensor: vec![0.0; 5], ..frame(0.0) };
    let error = Detector::new(&model, 1, 1, EVERYTHING).unwrap().infer(&[short]).unwrap_err();
    insta::assert_snapshot!(error, @"a prepared picture holds 5 values; expected 18432");
    assert_eq!(error.kind(), InferenceErrorKind::Run);
}

#[test]
fn a_size_that_the_model_refuses_at_run_time_is_an_error() {
    let model = open("yolox.onnx", "images", YOLOX).unwrap();
    let size = FrameSize { width_px: 64, height_px: 64 };
    let letterbox = Letterbox::whole(INPUT, size).unwrap();
    let frame = PreparedFrame { tensor: vec![0.0; 3 * 64 * 64], letterboxes: vec![letterbox], classes: all_classes() };
    let error = Detector::new(&model, 1, 1, EVERYTHING).unwrap().infer(&[frame]).unwrap_err();
    assert!(matches!(error, InferenceError::Run { .. }), "{error}");
}

#[test]
fn the_shipped_model_says_what_it_is() {
    let manifest = Manifest::find(None).unwrap();
    let model = Model::open(&runtime(), manifest.model("nanodet_g").unwrap()).unwrap();
    let description = model.describe();
    assert_eq!((description.head, description.class_count), ("nanodet", 80));
    assert_eq!(description.licence, "Apache-2.0");
    assert_eq!(description.classes["person"], 0);
    assert_eq!(description.outputs.len(), 6);
    assert_eq!(description.input.width_px, "multiple of 32");
    assert!(serde_json::to_value(&description).is_ok());
}

#[test]
fn the_shipped_model_sees_nobody_in_an_empty_picture() {
    let manifest = Manifest::find(None).unwrap();
    let model = Model::open(&runtime(), manifest.model("nanodet_g").unwrap()).unwrap();
    let size = FrameSize { width_px: 320, height_px: 240 };
    let picture = Picture::filled(size, Colour { red: 90, green: 100, blue: 110 }).unwrap();
    let letterbox = Letterbox::whole(size, FrameSize { width_px: 160, height_px: 128 }).unwrap();
    let frame = PreparedFrame::new(&picture, &[letterbox], model.normalisation(), all_classes(), Vec::new()).unwrap();
    let found = Detector::new(&model, 1, 1, EVERYTHING).unwrap().infer(&[frame]).unwrap();
    assert_eq!(found[0], Decoded::default());
}
