//! Which head a model has.

use std::fmt;

use crate::model::Mark;

/// A family of detector outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeadKind {
    /// Class scores, and each side's distance as a distribution over bins (Generalized Focal Loss).
    NanoDet,
    /// `x y w h objectness classes…` in grid units, a row a cell.
    Yolox,
    /// `x y w h classes…` in pixels, a column a cell (Ultralytics 8 to 11).
    Yolov8,
    /// A fixed number of boxes as shares of the input, and their class logits (RT-DETR, D-FINE, RF-DETR, DETR).
    Detr,
    /// People per cell, no boxes.
    DensityMap,
}

impl HeadKind {
    /// Those that give boxes, and are recognised from the shapes of the outputs where the manifest doesn't name one.
    pub const DETECTORS: [Self; 4] = [Self::Detr, Self::NanoDet, Self::Yolox, Self::Yolov8];

    /// The name in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NanoDet => "nanodet",
            Self::Yolox => "yolox",
            Self::Yolov8 => "yolov8",
            Self::Detr => "detr",
            Self::DensityMap => "density_map",
        }
    }

    /// What its outputs look like, for a model with that many classes (`None`: C).
    fn expectation(self, classes: Option<usize>) -> String {
        let plus = |more: usize| match classes {
            Some(classes) => (classes + more).to_string(),
            None if more == 0 => "C".to_owned(),
            None => format!("C + {more}"),
        };
        let classes = plus(0);
        match self {
            Self::NanoDet => format!(
                "pairs [N, cells, {classes}] and [N, cells, 4 x bins] a stride, or one [N, cells, {classes} + 4 x bins]"
            ),
            Self::Yolox => format!("one [N, cells, {}]", plus(5)),
            Self::Yolov8 => format!("one [N, {}, cells]", plus(4)),
            Self::Detr => format!("[N, queries, 4] and [N, queries, {classes} or {}]", plus(1)),
            Self::DensityMap => "one [N, 1, rows, columns]".to_owned(),
        }
    }
}

impl fmt::Display for HeadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a manifest says of the head: `[models.ID.head.nanodet]` and the like.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum HeadSpec {
    /// NanoDet.
    NanoDet(NanoDetSpec),
    /// YOLOX.
    Yolox(YoloxSpec),
    /// YOLOv8 and its successors with the same output.
    Yolov8(Yolov8Spec),
    /// DETR and its relatives.
    Detr(DetrSpec),
    /// A crowd-density network.
    #[serde(rename = "density_map")]
    DensityMap(DensityMapSpec),
}

/// Details of a NanoDet head; those left out are found from the outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NanoDetSpec {
    /// Strides in pixels, finest first.
    pub strides_px: Option<Vec<u32>>,
    /// Bins a side.
    pub bins: Option<usize>,
    /// Names of the score outputs, one a stride.
    pub scores: Option<Vec<String>>,
    /// Names of the distance outputs, one a stride.
    pub distances: Option<Vec<String>>,
}

/// Details of a YOLOX head; those left out are found from the outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct YoloxSpec {
    /// Strides in pixels, finest first.
    pub strides_px: Option<Vec<u32>>,
    /// Name of the output; needed where there are several.
    pub output: Option<String>,
}

/// Details of a YOLOv8 head; those left out are found from the outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Yolov8Spec {
    /// Name of the output; needed where there are several.
    pub output: Option<String>,
}

/// Details of a DETR-like head; those left out are found from the outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetrSpec {
    /// Name of the output with the logits; needed where there are more than two.
    pub logits: Option<String>,
    /// Name of the output with the boxes; needed where there are more than two.
    pub boxes: Option<String>,
}

/// Details of a crowd-density head.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DensityMapSpec {
    /// Name of the output; needed where there are several.
    pub output: Option<String>,
    /// Sum that one person has in the output; 1 where it is left out.
    pub units_per_person: Option<u32>,
    /// Where in the picture a person is counted; the head where it is left out.
    pub mark: Mark,
}

impl HeadSpec {
    /// The family.
    #[must_use]
    pub fn kind(&self) -> HeadKind {
        match self {
            Self::NanoDet(_) => HeadKind::NanoDet,
            Self::Yolox(_) => HeadKind::Yolox,
            Self::Yolov8(_) => HeadKind::Yolov8,
            Self::Detr(_) => HeadKind::Detr,
            Self::DensityMap(_) => HeadKind::DensityMap,
        }
    }

