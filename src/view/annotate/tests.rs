use super::*;
use crate::model::{CameraId, Crossing, Direction, Level, Reading, Timestamp, TrackId, UnknownReason};
use crate::view::examples::{self, SIZE, level, pixel, plain, report, track};

const VALID: Reading = Reading::Valid(3.0);

fn annotator(blur_heads: bool) -> Annotator {
    Annotator::new(&examples::camera(), &[examples::rule()], &PrivacyPlan { blur_heads })
}

fn drawn(on: u8, report: &FrameReport, levels: &[ZoneLevel]) -> Picture {
    let mut picture = plain(on);
    annotator(true).draw(&mut picture, &Scene { report, levels, also_hide: &[] }).unwrap();
    picture
}

/// A picture with the finest detail there can be.
fn checkerboard() -> Picture {
    let (width, height) = (SIZE.width_px as usize, SIZE.height_px as usize);
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|index| [if (index % width + index / width) % 2 == 0 { 255 } else { 0 }; 3])
        .collect();
    Picture::from_bgr(SIZE, &pixels).unwrap()
}

/// Mean difference of neighbouring pixels in a rectangle (left, top, right, bottom).
fn fine_detail(picture: &Picture, (left, top, right, bottom): (usize, usize, usize, usize)) -> f64 {
    let mut sum = 0.0;
    for y in top..bottom {
        for x in left..right - 1 {
            sum += f64::from(pixel(picture, x, y)[1].abs_diff(pixel(picture, x + 1, y)[1]));
        }
    }
    sum / ((bottom - top) * (right - 1 - left)) as f64
}

/// Inside of the head of a box at (left, top) of 40 x 120 pixels, clear of its outline.
fn head(left: usize, top: usize) -> (usize, usize, usize, usize) {
    (left + 4, top + 4, left + 36, top + 30)
}

#[test]
fn heads_of_all_who_may_be_people_are_hidden_and_nothing_else() {
    let at = |left: f64| (left, 20.0, 40.0, 120.0);
    let mut bicycle = track(3, TrackState::Confirmed, at(300.0));
    bicycle.class = ObjectClass::Bicycle;
    let tracks = vec![track(1, TrackState::Confirmed, at(100.0)), track(2, TrackState::Coasting, at(200.0)), bicycle];
    let report = report(tracks, VALID, VALID);
    let doubtful = PixelBox { left: 650.0, top: 440.0, right: 690.0, bottom: 560.0 };
    let scene = Scene { report: &report, levels: &[], also_hide: &[doubtful] };
    let mut picture = checkerboard();
    annotator(true).draw(&mut picture, &scene).unwrap();
    for (left, top) in [(100, 20), (200, 20), (650, 440)] {
        let detail = fine_detail(&picture, head(left, top));
        assert!(detail < 5.0, "head at {left}: {detail}");
        let (left, _, right, _) = head(left, top);
        let body = fine_detail(&picture, (left, top + 50, right, top + 100));
        assert!(body > 250.0, "body at {left}: {body}");
    }
    assert!(fine_detail(&picture, head(300, 20)) > 250.0, "a bicycle has no head");
    assert!(fine_detail(&picture, (400, 150, 500, 180)) > 250.0, "nobody is there");

    let mut open = checkerboard();
    annotator(false).draw(&mut open, &scene).unwrap();
    assert!(fine_detail(&open, head(100, 20)) > 250.0, "switched off in the configuration");

    let mut whole = checkerboard();
    annotator(false).hiding(Hide::People).draw(&mut whole, &scene).unwrap();
    for (left, top) in [(104, 24), (204, 24), (654, 444)] {
        let detail = fine_detail(&whole, (left, top, left + 32, top + 100));
        assert!(detail < 5.0, "person at {left}: {detail}");
    }
}

#[test]
fn heads_are_hidden_in_a_picture_of_another_size_than_the_frame() {
    let report = report(vec![track(1, TrackState::Confirmed, (200.0, 60.0, 80.0, 240.0))], VALID, VALID);
    let (width, height) = (SIZE.width_px as usize / 2, SIZE.height_px as usize / 2);
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|index| [if (index % width + index / width) % 2 == 0 { 255 } else { 0 }; 3])
        .collect();
    let half = FrameSize { width_px: width as u32, height_px: height as u32 };
    let mut picture = Picture::from_bgr(half, &pixels).unwrap();
    annotator(true).draw(&mut picture, &Scene { report: &report, levels: &[], also_hide: &[] }).unwrap();
    assert!(fine_detail(&picture, head(100, 30)) < 5.0);
    assert!(fine_detail(&picture, (104, 72, 136, 94)) > 250.0);
}

#[test]
fn a_zone_has_the_colour_of_its_level_on_dark_and_bright_pictures() {
    // In the middle of `plaza` and of `quay`.
    let (plaza, quay) = ((192, 345), (576, 345));
    for shade in [10, 128, 245] {
        let report = report(Vec::new(), VALID, Reading::Unknown(UnknownReason::NoFrames));
        let look = |level_of_plaza: Option<Level>| {
            let picture = drawn(shade, &report, &[level("plaza", level_of_plaza)]);
            (pixel(&picture, plaza.0, plaza.1), pixel(&picture, quay.0, quay.1))
        };
        let mixed = |look: palette::LevelLook| {
            let mix = |over: u8| f64::from(over) * look.opacity + f64::from(shade) * (1.0 - look.opacity);
            [mix(look.colour.blue), mix(look.colour.green), mix(look.colour.red)]
        };
        let is = |found: [u8; 3], look: palette::LevelLook, name: &str| {
            let close = found.iter().zip(mixed(look)).all(|(&is, expected)| (f64::from(is) - expected).abs() < 1.5);
            assert!(close, "{name} on {shade}: {found:?}, expected {:?}", mixed(look));
        };
        for alert in Level::ALL {
            let (in_plaza, in_quay) = look(Some(alert));
            is(in_plaza, palette::level(alert), alert.as_str());
            is(in_quay, palette::calm(false), "unknown");
        }
        is(look(None).0, palette::calm(true), "calm");
    }
}

