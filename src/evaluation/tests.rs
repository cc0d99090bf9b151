//! Scores of scenes small enough to be worked out by hand, properties, and the shared sequences where they are at hand.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::model::PixelBox;

/// A box of 10 by 10 pixels.
fn at(left: f64, top: f64) -> PixelBox {
    PixelBox { left, top, right: left + 10.0, bottom: top + 10.0 }
}

fn truth_row(frame: u32, id: i64, bbox: PixelBox) -> GroundTruthRow {
    GroundTruthRow { frame, id, bbox, conf: 1.0, class: None }
}

fn track(frame: u32, id: i64, bbox: PixelBox) -> TrackRow {
    TrackRow { frame, id, bbox, score: 1.0 }
}

fn mot15(rows: Vec<GroundTruthRow>) -> GroundTruth {
    GroundTruth { format: GroundTruthFormat::Mot15, rows }
}

fn mot17(rows: Vec<GroundTruthRow>) -> GroundTruth {
    GroundTruth { format: GroundTruthFormat::Mot17, rows }
}

fn near(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "found {found:?}, expected {expected}");
}

/// One person for four frames, found perfectly, but by track 1 and then by track 2.
fn split_in_two() -> Scores {
    let truth = (1..=4).map(|frame| truth_row(frame, 7, at(0.0, 0.0))).collect();
    let result: Vec<_> = (1..=4).map(|frame| track(frame, if frame <= 2 { 1 } else { 2 }, at(0.0, 0.0))).collect();
    score(&mot15(truth), &result, Rules::default())
}

/// One person for two frames. Frame 1: the upper half of their box is found, IoU 50 / 100. Frame 2: a ghost elsewhere.
fn half_and_ghost() -> Scores {
    let truth = vec![truth_row(1, 1, at(0.0, 0.0)), truth_row(2, 1, at(0.0, 0.0))];
    let half = PixelBox { left: 0.0, top: 0.0, right: 10.0, bottom: 5.0 };
    score(&mot15(truth), &[track(1, 1, half), track(2, 1, at(500.0, 0.0))], Rules::default())
}

#[test]
fn a_track_split_in_two() {
    let Scores { clear, identity, hota, count, .. } = split_in_two();
    // 4 boxes matched, none missed, none false, 1 switch: MOTA = 1 − 1/4.
    assert_eq!((clear.true_positives, clear.false_positives, clear.false_negatives), (4, 0, 0));
    assert_eq!((clear.id_switches, clear.mostly_tracked), (1, 1));
    near(clear.mota, 0.75);
    near(clear.motp, 1.0);
    // The person has one partner, which covers 2 frames: IDF1 = 2·2 / (4 + 4).
    near(identity.idf1, 0.5);
    near(identity.idp, 0.5);
    near(identity.idr, 0.5);
    // Every match: 2 frames together of 4 + 2 − 2 in all, so AssA = 1/2; DetA = 1; HOTA = √(1/2).
    near(hota.det_a, 1.0);
    near(hota.ass_a, 0.5);
    near(hota.hota, 0.5_f64.sqrt());
    near(hota.loc_a, 1.0);
    near(count.mae, 0.0);
}

#[test]
fn a_half_box_and_a_ghost() {
    let Scores { clear, identity, hota, count, .. } = half_and_ghost();
    assert_eq!((clear.true_positives, clear.false_positives, clear.false_negatives), (1, 1, 1));
    assert_eq!((clear.mostly_tracked, clear.partly_tracked, clear.mostly_lost), (0, 1, 0));
    // 1 − (1 + 1) / 2
    near(clear.mota, 0.0);
    near(clear.motp, 0.5);
    near(clear.precision, 0.5);
    near(clear.recall, 0.5);
    // 2·1 / (2 + 2)
    near(identity.idf1, 0.5);
    // At the 10 thresholds 0.05 to 0.5: DetA = 1 / (1 + 1 + 1), AssA = 1 / (2 + 2 − 1). At the other 9: both 0.
    near(hota.det_a, 10.0 / 19.0 / 3.0);
    near(hota.ass_a, 10.0 / 19.0 / 3.0);
    near(hota.hota, 10.0 / 19.0 / 3.0);
    // 0.5 where there is a match, 1 where there is none.
    near(hota.loc_a, (10.0 * 0.5 + 9.0) / 19.0);
    // One box found in each frame, if the wrong one: the count is right.
    near(count.mae, 0.0);
}