    /// The number of classes that these outputs have with this head; `None` where an axis is open or missing, or where
    /// it can't be told. A DETR-like head is taken to have no "no object" class.
    #[must_use]
    pub fn class_count(&self, outputs: &[OutputInfo]) -> Option<usize> {
        let named = |name: &Option<String>| match name {
            Some(name) => outputs.iter().find(|output| &output.name == name),
            None => outputs.first().filter(|_| outputs.len() == 1),
        };
        let axis = |output: &OutputInfo, axis: usize| output.axes.get(axis).copied().flatten();
        match self {
            Self::NanoDet(NanoDetSpec { scores: Some(scores), .. }) => axis(named(&scores.first().cloned())?, 2),
            Self::NanoDet(NanoDetSpec { bins, .. }) => axis(named(&None)?, 2)?.checked_sub(4 * (*bins)?),
            Self::Yolox(spec) => axis(named(&spec.output)?, 2)?.checked_sub(5),
            Self::Yolov8(spec) => axis(named(&spec.output)?, 1)?.checked_sub(4),
            Self::Detr(spec) => axis(named(&Some(spec.logits.clone()?))?, 2),
            Self::DensityMap(_) => Some(1),
        }
    }
}

/// An output as the model declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputInfo {
    /// Its name.
    pub name: String,
    /// Its axes; `None`: known only when it runs.
    pub axes: Vec<Option<usize>>,
}

impl fmt::Display for OutputInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> =
            self.axes.iter().map(|axis| axis.map_or_else(|| "?".to_owned(), |length| length.to_string())).collect();
        write!(f, "{} [{}]", self.name, axes.join(", "))
    }
}

/// No head fits the model's outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}; expected, for {expected}", found(.outputs))]
pub struct UnknownHead {
    /// The outputs that were found.
    pub outputs: Vec<OutputInfo>,
    /// The number of classes, and what outputs of that many look like.
    pub expected: String,
}

impl UnknownHead {
    /// `classes`: the model's number of classes; `None`: it can't be told. `spec`: what the manifest says of the head.
    #[must_use]
    pub fn new(outputs: &[OutputInfo], classes: Option<usize>, spec: Option<&HeadSpec>) -> Self {
        let count = classes.map_or_else(|| "C classes".to_owned(), |classes| format!("{classes} class(es)"));
        Self { outputs: outputs.to_vec(), expected: format!("{count}, {}", expected(spec, classes)) }
    }
}

fn found(outputs: &[OutputInfo]) -> String {
    let outputs: Vec<String> = outputs.iter().map(ToString::to_string).collect();
    match outputs.is_empty() {
        true => "found no outputs".to_owned(),
        false => format!("found the outputs {}", outputs.join(", ")),
    }
}

fn expected(named: Option<&HeadSpec>, classes: Option<usize>) -> String {
    if let Some(HeadSpec::NanoDet(NanoDetSpec { scores: Some(scores), distances: Some(distances), bins, .. })) = named {
        let classes = classes.map_or_else(|| "C".to_owned(), |classes| classes.to_string());
        let bins = bins.map_or_else(|| "4 x bins".to_owned(), |bins| (4 * bins).to_string());
        let (scores, distances) = (scores.join(", "), distances.join(", "));
        return format!("nanodet: {scores} [N, cells, {classes}] and {distances} [N, cells, {bins}]");
    }
    let kinds = named.map_or_else(|| HeadKind::DETECTORS.to_vec(), |spec| vec![spec.kind()]);
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("{kind}: {}", kind.expectation(classes))).collect();
    kinds.join("; ")
}

/// Where a NanoDet head keeps its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NanoDetLayout {
    /// Numbers of the score and the distance output of each stride, finest first.
    Pairs(Vec<(usize, usize)>),
    /// One output of all strides, scores and distances side by side.
    Joined,
}

/// How a model's outputs are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// NanoDet.
    NanoDet {
        /// Where the numbers are.
        layout: NanoDetLayout,
        /// Strides in pixels, finest first; `None`: the usual ones that fit.
        strides_px: Option<Vec<u32>>,
    },
    /// YOLOX.
    Yolox {
        /// Number of the output.
        output: usize,
        /// Strides in pixels, finest first; `None`: the usual ones that fit.
        strides_px: Option<Vec<u32>>,
    },
    /// YOLOv8 and its successors with the same output.
    Yolov8 {
        /// Number of the output.
        output: usize,
    },
    /// DETR and its relatives.
    Detr {
        /// Number of the output with the boxes.
        boxes: usize,
        /// Number of the output with the logits.
        logits: usize,
        /// The last logit stands for "no object": scores are a softmax; otherwise each class has its own sigmoid.
        no_object: bool,
    },
    /// People per cell.
    DensityMap {
        /// Number of the output.
        output: usize,
        /// Sum that one person has in it.
        units_per_person: u32,
        /// Where in the picture a person is counted.
        mark: Mark,
    },
}

