use super::*;

const INPUT: FrameSize = FrameSize { width_px: 64, height_px: 32 };

fn classes() -> ClassMap {
    ClassMap::new(2, [(ObjectClass::Person, 0), (ObjectClass::Car, 1)]).unwrap()
}

fn read(head: &Head, outputs: &[OutputView<'_>], item: usize) -> Result<Decoded, DecodeError> {
    let letterbox = Letterbox::whole(FrameSize { width_px: 128, height_px: 64 }, INPUT).unwrap();
    let classes = classes();
    let request =
        Request { classes: &classes, wanted: ClassSet::PERSON, low_score: 0.1, nms_iou: 0.6, letterbox: &letterbox };
    decode(head, outputs, item, &request)
}

/// A YOLOv8 output of one picture with these columns.
fn yolov8(columns: &[[f32; 6]]) -> (Vec<usize>, Vec<f32>) {
    let data = (0..6).flat_map(|channel| columns.iter().map(move |column| column[channel])).collect();
    (vec![1, 6, columns.len()], data)
}

#[test]
fn boxes_come_back_in_camera_pixels_uncut_and_only_of_wanted_classes() {
    let (shape, data) = yolov8(&[[4.0, 16.0, 16.0, 20.0, 0.9, 0.0], [40.0, 16.0, 8.0, 8.0, 0.05, 0.9]]);
    let found =
        read(&Head::Yolov8 { output: 0 }, &[OutputView { name: "out", shape: &shape, data: &data }], 0).unwrap();
    let bbox = PixelBox { left: -8.0, top: 12.0, right: 24.0, bottom: 52.0 };
    let score = f64::from(0.9_f32);
    assert_eq!(found.detections, [Detection { bbox, class: ObjectClass::Person, score }]);
    assert_eq!(found.unusable, 0);
}

#[test]
fn what_is_not_finite_or_has_no_area_is_dropped_and_counted() {
    let nan = f32::NAN;
    let (shape, data) = yolov8(&[
        [4.0, 16.0, 16.0, 20.0, nan, 0.0],
        [nan, 16.0, 16.0, 20.0, 0.9, 0.0],
        [4.0, 16.0, f32::INFINITY, 20.0, 0.9, 0.0],
        [4.0, 16.0, -1.0, 20.0, 0.9, 0.0],
        [4.0, 16.0, 16.0, 20.0, f32::INFINITY, 0.0],
        [nan, nan, nan, nan, 0.01, nan],
        [4.0, 16.0, 16.0, 20.0, 0.9, 0.0],
    ]);
    let found =
        read(&Head::Yolov8 { output: 0 }, &[OutputView { name: "out", shape: &shape, data: &data }], 0).unwrap();
    assert_eq!((found.detections.len(), found.unusable), (1, 5));

    // A row of NaN logits has a NaN softmax and NaN distances.
    let output = OutputView { name: "out", shape: &[1, 10, 10], data: &[nan; 100] };
    let head = Head::NanoDet { layout: NanoDetLayout::Joined, strides_px: Some(vec![8, 16]) };
    let found = read(&head, &[OutputView { shape: &[1, 40, 10], data: &[nan; 400], ..output }], 0).unwrap();
    assert_eq!((found.detections.len(), found.unusable), (0, 40));
    let logits = OutputView { name: "logits", shape: &[1, 1, 3], data: &[nan, 0.0, 0.0] };
    let boxes = OutputView { name: "boxes", shape: &[1, 1, 4], data: &[0.5; 4] };
    let head = Head::Detr { boxes: 1, logits: 0, no_object: true };
    assert_eq!(read(&head, &[logits, boxes], 0).unwrap().unusable, 1);
}

#[test]
fn a_softmax_leaves_room_for_no_object() {
    let logits = OutputView { name: "logits", shape: &[1, 2, 3], data: &[2.0, 0.0, 0.0, 0.0, 0.0, 9.0] };
    let boxes = OutputView { name: "boxes", shape: &[1, 2, 4], data: &[0.5, 0.5, 0.25, 0.5, 0.5, 0.5, 0.25, 0.5] };
    let found = read(&Head::Detr { boxes: 1, logits: 0, no_object: true }, &[logits, boxes], 0).unwrap();
    let expected = 2_f64.exp() / (2_f64.exp() + 2.0);
    assert_eq!(found.detections.len(), 1);
    assert!((found.detections[0].score - expected).abs() < 1e-6);
    assert_eq!(found.detections[0].bbox, PixelBox { left: 48.0, top: 16.0, right: 80.0, bottom: 48.0 });
}

#[test]
fn a_joined_nanodet_output_reads_its_strides_in_turn() {
    // Strides 8, 16, 32 on 64 x 32: 32 + 8 + 2 cells, two classes and two bins a side. Distances of half a stride.
    let mut data = vec![0.0; 42 * 10];
    data[10 * (32 + 5)] = 0.8; // stride 16, second row, second column
    let head = Head::NanoDet { layout: NanoDetLayout::Joined, strides_px: None };
    let found = read(&head, &[OutputView { name: "out", shape: &[1, 42, 10], data: &data }], 0).unwrap();
    assert_eq!(found.detections.len(), 1);
    assert_eq!(found.detections[0].bbox, PixelBox { left: 32.0, top: 32.0, right: 64.0, bottom: 64.0 });
}

#[test]
fn wrong_shapes_say_what_was_found_and_what_was_expected() {
    let message = |head: &Head, shape: &[usize], item: usize| {
        let data = vec![0.0; shape.iter().product()];
        read(head, &[OutputView { name: "out", shape, data: &data }], item).unwrap_err().to_string()
    };
    // YOLOv5 looks like YOLOX, but has three anchors a cell.
    insta::assert_snapshot!(message(&Head::Yolox { output: 0, strides_px: None }, &[1, 126, 7], 0), @"output `out` has the shape [1, 126, 7]; the yolox head expects 42 rows (strides [8, 16, 32]) or 43 rows (strides [8, 16, 32, 64]) for an input of 64 x 32");
    insta::assert_snapshot!(message(&Head::Yolox { output: 0, strides_px: Some(vec![8]) }, &[1, 126, 7], 0), @"output `out` has the shape [1, 126, 7]; the yolox head expects 32 rows (strides [8]) for an input of 64 x 32");
    insta::assert_snapshot!(message(&Head::Yolov8 { output: 0 }, &[1, 7, 126], 0), @"output `out` has the shape [1, 7, 126]; the yolov8 head expects [N, 6, cells]");
    insta::assert_snapshot!(message(&Head::Yolov8 { output: 0 }, &[6, 126], 0), @"output `out` has the shape [6, 126]; the yolov8 head expects three axes (picture, row, column)");
    insta::assert_snapshot!(message(&Head::Yolov8 { output: 0 }, &[1, 6, 126], 1), @"picture 1 was asked of output `out`, which holds 1");
    let pairs = Head::NanoDet { layout: NanoDetLayout::Pairs(vec![(0, 0)]), strides_px: None };
    insta::assert_snapshot!(message(&pairs, &[1, 33, 2], 0), @"output `out` has the shape [1, 33, 2]; the nanodet head expects [N, 32, 2] at stride 8 for an input of 64 x 32");
    insta::assert_snapshot!(message(&Head::Detr { boxes: 1, logits: 0, no_object: false }, &[1, 5, 2], 0), @"the detr head reads output 1, but the model gave 1 output(s)");
}

#[test]
fn details_of_a_head_are_kept_to() {
    let output = |name: &str, columns| OutputInfo { name: name.to_owned(), axes: vec![None, None, Some(columns)] };
    let outputs = [output("d8", 8), output("s16", 2), output("s8", 2), output("d16", 8)];
    let spec = NanoDetSpec {
        strides_px: Some(vec![8, 16]),
        bins: Some(2),
        scores: Some(vec!["s8".to_owned(), "s16".to_owned()]),
        distances: Some(vec!["d8".to_owned(), "d16".to_owned()]),
    };
    let head = Head::recognise(&outputs, 2, Some(&HeadSpec::NanoDet(spec.clone()))).unwrap();
    let layout = NanoDetLayout::Pairs(vec![(2, 0), (1, 3)]);
    assert_eq!(head, Head::NanoDet { layout, strides_px: Some(vec![8, 16]) });
    let other_bins = HeadSpec::NanoDet(NanoDetSpec { bins: Some(3), ..spec });
    insta::assert_snapshot!(Head::recognise(&outputs, 2, Some(&other_bins)).unwrap_err(), @"found the outputs d8 [?, ?, 8], s16 [?, ?, 2], s8 [?, ?, 2], d16 [?, ?, 8]; expected, for 2 class(es), nanodet: s8, s16 [N, cells, 2] and d8, d16 [N, cells, 12]");
    assert!(Head::recognise(&outputs, 2, Some(&HeadSpec::Detr(DetrSpec::default()))).is_err());
}

#[test]
fn a_model_that_fires_everywhere_is_held_back() {
    let mut columns = Vec::new();
    for cell in 0..5000_u16 {
        columns.push([f32::from(cell) * 10.0, 5.0, 8.0, 8.0, 0.5, 0.0]);
    }
    let (shape, data) = yolov8(&columns);
    let found =
        read(&Head::Yolov8 { output: 0 }, &[OutputView { name: "out", shape: &shape, data: &data }], 0).unwrap();
    assert_eq!(found.detections.len(), MAX_CANDIDATES);
}