#[test]
fn sequences_together_weigh_by_their_boxes() {
    let both = combined([&split_in_two(), &half_and_ghost()]);
    // Faults 1 + 2 of 4 + 2 boxes.
    near(both.clear.mota, 0.5);
    // IoU (4·1 + 0.5) / 5
    near(both.clear.motp, 0.9);
    // IDTP 2 + 1 of 4 + 2 true and 4 + 2 result boxes.
    near(both.identity.idf1, 0.5);
    // Up to 0.5: TP 5, FP 1, FN 1; AssA = (4·1/2 + 1·1/3) / 5. Above: TP 4, FP 2, FN 2; AssA = 1/2.
    let (det_low, ass_low, det_high, ass_high) = (5.0 / 7.0, 7.0 / 15.0, 4.0 / 8.0, 0.5);
    let mean = |low: f64, high: f64| (10.0 * low + 9.0 * high) / 19.0;
    near(both.hota.det_a, mean(det_low, det_high));
    near(both.hota.ass_a, mean(ass_low, ass_high));
    near(both.hota.hota, mean((det_low * ass_low).sqrt(), (det_high * ass_high).sqrt()));
    near(both.hota.loc_a, mean(0.9, 1.0));
    assert_eq!((both.frames, both.truth_boxes, both.truth_tracks, both.result_tracks), (6, 6, 2, 3));
}

#[test]
fn the_last_match_goes_on_after_a_gap_even_where_another_track_fits_better() {
    // Frame 3: track 1 with IoU (10 − 2.5) / (10 + 2.5) = 0.6, track 2 with IoU 1. `trackeval` would count a switch.
    let truth = (1..=3).map(|frame| truth_row(frame, 1, at(0.0, 0.0))).collect();
    let result = [track(1, 1, at(0.0, 0.0)), track(3, 1, at(2.5, 0.0)), track(3, 2, at(0.0, 0.0))];
    let Scores { clear, .. } = score(&mot15(truth), &result, Rules::default());
    assert_eq!((clear.true_positives, clear.false_positives, clear.false_negatives, clear.id_switches), (2, 1, 1, 0));
    near(clear.motp, (1.0 + 0.6) / 2.0);
}

#[test]
fn of_two_objects_last_matched_to_one_track_the_newer_match_goes_on() {
    // Track 1 is on person 1, then on person 2, then between both (IoU 0.6 with each).
    let truth = vec![
        truth_row(1, 1, at(0.0, 0.0)),
        truth_row(2, 1, at(100.0, 0.0)),
        truth_row(2, 2, at(0.0, 0.0)),
        truth_row(3, 1, at(0.0, 0.0)),
        truth_row(3, 2, at(5.0, 0.0)),
    ];
    let result = [track(1, 1, at(0.0, 0.0)), track(2, 1, at(0.0, 0.0)), track(3, 1, at(2.5, 0.0))];
    let Scores { clear, .. } = score(&mot15(truth), &result, Rules::default());
    assert_eq!((clear.true_positives, clear.false_negatives, clear.id_switches), (3, 2, 0));
    // Person 1 has 1 of 3 boxes, person 2 all of 2.
    assert_eq!((clear.mostly_tracked, clear.partly_tracked), (1, 1));
}

#[test]
fn most_pairs_come_before_the_greatest_overlap() {
    // Track 1 lies on person 1 exactly, but person 2 can only have track 1 (IoU 0.6) and person 1 can have track 2.
    let truth = vec![truth_row(1, 1, at(0.0, 0.0)), truth_row(1, 2, at(2.5, 0.0))];
    let result = [track(1, 1, at(0.0, 0.0)), track(1, 2, at(-2.5, 0.0))];
    let Scores { clear, .. } = score(&mot15(truth), &result, Rules::default());
    assert_eq!((clear.true_positives, clear.false_positives), (2, 0));
    near(clear.motp, 0.6);
}

#[test]
fn mostly_tracked_is_four_fifths_or_more() {
    let truth = (1..=5).map(|frame| truth_row(frame, 1, at(0.0, 0.0))).collect::<Vec<_>>();
    let found = |frames: u32| (1..=frames).map(|frame| track(frame, 1, at(0.0, 0.0))).collect::<Vec<_>>();
    for (frames, expected) in [(5, (1, 0, 0)), (4, (1, 0, 0)), (3, (0, 1, 0)), (1, (0, 1, 0)), (0, (0, 0, 1))] {
        let Scores { clear, .. } = score(&mot15(truth.clone()), &found(frames), Rules::default());
        assert_eq!((clear.mostly_tracked, clear.partly_tracked, clear.mostly_lost), expected, "{frames} of 5 frames");
    }
}

