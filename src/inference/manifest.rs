//! Which models there are, how each is fed and read: `models/manifest.toml`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::InferenceError;
use crate::decode::{DensityMapSpec, HeadSpec};
use crate::model::ObjectClass;
use crate::picture::{ChannelOrder, Normalisation};

/// Where the shipped manifest is, from the project's root.
const SHIPPED: &str = "models/manifest.toml";

/// Height in the input that is asked for where a model's own is not known: that of the shipped model.
const LEAST_PERSON_PX: f64 = 56.0;
/// From where a person is a few cells of the network, to where an input of full HD holds two of them.
const LEAST_PERSON_RANGE_PX: std::ops::RangeInclusive<f64> = 8.0..=512.0;

/// A manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    path: PathBuf,
    models: BTreeMap<String, ModelEntry>,
}

/// One model of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    /// Its id.
    pub id: String,
    /// The ONNX file.
    pub file: PathBuf,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
    /// Licence of the weights (SPDX where there is one).
    pub licence: String,
    /// Copyright and attribution.
    pub licence_notice: String,
    /// Where the weights come from.
    pub source: String,
    /// Default thresholds; all 0 for a density map, which has no boxes.
    pub thresholds: Thresholds,
    /// Height in the input from which on it sees people well, in pixels: what an `auto` input is chosen for; 0 for a density
    /// map. Far below it (`defaults::MISSED_BELOW_PX`) so many are missed that a count is a lower bound.
    pub least_person_px: f64,
    /// The model's numbers of our classes.
    pub classes: BTreeMap<ObjectClass, usize>,
    /// How many classes the model has; `None`: as its outputs say.
    pub class_count: Option<usize>,
    /// Name of its input.
    pub input_name: String,
    /// How pixel values become the network's.
    pub normalisation: Normalisation,
    /// Width and height are multiples of this, in pixels.
    pub stride_multiple_px: u32,
    /// Its head; `None`: recognised from its outputs.
    pub head: Option<HeadSpec>,
}

/// Detector thresholds, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Thresholds {
    /// Score from which a detection counts and may start a track.
    pub high_score: f64,
    /// Score from which a detection may continue a track.
    pub low_score: f64,
    /// Overlap (IoU) above which the weaker of two boxes of one class is dropped.
    pub nms_iou: f64,
}

/// A model's file compared with its checksum.
#[derive(Debug)]
pub struct Verification {
    /// The model.
    pub id: String,
    /// Its file.
    pub file: PathBuf,
    /// Whether the file is the one that the manifest means.
    pub result: Result<(), InferenceError>,
}

impl Manifest {
    /// Reads the given manifest, or else the shipped one: looked for from the current folder, then from the
    /// executable's folder and those above it.
    ///
    /// # Errors
    /// [`InferenceError`] where there is none, or it is wrong.
    pub fn find(explicit: Option<&Path>) -> Result<Self, InferenceError> {
        if let Some(path) = explicit {
            return Self::read(path);
        }
        let executable = std::env::current_exe().ok();
        let above = executable.iter().flat_map(|executable| executable.ancestors().skip(1));
        let mut tried: Vec<PathBuf> = Vec::new();
        for folder in std::env::current_dir().into_iter().chain(above.map(Path::to_owned)) {
            let path = folder.join(SHIPPED);
            if !tried.contains(&path) {
                tried.push(path);
            }
        }
        match tried.iter().find(|path| path.is_file()) {
            Some(path) => Self::read(path),
            None => Err(InferenceError::NoManifest { tried }),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`InferenceError`] where it can't be read or is wrong.
    pub fn read(path: &Path) -> Result<Self, InferenceError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| InferenceError::UnreadableManifest { path: path.to_owned(), source })?;
        let invalid = |reason: String| InferenceError::InvalidManifest { path: path.to_owned(), reason };
        let raw: RawManifest =
            toml::from_str(&text).map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut models = BTreeMap::new();
        for (id, model) in raw.models {
            let entry = model.checked(&id, folder).map_err(|reason| invalid(format!("models.{id}.{reason}")))?;
            models.insert(id, entry);
        }
        Ok(Self { path: path.to_owned(), models })
    }

    /// The manifest's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its models, in the order of their ids.
    pub fn models(&self) -> impl Iterator<Item = &ModelEntry> {
        self.models.values()
    }

    /// The model of that id.
    ///
    /// # Errors
    /// [`InferenceError::NoSuchModel`] with those there are.
    pub fn model(&self, id: &str) -> Result<&ModelEntry, InferenceError> {
        self.models.get(id).ok_or_else(|| InferenceError::NoSuchModel {
            path: self.path.clone(),
            id: id.to_owned(),
            known: self.models.keys().cloned().collect(),
        })
    }

    /// Compares every model's file with its checksum.
    #[must_use]
    pub fn verify(&self) -> Vec<Verification> {
        self.models()
            .map(|entry| Verification { id: entry.id.clone(), file: entry.file.clone(), result: entry.check_sha256() })
            .collect()
    }
}