impl Head {
    /// Its family.
    #[must_use]
    pub fn kind(&self) -> HeadKind {
        match self {
            Self::NanoDet { .. } => HeadKind::NanoDet,
            Self::Yolox { .. } => HeadKind::Yolox,
            Self::Yolov8 { .. } => HeadKind::Yolov8,
            Self::Detr { .. } => HeadKind::Detr,
            Self::DensityMap { .. } => HeadKind::DensityMap,
        }
    }

    /// Recognises the head from what the model declares. Where the manifest names the head, axes that the model leaves
    /// open are taken on trust and checked when it runs.
    ///
    /// # Errors
    /// [`UnknownHead`] with what was found and what was expected.
    pub fn recognise(outputs: &[OutputInfo], classes: usize, spec: Option<&HeadSpec>) -> Result<Self, UnknownHead> {
        let shapes = Shapes { outputs, classes, trusting: spec.is_some() };
        let head = match spec {
            Some(HeadSpec::NanoDet(spec)) => shapes.nanodet(spec),
            Some(HeadSpec::Yolox(spec)) => shapes.yolox(spec),
            Some(HeadSpec::Yolov8(spec)) => shapes.yolov8(spec),
            Some(HeadSpec::Detr(spec)) => shapes.detr(spec),
            Some(HeadSpec::DensityMap(spec)) => shapes.density_map(spec),
            None => shapes
                .detr(&DetrSpec::default())
                .or_else(|| shapes.nanodet(&NanoDetSpec::default()))
                .or_else(|| shapes.yolox(&YoloxSpec::default()))
                .or_else(|| shapes.yolov8(&Yolov8Spec::default())),
        };
        head.ok_or_else(|| UnknownHead::new(outputs, Some(classes), spec))
    }
}

struct Shapes<'a> {
    outputs: &'a [OutputInfo],
    classes: usize,
    /// Whether an open axis fits anything.
    trusting: bool,
}