#[test]
fn mot15_boxes_with_conf_0_are_not_scored() {
    let far = GroundTruthRow { conf: 0.0, ..truth_row(1, 2, at(100.0, 0.0)) };
    let truth = mot15(vec![truth_row(1, 1, at(0.0, 0.0)), far]);
    let result = [track(1, 1, at(0.0, 0.0)), track(1, 2, at(100.0, 0.0))];
    let strict = score(&truth, &result, Rules::default());
    assert_eq!((strict.truth_boxes, strict.result_boxes, strict.forgiven_boxes), (1, 2, 0));
    assert_eq!((strict.clear.true_positives, strict.clear.false_positives, strict.clear.false_negatives), (1, 1, 0));
    let forgiving = score(&truth, &result, Rules { forgive_unscored: true });
    assert_eq!((forgiving.truth_boxes, forgiving.result_boxes, forgiving.forgiven_boxes), (1, 1, 1));
    near(forgiving.clear.mota, 1.0);
    near(forgiving.count.mae, 0.0);
}

#[test]
fn mot17_result_boxes_on_distractors_are_taken_out() {
    let of_class =
        |id, class, conf, left| GroundTruthRow { class: Some(class), conf, ..truth_row(1, id, at(left, 0.0)) };
    // A pedestrian, one of each distractor, a car, a pedestrian that is not scored.
    let mut rows = vec![of_class(1, 1, 1.0, 0.0), of_class(2, 3, 0.0, 100.0), of_class(3, 1, 0.0, 200.0)];
    for (id, class) in [(4, 2), (5, 7), (6, 8), (7, 12)] {
        rows.push(of_class(id, class, 0.0, 100.0 * f64::from(class) + 1000.0));
    }
    // A result box on each of them, in the same place.
    let result: Vec<_> = rows.iter().map(|row| track(1, row.id + 50, row.bbox)).collect();
    let scores = score(&mot17(rows.clone()), &result, Rules::default());
    assert_eq!((scores.truth_boxes, scores.forgiven_boxes, scores.result_boxes), (1, 4, 3));
    assert_eq!((scores.clear.true_positives, scores.clear.false_positives), (1, 2));
    let scores = score(&mot17(rows), &result, Rules { forgive_unscored: true });
    assert_eq!((scores.forgiven_boxes, scores.clear.false_positives), (5, 1));

    // A pedestrian before a reflection (IoU with the result box 0.6): the box belongs to the pedestrian and stays.
    let rows = vec![of_class(1, 1, 1.0, 0.0), of_class(2, 12, 0.0, 2.5)];
    let scores = score(&mot17(rows), &[track(1, 1, at(0.0, 0.0))], Rules::default());
    assert_eq!((scores.forgiven_boxes, scores.clear.true_positives), (0, 1));
}

#[test]
fn counting_error() {
    // Truth 1, 1, 1, 0 people; found 3, 0, 1, 0 (frame 4 has a row that is not scored): |+2| + |−1| over 4 frames.
    let mut truth: Vec<_> = (1..=3).map(|frame| truth_row(frame, 1, at(0.0, 0.0))).collect();
    truth.push(GroundTruthRow { conf: 0.0, ..truth_row(4, 1, at(0.0, 0.0)) });
    let result =
        [track(1, 1, at(0.0, 0.0)), track(1, 2, at(50.0, 0.0)), track(1, 3, at(90.0, 0.0)), track(3, 1, at(0.0, 0.0))];
    let Scores { count, frames, .. } = score(&mot15(truth), &result, Rules::default());
    assert_eq!(frames, 4);
    near(count.mae, 0.75);
    near(count.bias, 0.25);
}

#[test]
fn what_is_not_defined_is_not_a_number() {
    let nothing = score(&mot15(Vec::new()), &[], Rules::default());
    assert_eq!(
        (nothing.clear.mota, nothing.identity.idf1, nothing.hota.hota, nothing.count.mae),
        (None, None, None, None)
    );
    let missed = score(&mot15(vec![truth_row(1, 1, at(0.0, 0.0))]), &[], Rules::default());
    assert_eq!((missed.clear.mota, missed.clear.precision, missed.clear.recall), (Some(0.0), None, Some(0.0)));
    assert_eq!((missed.hota.hota, missed.identity.idf1, missed.clear.motp), (Some(0.0), Some(0.0), None));
    let ghost = score(&mot15(Vec::new()), &[track(1, 1, at(0.0, 0.0))], Rules::default());
    assert_eq!((ghost.clear.mota, ghost.clear.precision, ghost.clear.recall), (None, Some(0.0), None));
    assert_eq!(ghost.hota.hota, Some(0.0));
}

