//! Density maps through the real ONNX Runtime, by a tiny graph whose sum is known.

use std::path::{Path, PathBuf};

use super::super::*;
use crate::geometry::{Letterbox, Polygon, people_in};
use crate::model::{ClassSet, FrameSize, Mark, PixelPoint};

const INPUT: FrameSize = FrameSize { width_px: 96, height_px: 64 };

/// The fixture of that name, opened with a head's table. Each cell of 8 × 8 pixels holds the mean of the tensor there.
fn open(file: &str, head: &str) -> Result<Model, InferenceError> {
    use sha2::{Digest as _, Sha256};
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/heads").join(file);
    let sha256: String =
        Sha256::digest(std::fs::read(&file).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!(
        "[models.crowd]\nfile = \"{}\"\nsha256 = \"{sha256}\"\nlicence = \"Apache-2.0\"\nlicence_notice = \"made for \
         the tests\"\nsource = \"make_heads.py\"\n[models.crowd.input]\nname = \"images\"\nchannel_order = \"rgb\"\n\
         mean = [0.0, 0.0, 0.0]\nstd = [1.0, 1.0, 1.0]\nstride_multiple_px = 32\n{head}",
        file.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.toml");
    std::fs::write(&path, text).unwrap();
    Model::open(&Runtime::load(None).unwrap(), Manifest::read(&path).unwrap().model("crowd").unwrap())
}

fn frame(values: impl Fn(usize) -> f32) -> PreparedFrame {
    let frame = FrameSize { width_px: 192, height_px: 128 };
    let letterboxes = vec![Letterbox::whole(frame, INPUT).unwrap()];
    PreparedFrame { tensor: (0..3 * 96 * 64).map(values).collect(), letterboxes, classes: ClassSet::PERSON }
}

const HEAD: &str = "[models.crowd.head.density_map]\nunits_per_person = 10\nmark = \"foot\"\n";

#[test]
fn the_sum_over_the_picture_and_its_parts_is_the_known_one() {
    let model = open("density_map.onnx", HEAD).unwrap();
    model.check_density_map().unwrap();
    assert_eq!((model.describe().head, model.describe().thresholds), ("density_map", None));
    let mut estimator = DensityEstimator::new(&model, 1).unwrap();
    // 5 in the left half and 15 in the right: 0.5 and 1.5 people in each of 96 cells.
    let map = estimator.infer(&frame(|index| if index % 96 < 48 { 5.0 } else { 15.0 })).unwrap();
    assert_eq!((map.columns, map.rows, map.mark, map.cell_px()), (12, 8, Mark::Foot, (16.0, 16.0)));
    let within = |left: f64, right: f64| {
        let corners = [(left, 0.0), (right, 0.0), (right, 128.0), (left, 128.0)];
        people_in(&map, &Polygon::new(&corners.map(|(x, y)| PixelPoint { x, y })))
    };
    for (left, right, people) in [(0.0, 192.0, 96.0), (0.0, 96.0, 24.0), (96.0, 192.0, 72.0), (0.0, 8.0, 2.0)] {
        assert!((within(left, right) - people).abs() < 1e-4, "{left} to {right}: {}", within(left, right));
    }
}

#[test]
fn what_is_no_density_map_is_refused_with_one_message() {
    let model = open("density_map.onnx", HEAD).unwrap();
    let mut estimator = DensityEstimator::new(&model, 1).unwrap();
    let mut message = |frame: &PreparedFrame| {
        let error = estimator.infer(frame).unwrap_err();
        assert_eq!(error.kind(), InferenceErrorKind::Run);
        error.to_string()
    };
    insta::assert_snapshot!(message(&frame(|_| -10.0)), @"model `crowd`: output `people` sums up to -96.0 people; expected 0 or more: it is no density map, or its pictures are prepared in another way than the manifest says");
    insta::assert_snapshot!(message(&frame(|index| if index == 9 { f32::NAN } else { 0.0 })), @"model `crowd`: output `people` of the density_map head holds NaN at 1; expected finite numbers");
    let short = PreparedFrame { tensor: vec![0.0; 5], ..frame(|_| 0.0) };
    insta::assert_snapshot!(message(&short), @"a prepared picture holds 5 values; expected 18432");
    let whole = frame(|_| 0.0);
    let tiles = PreparedFrame { tensor: whole.tensor.repeat(2), letterboxes: whole.letterboxes.repeat(2), ..whole };
    insta::assert_snapshot!(message(&tiles), @"a prepared picture holds 36864 values; expected 18432");

    let shown = |error: InferenceError| error.to_string().replace(env!("CARGO_MANIFEST_DIR"), "PROJECT");
    let two = open("two_density_maps.onnx", HEAD).unwrap_err();
    insta::assert_snapshot!(shown(two), @"model PROJECT/tests/fixtures/heads/two_density_maps.onnx: found the outputs people [?, 2, ?, ?]; expected, for 1 class(es), density_map: one [N, 1, rows, columns]");
    let boxes = open("yolox.onnx", HEAD).unwrap_err();
    insta::assert_snapshot!(shown(boxes), @"model PROJECT/tests/fixtures/heads/yolox.onnx: found the outputs output [?, 126, 85]; expected, for 1 class(es), density_map: one [N, 1, rows, columns]");
}

#[test]
fn each_model_has_its_place() {
    let map = open("density_map.onnx", HEAD).unwrap();
    insta::assert_snapshot!(map.check_detector().unwrap_err(), @"model `crowd` has a density_map head; expected a detector's head (a density map goes into `inference.density_map.model`)");
    let manifest = Manifest::find(None).unwrap();
    let detector = Model::open(&Runtime::load(None).unwrap(), manifest.model("nanodet_g").unwrap()).unwrap();
    detector.check_detector().unwrap();
    let error = DensityEstimator::new(&detector, 1).unwrap_err();
    insta::assert_snapshot!(error, @"model `nanodet_g` has a nanodet head; expected a density_map head (`inference.model` takes a detector)");
    assert_eq!(error.kind(), InferenceErrorKind::Config);
}