impl Shapes<'_> {
    /// Whether output `index` has three axes and `axis` (1 or 2) fits.
    fn fits(&self, index: usize, axis: usize, fit: impl Fn(usize) -> bool) -> bool {
        match self.outputs.get(index).map(|output| output.axes.as_slice()) {
            Some(axes) if axes.len() == 3 => axes.get(axis).copied().flatten().map_or(self.trusting, fit),
            _ => false,
        }
    }

    /// Number of the only output, or of the one with that name.
    fn only_or_named(&self, name: Option<&String>) -> Option<usize> {
        match name {
            Some(name) => self.outputs.iter().position(|output| &output.name == name),
            None => (self.outputs.len() == 1).then_some(0),
        }
    }

    fn yolox(&self, spec: &YoloxSpec) -> Option<Head> {
        let output = self.only_or_named(spec.output.as_ref())?;
        let fits = self.fits(output, 2, |columns| columns == self.classes + 5);
        fits.then(|| Head::Yolox { output, strides_px: spec.strides_px.clone() })
    }

    fn yolov8(&self, spec: &Yolov8Spec) -> Option<Head> {
        let output = self.only_or_named(spec.output.as_ref())?;
        self.fits(output, 1, |columns| columns == self.classes + 4).then_some(Head::Yolov8 { output })
    }

    fn nanodet(&self, spec: &NanoDetSpec) -> Option<Head> {
        // At least two bins a side: one would be a plain distance, that is another head.
        let distances =
            |columns: usize| spec.bins.map_or(columns >= 8 && columns.is_multiple_of(4), |bins| columns == 4 * bins);
        let layout = if self.outputs.len() == 1 {
            // 85 = 80 + 5 is YOLOX: 5 is no multiple of 4.
            let joined = self.fits(0, 2, |columns| columns > self.classes && distances(columns - self.classes));
            joined.then_some(NanoDetLayout::Joined)?
        } else {
            let is_scores = |&index: &usize| self.fits(index, 2, |columns| columns == self.classes);
            let (scores, others) = match (&spec.scores, &spec.distances) {
                (Some(scores), Some(distances)) => (self.named(scores)?, self.named(distances)?),
                _ => (0..self.outputs.len()).partition(is_scores),
            };
            let fits = scores.len() == others.len()
                && (1..=4).contains(&scores.len())
                && scores.iter().all(is_scores)
                && others.iter().all(|&index| self.fits(index, 2, distances))
                && spec.strides_px.as_ref().is_none_or(|strides| strides.len() == scores.len());
            fits.then(|| NanoDetLayout::Pairs(scores.into_iter().zip(others).collect()))?
        };
        Some(Head::NanoDet { layout, strides_px: spec.strides_px.clone() })
    }

    /// Numbers of the outputs of these names.
    fn named(&self, names: &[String]) -> Option<Vec<usize>> {
        names.iter().map(|name| self.outputs.iter().position(|output| &output.name == name)).collect()
    }

    fn density_map(&self, spec: &DensityMapSpec) -> Option<Head> {
        let output = self.only_or_named(spec.output.as_ref())?;
        let axes = self.outputs.get(output)?.axes.as_slice();
        let fits = matches!(axes, [_, None | Some(1), _, _]);
        let units_per_person = spec.units_per_person.unwrap_or(1);
        fits.then_some(Head::DensityMap { output, units_per_person, mark: spec.mark })
    }

    fn detr(&self, spec: &DetrSpec) -> Option<Head> {
        let choices = match (&spec.boxes, &spec.logits) {
            (Some(_), Some(_)) => {
                vec![(self.only_or_named(spec.boxes.as_ref())?, self.only_or_named(spec.logits.as_ref())?)]
            }
            _ if self.outputs.len() == 2 => vec![(0, 1), (1, 0)],
            _ => return None,
        };
        choices.into_iter().find_map(|(boxes, logits)| {
            let with_no_object = self.classes + 1;
            let fits = self.fits(boxes, 2, |columns| columns == 4)
                && self.fits(logits, 2, |columns| columns == self.classes || columns == with_no_object);
            let no_object = self.outputs[logits].axes.get(2) == Some(&Some(with_no_object));
            fits.then_some(Head::Detr { boxes, logits, no_object })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(shapes: &[&[Option<usize>]]) -> Vec<OutputInfo> {
        shapes
            .iter()
            .enumerate()
            .map(|(index, axes)| OutputInfo { name: format!("out{index}"), axes: axes.to_vec() })
            .collect()
    }

    #[test]
    fn heads_are_recognised_from_shapes() {
        let recognise = |shapes: &[&[Option<usize>]], classes| Head::recognise(&outputs(shapes), classes, None);
        let n = None;
        let pairs: [&[Option<usize>]; 4] = [&[n, n, Some(80)], &[n, n, Some(80)], &[n, n, Some(44)], &[n, n, Some(44)]];
        assert_eq!(
            recognise(&pairs, 80),
            Ok(Head::NanoDet { layout: NanoDetLayout::Pairs(vec![(0, 2), (1, 3)]), strides_px: None })
        );
        assert_eq!(
            recognise(&[&[Some(1), Some(3598), Some(112)]], 80),
            Ok(Head::NanoDet { layout: NanoDetLayout::Joined, strides_px: None })
        );
        assert_eq!(recognise(&[&[Some(1), Some(3549), Some(85)]], 80), Ok(Head::Yolox { output: 0, strides_px: None }));
        assert_eq!(recognise(&[&[n, Some(84), n]], 80), Ok(Head::Yolov8 { output: 0 }));
        assert_eq!(
            recognise(&[&[n, Some(300), Some(80)], &[n, Some(300), Some(4)]], 80),
            Ok(Head::Detr { boxes: 1, logits: 0, no_object: false })
        );
        assert_eq!(
            recognise(&[&[n, Some(100), Some(4)], &[n, Some(100), Some(92)]], 91),
            Ok(Head::Detr { boxes: 0, logits: 1, no_object: true })
        );
    }

    #[test]
    fn an_open_axis_is_taken_on_trust_only_where_the_head_is_named() {
        let open = outputs(&[&[None, None, None]]);
        assert!(Head::recognise(&open, 80, None).is_err());
        assert_eq!(
            Head::recognise(&open, 80, Some(&HeadSpec::Yolov8(Yolov8Spec::default()))),
            Ok(Head::Yolov8 { output: 0 })
        );
    }

    #[test]
    fn an_unknown_head_says_what_was_found_and_what_was_expected() {
        let end_to_end = outputs(&[&[Some(1), Some(300), Some(6)]]);
        let error = Head::recognise(&end_to_end, 80, None).unwrap_err();
        insta::assert_snapshot!(error, @"found the outputs out0 [1, 300, 6]; expected, for 80 class(es), detr: [N, queries, 4] and [N, queries, 80 or 81]; nanodet: pairs [N, cells, 80] and [N, cells, 4 x bins] a stride, or one [N, cells, 80 + 4 x bins]; yolox: one [N, cells, 85]; yolov8: one [N, 84, cells]");
        let error = Head::recognise(&end_to_end, 80, Some(&HeadSpec::Yolox(YoloxSpec::default()))).unwrap_err();
        insta::assert_snapshot!(error, @"found the outputs out0 [1, 300, 6]; expected, for 80 class(es), yolox: one [N, cells, 85]");
    }
}