#[test]
fn a_frame_number_may_be_huge() {
    let scores = score(&mot15(vec![truth_row(u32::MAX, 1, at(0.0, 0.0))]), &[], Rules::default());
    assert_eq!((scores.frames, scores.clear.false_negatives), (u64::from(u32::MAX), 1));
}

#[test]
fn the_table_has_a_line_for_each_sequence() {
    let (a, b) = (split_in_two(), half_and_ghost());
    insta::assert_snapshot!(table([("split in two", &a), ("ghost", &b), ("COMBINED", &combined([&a, &b]))]), @r"
    sequence       HOTA   DetA   AssA   LocA   MOTA   MOTP   IDF1    IDP    IDR   Prec    Rec      FP      FN   IDsw    MT    ML     MAE    bias
    split in two   70.7  100.0   50.0  100.0   75.0  100.0   50.0   50.0   50.0  100.0  100.0       0       0      1     1     0   0.000   0.000
    ghost          17.5   17.5   17.5   73.7    0.0   50.0   50.0   50.0   50.0   50.0   50.0       1       1      0     0     0   0.000   0.000
    COMBINED       54.1   61.3   48.2   94.7   50.0   90.0   50.0   50.0   50.0   83.3   83.3       1       1      1     1     0   0.000   0.000
    ");
}

/// Rows of a scene: frame, id, left, top. Ids are unique within a frame.
fn scene(width: f64) -> impl Strategy<Value = Vec<(u32, i64, f64, f64)>> {
    proptest::collection::vec((1u32..7, 0i64..5, 0.0..width, 0.0..12.0f64), 0..24).prop_map(|mut rows| {
        rows.sort_by_key(|&(frame, id, ..)| (frame, id));
        rows.dedup_by_key(|&mut (frame, id, ..)| (frame, id));
        rows
    })
}

fn truth_of(rows: &[(u32, i64, f64, f64)]) -> Vec<GroundTruthRow> {
    rows.iter().map(|&(frame, id, left, top)| truth_row(frame, id, at(left, top))).collect()
}

fn tracks_of(rows: &[(u32, i64, f64, f64)]) -> Vec<TrackRow> {
    rows.iter().map(|&(frame, id, left, top)| track(frame, id, at(left, top))).collect()
}

fn as_text(scores: &Scores) -> String {
    serde_json::to_string(scores).unwrap()
}

proptest! {
    #[test]
    fn a_perfect_result_scores_1(rows in scene(80.0)) {
        prop_assume!(!rows.is_empty());
        // Each person on a road of their own, so that no two overlap.
        let rows: Vec<_> = rows.into_iter().map(|(frame, id, left, top)| (frame, id, left, top + 100.0 * id as f64)).collect();
        let Scores { clear, identity, hota, count, .. } =
            score(&mot15(truth_of(&rows)), &tracks_of(&rows), Rules::default());
        prop_assert_eq!((clear.mota, clear.precision, clear.recall), (Some(1.0), Some(1.0), Some(1.0)));
        prop_assert_eq!((identity.idf1, count.mae), (Some(1.0), Some(0.0)));
        for score in [clear.motp, hota.hota, hota.det_a, hota.ass_a, hota.loc_a] {
            prop_assert!((score.unwrap_or(0.0) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn neither_the_order_of_rows_nor_the_choice_of_ids_matters(
        truth in scene(40.0), result in scene(40.0), seed in any::<u64>(),
    ) {
        let before = score(&mot15(truth_of(&truth)), &tracks_of(&result), Rules::default());
        let mut random = fastrand::Rng::with_seed(seed);
        let mut names: Vec<i64> = (100..110).collect();
        random.shuffle(&mut names);
        let (mut truth, mut result) = (truth, result);
        for (_, id, ..) in truth.iter_mut().chain(&mut result) {
            *id = names[usize::try_from(*id).unwrap()];
        }
        random.shuffle(&mut truth);
        random.shuffle(&mut result);
        let after = score(&mot15(truth_of(&truth)), &tracks_of(&result), Rules::default());
        prop_assert_eq!(as_text(&before), as_text(&after));
    }

    #[test]
    fn a_false_positive_lowers_mota_precision_and_hota(truth in scene(40.0), result in scene(40.0), frame in 1u32..7) {
        prop_assume!(!truth.is_empty() && !result.is_empty());
        let truth = mot15(truth_of(&truth));
        let mut result = tracks_of(&result);
        let before = score(&truth, &result, Rules::default());
        result.push(track(frame, 99, at(5000.0, 5000.0)));
        let after = score(&truth, &result, Rules::default());
        prop_assert_eq!(after.clear.false_positives, before.clear.false_positives + 1);
        prop_assert!(after.clear.mota < before.clear.mota);
        prop_assert!(after.clear.precision <= before.clear.precision);
        prop_assert!(after.identity.idf1 <= before.identity.idf1);
        prop_assert!(after.hota.hota <= before.hota.hota);
        prop_assert_eq!(after.clear.recall, before.clear.recall);
    }

    #[test]
    fn scores_add_up_and_keep_their_bounds(truth in scene(40.0), result in scene(40.0)) {
        let scores = score(&mot15(truth_of(&truth)), &tracks_of(&result), Rules::default());
        let Scores { clear, identity, hota, count, .. } = &scores;
        prop_assert_eq!(clear.true_positives + clear.false_negatives, truth.len() as u64);
        prop_assert_eq!(clear.true_positives + clear.false_positives, result.len() as u64);
        prop_assert_eq!(identity.id_true_positives + identity.id_false_negatives, truth.len() as u64);
        prop_assert_eq!(clear.mostly_tracked + clear.partly_tracked + clear.mostly_lost, scores.truth_tracks);
        // No one-to-one pairing of whole tracks can beat a pairing that is free in each frame.
        prop_assert!(identity.id_true_positives <= clear.true_positives);
        let ratios = [
            clear.motp, clear.precision, clear.recall, identity.idf1, identity.idp, identity.idr, hota.hota, hota.det_a,
            hota.ass_a, hota.loc_a,
        ];
        for ratio in ratios.into_iter().flatten() {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&ratio), "{}", ratio);
        }
        prop_assert!(clear.mota.is_none_or(|mota| mota <= 1.0));
        prop_assert!(count.mae >= count.bias.map(f64::abs));
        prop_assert_eq!(as_text(&combined([&scores])), as_text(&scores));
    }
}

fn shared_data() -> Option<PathBuf> {
    let folder = std::env::var_os("CROWDFLOW_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("skipped: {} not found\n", folder.display()).as_bytes(),
    );
    None
}

#[test]
fn pets_ground_truth_against_itself() {
    let Some(data) = shared_data() else { return };
    let truth = read_ground_truth(&data.join("pets/gt.txt"), None).unwrap();
    assert_eq!(truth.format, GroundTruthFormat::Mot15);
    let all: Vec<_> = truth.rows.iter().map(|row| track(row.frame, row.id, row.bbox)).collect();
    let strict = score(&truth, &all, Rules::default());
    assert_eq!((strict.frames, strict.truth_boxes, strict.truth_tracks), (795, 4650 - 174, 19));
    assert_eq!((strict.clear.true_positives, strict.clear.false_positives), (4476, 174));
    let forgiving = score(&truth, &all, Rules { forgive_unscored: true });
    near(forgiving.clear.mota, 1.0);
    assert_eq!(forgiving.forgiven_boxes, 174);
}

/// Every public detection as a track of its own: FP and FN are what both packages gave for these boxes, however
/// they were linked.
#[test]
fn mot17_detections_without_links() {
    let Some(data) = shared_data() else { return };
    for (name, truth_boxes, false_positives, false_negatives) in [
        ("MOT17-02-FRCNN", 18581, 432, 12022),
        ("MOT17-04-FRCNN", 47557, 97, 21316),
        ("MOT17-09-FRCNN", 5325, 24, 2300),
        ("MOT17-11-FRCNN", 9436, 281, 3710),
    ] {
        let folder = data.join("mot17").join(name);
        let truth = read_ground_truth(&folder.join("gt/gt.txt"), None).unwrap();
        assert_eq!(truth.format, GroundTruthFormat::Mot17);
        let detections = read_detections(&folder.join("det/det.txt")).unwrap();
        let result: Vec<_> = detections.iter().zip(1..).map(|(row, id)| track(row.frame, id, row.bbox)).collect();
        let Scores { clear, truth_boxes: found, .. } = score(&truth, &result, Rules::default());
        assert_eq!(
            (found, clear.false_positives, clear.false_negatives),
            (truth_boxes, false_positives, false_negatives),
            "{name}"
        );
    }
}