impl ModelEntry {
    /// Compares the file with its checksum.
    ///
    /// # Errors
    /// [`InferenceError::UnreadableModel`] or [`InferenceError::WrongChecksum`].
    pub fn check_sha256(&self) -> Result<(), InferenceError> {
        let found = sha256_hex(&self.file)
            .map_err(|source| InferenceError::UnreadableModel { file: self.file.clone(), source })?;
        if found == self.sha256 {
            Ok(())
        } else {
            Err(InferenceError::WrongChecksum { file: self.file.clone(), found, expected: self.sha256.clone() })
        }
    }
}

fn sha256_hex(file: &Path) -> std::io::Result<String> {
    // A folder opens without an error on Linux, and then says "is a directory" when it is read.
    let mut file = File::open(file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    models: BTreeMap<String, RawModel>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    file: PathBuf,
    sha256: String,
    licence: String,
    licence_notice: String,
    source: String,
    score_threshold: Option<f64>,
    low_score_threshold: Option<f64>,
    nms_iou: Option<f64>,
    least_person_px: Option<f64>,
    classes: Option<BTreeMap<ObjectClass, usize>>,
    class_count: Option<usize>,
    input: RawInput,
    head: Option<HeadSpec>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInput {
    name: String,
    channel_order: ChannelOrder,
    mean: [f32; 3],
    std: [f32; 3],
    stride_multiple_px: u32,
    padding: Option<u8>,
}

impl RawModel {
    /// The entry, or the key of the fault and what is wrong.
    fn checked(self, id: &str, folder: &Path) -> Result<ModelEntry, String> {
        let (thresholds, least_person_px, classes) = match &self.head {
            Some(HeadSpec::DensityMap(spec)) => {
                self.refuse_detector_keys(spec)?;
                let none = Thresholds { high_score: 0.0, low_score: 0.0, nms_iou: 0.0 };
                (none, 0.0, BTreeMap::from([(ObjectClass::Person, 0)]))
            }
            _ => self.detector_keys()?,
        };
        let sha256 = self.sha256.to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(format!("sha256: found `{}`; expected 64 hexadecimal digits", self.sha256));
        }
        let input = self.input;
        if let Some(value) = input.mean.into_iter().find(|value| !value.is_finite()) {
            return Err(format!("input.mean: found {value}; expected finite numbers"));
        }
        if let Some(value) = input.std.into_iter().find(|value| !value.is_finite() || *value <= 0.0) {
            return Err(format!("input.std: found {value}; expected finite numbers above 0"));
        }
        if input.stride_multiple_px == 0 {
            return Err("input.stride_multiple_px: found 0; expected 1 or more".to_owned());
        }
        let strides = match &self.head {
            Some(HeadSpec::NanoDet(spec)) => spec.strides_px.as_deref(),
            Some(HeadSpec::Yolox(spec)) => spec.strides_px.as_deref(),
            _ => None,
        };
        if let Some(strides) = strides.filter(|strides| strides.is_empty() || strides.contains(&0)) {
            return Err(format!("head: found the strides {strides:?}; expected one or more, none of them 0"));
        }
        Ok(ModelEntry {
            id: id.to_owned(),
            file: folder.join(self.file),
            sha256,
            licence: self.licence,
            licence_notice: self.licence_notice,
            source: self.source,
            thresholds,
            least_person_px,
            classes,
            class_count: self.class_count,
            input_name: input.name,
            normalisation: Normalisation {
                channel_order: input.channel_order,
                mean: input.mean,
                std: input.std,
                padding: input.padding.unwrap_or(Normalisation::GREY),
            },
            stride_multiple_px: input.stride_multiple_px,
            head: self.head,
        })
    }

    /// Thresholds, the height from which on people are seen well, and classes, which every detector has.
    fn detector_keys(&self) -> Result<(Thresholds, f64, BTreeMap<ObjectClass, usize>), String> {
        let share = |key: &str, value: Option<f64>| match value {
            Some(value) if (0.0..=1.0).contains(&value) => Ok(value),
            Some(value) => Err(format!("{key}: found {value}; expected 0 to 1")),
            None => Err(format!("{key}: found nothing; expected 0 to 1")),
        };
        let high_score = share("score_threshold", self.score_threshold)?;
        let low_score = share("low_score_threshold", self.low_score_threshold)?;
        let nms_iou = share("nms_iou", self.nms_iou)?;
        if low_score > high_score {
            return Err(format!(
                "low_score_threshold: found {low_score}; expected at most score_threshold, {high_score}"
            ));
        }
        let least_person_px = self.least_person_px.unwrap_or(LEAST_PERSON_PX);
        if !(LEAST_PERSON_RANGE_PX).contains(&least_person_px) {
            return Err(format!(
                "least_person_px: found {least_person_px}; expected {} to {} pixels",
                LEAST_PERSON_RANGE_PX.start(),
                LEAST_PERSON_RANGE_PX.end()
            ));
        }
        let classes =
            self.classes.clone().ok_or("classes: found nothing; expected the model's numbers of our classes")?;
        Ok((Thresholds { high_score, low_score, nms_iou }, least_person_px, classes))
    }

    /// A density map has no boxes: a threshold for them would be read by nobody.
    fn refuse_detector_keys(&self, spec: &DensityMapSpec) -> Result<(), String> {
        let given = [
            ("score_threshold", self.score_threshold.is_some()),
            ("low_score_threshold", self.low_score_threshold.is_some()),
            ("nms_iou", self.nms_iou.is_some()),
            ("least_person_px", self.least_person_px.is_some()),
            ("classes", self.classes.is_some()),
            ("class_count", self.class_count.is_some()),
        ];
        if let Some((key, _)) = given.into_iter().find(|&(_, given)| given) {
            return Err(format!("{key}: found one; expected none, as a density map counts people and has no boxes"));
        }
        if spec.units_per_person == Some(0) {
            return Err("head.density_map.units_per_person: found 0; expected 1 or more".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[models.a]
file = "a.onnx"
sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
licence = "MIT"
licence_notice = "someone"
source = "somewhere"
score_threshold = 0.5
low_score_threshold = 0.1
nms_iou = 0.6
[models.a.classes]
person = 0
[models.a.input]
name = "images"
channel_order = "rgb"
mean = [0.0, 0.0, 0.0]
std = [255.0, 255.0, 255.0]
stride_multiple_px = 32
[models.a.head.yolox]
strides_px = [8, 16, 32]
"#;

    fn read(text: &str) -> Result<Manifest, InferenceError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("a.onnx"), "abc").unwrap();
        let manifest = Manifest::read(&path)?;
        manifest.verify().into_iter().try_for_each(|verification| verification.result)?;
        Ok(manifest)
    }

    #[test]
    fn a_good_manifest_is_read_and_its_files_verified() {
        let manifest = read(GOOD).unwrap();
        let entry = manifest.model("a").unwrap();
        assert_eq!(entry.normalisation.padding, 114);
        assert_eq!(entry.normalisation.channel_order, ChannelOrder::Rgb);
        assert_eq!(entry.classes, BTreeMap::from([(ObjectClass::Person, 0)]));
        let message = manifest.model("b").unwrap_err().to_string();
        assert!(message.ends_with("manifest.toml has no model `b`; it has a"), "{message}");
    }

    #[test]
    fn every_fault_is_named() {
        let message = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            let message = read(&GOOD.replace(from, to)).unwrap_err().to_string();
            // The folder differs each time.
            message.split_once("manifest.toml: ").map_or(message.clone(), |(_, rest)| rest.to_owned())
        };
        insta::assert_snapshot!(message("nms_iou = 0.6", "nms_iou = nan"), @"models.a.nms_iou: found NaN; expected 0 to 1");
        insta::assert_snapshot!(message("low_score_threshold = 0.1", "low_score_threshold = 0.7"), @"models.a.low_score_threshold: found 0.7; expected at most score_threshold, 0.5");
        insta::assert_snapshot!(message("sha256 = \"BA", "sha256 = \"X"), @"models.a.sha256: found `X7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD`; expected 64 hexadecimal digits");
        insta::assert_snapshot!(message("255.0, 255.0]", "0.0, 255.0]"), @"models.a.input.std: found 0; expected finite numbers above 0");
        insta::assert_snapshot!(message("stride_multiple_px = 32", "stride_multiple_px = 0"), @"models.a.input.stride_multiple_px: found 0; expected 1 or more");
        insta::assert_snapshot!(message("nms_iou = 0.6", "nms_iou = 0.6\nleast_person_px = 0"), @"models.a.least_person_px: found 0; expected 8 to 512 pixels");
        insta::assert_snapshot!(message("[8, 16, 32]", "[]"), @"models.a.head: found the strides []; expected one or more, none of them 0");
        insta::assert_snapshot!(message("person = 0", "persona = 0"), @"
TOML parse error at line 12, column 1
   |
12 | persona = 0
   | ^^^^^^^
unknown variant `persona`, expected one of `person`, `bicycle`, `motorcycle`, `car`, `bus`, `truck`
");
        insta::assert_snapshot!(message("licence = ", "license = "), @r#"
TOML parse error at line 5, column 1
  |
5 | license = "MIT"
  | ^^^^^^^
unknown field `license`, expected one of `file`, `sha256`, `licence`, `licence_notice`, `source`, `score_threshold`, `low_score_threshold`, `nms_iou`, `least_person_px`, `classes`, `class_count`, `input`, `head`
"#);
        insta::assert_snapshot!(message("head.yolox", "head.yolo9000"), @"
TOML parse error at line 19, column 16
   |
19 | [models.a.head.yolo9000]
   |                ^^^^^^^^
unknown variant `yolo9000`, expected one of `nanodet`, `yolox`, `yolov8`, `detr`, `density_map`
");
    }

    #[test]
    fn a_density_map_has_no_keys_of_a_detector() {
        let (detector, rest) = GOOD.split_once("score_threshold").unwrap();
        let text = format!("{detector}{}", &rest[rest.find("[models.a.input]").unwrap()..]);
        let head = |keys: &str| text.replace("[models.a.head.yolox]\nstrides_px = [8, 16, 32]", keys);
        let manifest = read(&head("[models.a.head.density_map]\nunits_per_person = 100\nmark = \"foot\"")).unwrap();
        let spec = DensityMapSpec { output: None, units_per_person: Some(100), mark: crate::model::Mark::Foot };
        assert_eq!(manifest.model("a").unwrap().head, Some(HeadSpec::DensityMap(spec)));

        let message = |text: &str| {
            let message = read(text).unwrap_err().to_string();
            message.split_once("manifest.toml: ").map_or(message.clone(), |(_, rest)| rest.to_owned())
        };
        insta::assert_snapshot!(message(&text), @"models.a.score_threshold: found nothing; expected 0 to 1");
        let zero = head("[models.a.head.density_map]\nunits_per_person = 0");
        insta::assert_snapshot!(message(&zero), @"models.a.head.density_map.units_per_person: found 0; expected 1 or more");
        let both = GOOD.replace("[models.a.head.yolox]\nstrides_px = [8, 16, 32]", "[models.a.head.density_map]");
        insta::assert_snapshot!(message(&both), @"models.a.score_threshold: found one; expected none, as a density map counts people and has no boxes");
    }

    #[test]
    fn a_changed_or_missing_file_is_found() {
        let changed = read(&GOOD.replace("BA78", "0000")).unwrap_err();
        assert!(matches!(changed, InferenceError::WrongChecksum { .. }));
        let missing = read(&GOOD.replace("a.onnx", "b.onnx")).unwrap_err();
        assert!(matches!(missing, InferenceError::UnreadableModel { .. }));
        let message = Manifest::read(Path::new("/nowhere/manifest.toml")).unwrap_err().to_string();
        assert_eq!(
            message,
            "cannot read the model manifest /nowhere/manifest.toml: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn the_shipped_manifest_is_found_and_its_files_are_what_it_says() {
        let manifest = Manifest::find(None).unwrap();
        assert!(manifest.path().ends_with(SHIPPED));
        for verification in manifest.verify() {
            verification.result.unwrap();
        }
        assert!(manifest.model("nanodet_g").is_ok());
    }
}