#[test]
fn an_alert_puts_a_bar_and_a_frame_around_the_picture() {
    let report = report(Vec::new(), VALID, VALID);
    let calm = drawn(90, &report, &[level("plaza", None)]);
    assert_eq!([pixel(&calm, 760, 10), pixel(&calm, 2, 300)], [[90; 3]; 2]);
    let red = drawn(90, &report, &[level("plaza", Some(Level::Blue)), level("quay", Some(Level::Red))]);
    for (x, y) in [(760, 10), (2, 300), (765, 300), (700, 574)] {
        let [blue, green, red] = pixel(&red, x, y);
        assert!(red > 180 && green < 60 && blue < 70, "({x}, {y}): {:?}", [blue, green, red]);
    }
    let ink = |picture: &Picture| (0..25 * 768).filter(|at| pixel(picture, at % 768, at / 768)[1] > 200).count();
    assert!(ink(&red) > 500, "text on the bar: {}", ink(&red));
}

#[test]
fn the_arrow_points_in() {
    // a is above b: left of a→b is to the right in the picture.
    let picture = drawn(90, &report(Vec::new(), VALID, VALID), &[]);
    let is_line = |x: usize, y: usize| {
        let [blue, green, red] = pixel(&picture, x, y);
        red > 180 && blue > 180 && green < 180
    };
    let middle = 317;
    assert!(is_line(384, 200) && is_line(384, 500), "the line itself");
    assert!((400..420).all(|x| is_line(x, middle)), "the arrow");
    assert!(!(345..380).any(|x| is_line(x, middle)), "nothing on the other side");
}

#[test]
fn a_crossing_shows_in_its_frame() {
    let mut report = report(Vec::new(), VALID, VALID);
    let quiet = drawn(90, &report, &[]);
    report.crossings.push(Crossing {
        at: Timestamp(0),
        seq: 42,
        camera: CameraId::new("gate_a").unwrap(),
        line: LineId::new("gate").unwrap(),
        direction: Direction::In,
        class: ObjectClass::Person,
        track: TrackId(1),
    });
    let crossed = drawn(90, &report, &[]);
    assert_ne!(pixel(&quiet, 384, 200), pixel(&crossed, 384, 200));
    assert!(pixel(&crossed, 384, 200).iter().all(|&value| value > 200), "white");
}

#[test]
fn a_moving_camera_has_no_zones_or_lines() {
    let mut plan = examples::camera();
    plan.mobile = true;
    let report = report(vec![track(1, TrackState::Confirmed, (600.0, 60.0, 40.0, 90.0))], VALID, VALID);
    let mut picture = plain(90);
    let levels = [level("plaza", Some(Level::Red))];
    let scene = Scene { report: &report, levels: &levels, also_hide: &[] };
    Annotator::new(&plan, &[], &PrivacyPlan { blur_heads: true }).draw(&mut picture, &scene).unwrap();
    assert_eq!([pixel(&picture, 192, 345), pixel(&picture, 384, 300), pixel(&picture, 2, 300)], [[90; 3]; 3]);
}

#[test]
fn far_people_have_no_number_and_hidden_ones_corners_only() {
    let far = track(1, TrackState::Confirmed, (600.0, 60.0, 10.0, 20.0));
    let hidden = track(2, TrackState::Coasting, (640.0, 60.0, 40.0, 100.0));
    let picture = drawn(90, &report(vec![far, hidden], VALID, VALID), &[]);
    assert!((595..615).all(|x| (40..55).all(|y| pixel(&picture, x, y) == [90; 3])), "above the far one");
    assert_ne!(pixel(&picture, 640, 62), [90; 3], "a corner");
    assert_eq!(pixel(&picture, 640, 110), [90; 3], "the middle of a side");
}

#[test]
fn what_is_not_a_number_or_out_of_the_picture_is_no_error() {
    let odd = [(f64::NAN, 0.0, 10.0, 10.0), (1e12, -1e12, 5.0, f64::INFINITY), (760.0, 570.0, 40.0, 90.0)];
    let tracks = odd.map(|bbox| track(u64::MAX, TrackState::Confirmed, bbox)).to_vec();
    let hide = [PixelBox { left: f64::NAN, top: f64::NAN, right: 1.0, bottom: 1.0 }];
    for size in [SIZE, FrameSize { width_px: 16, height_px: 16 }] {
        let mut picture = Picture::filled(size, Colour::BLACK).unwrap();
        let report = report(tracks.clone(), Reading::AtLeast(1e9), VALID);
        let levels = [level("plaza", Some(Level::Orange))];
        annotator(true).draw(&mut picture, &Scene { report: &report, levels: &levels, also_hide: &hide }).unwrap();
    }
}

#[test]
fn an_alert_names_its_rule_where_the_name_can_be_drawn() {
    for (name, drawn) in [("Plaza is full", "Plaza is full"), ("广场已满", "plaza_full")] {
        let rule = RulePlan { name: name.to_owned(), ..examples::rule() };
        let annotator = Annotator::new(&examples::camera(), &[rule], &PrivacyPlan { blur_heads: true });
        let report = examples::report(Vec::new(), Reading::Valid(12.0), Reading::Valid(3.0));
        let levels = [examples::level("plaza", Some(Level::Red)), examples::level("quay", None)];
        let alerts = annotator.alerts(&report.zones, &levels);
        let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
        assert_eq!((alert.level, alert.rule.as_str()), (Level::Red, drawn));
    }
}
