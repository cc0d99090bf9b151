//! The shipped configurations, and what checking makes of any text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crowdflow::config::{self, AutoInput, ConfigError, FaultKind, Plan, Region, SourcePlan, defaults};
use crowdflow::geometry::TileGrid;
use crowdflow::model::{ClassSet, FrameSize, Level, Measure, NormPoint, Timestamp, ZoneUse};
use proptest::prelude::*;

const MINIMAL: &str = include_str!("../../config/minimal.toml");
const REFERENCE: &str = include_str!("../../config/reference.toml");
const PASSWORD: &str = "wortgeheim";

fn parse(text: &str) -> Result<Plan, ConfigError> {
    let environment = |variable: &str| match variable {
        "GATE_USER" => Some("viewer".to_owned()),
        "GATE_PASSWORD" | "HOOK_SECRET" | "WECOM_KEY" | "DINGTALK_TOKEN" | "DINGTALK_SECRET" | "FEISHU_HOOK"
        | "FEISHU_SECRET" => Some(PASSWORD.to_owned()),
        _ => None,
    };
    config::parse(text, Path::new("/site/config"), &environment)
}

fn plan(text: &str) -> Plan {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_minimal_file_gives_a_plan_of_defaults() {
    let plan = plan(MINIMAL);
    assert_eq!(plan.server.listen.to_string(), defaults::LISTEN);
    assert_eq!(plan.inference.model, defaults::MODEL);
    assert_eq!((&plan.inference.manifest, plan.inference.workers), (&None, None));
    assert!(plan.privacy.blur_heads);
    let [camera] = plan.cameras.as_slice() else { panic!("{:?}", plan.cameras) };
    assert_eq!((camera.name.as_str(), camera.stale_after_s), ("North gate", defaults::STALE_AFTER_S));
    assert_eq!((camera.input.size, camera.input.region), (defaults::INPUT_SIZE, Region::Whole));
    let SourcePlan::Stream(stream) = &camera.source else { panic!("{:?}", camera.source) };
    assert_eq!(stream.address().expect("known"), format!("rtsp://viewer:{PASSWORD}@192.168.1.20:554/stream2"));
    assert!(!format!("{plan:?}").contains(PASSWORD));
    assert_eq!((camera.zones[0].classes, camera.zones[0].area_m2), (ClassSet::PERSON, None));
    assert_eq!(camera.lines[0].min_travel_heights, defaults::MIN_TRAVEL_HEIGHTS);
    let [rule] = plan.rules.as_slice() else { panic!("{:?}", plan.rules) };
    let condition = &rule.conditions[0];
    let levels: Vec<_> = condition.levels.iter().map(|level| (level.level, level.raise, level.hold_s)).collect();
    assert_eq!(levels, [(Level::Blue, 120.0, 30.0), (Level::Red, 150.0, 5.0)]);
    assert_eq!((condition.levels[0].clear, condition.levels[0].clear_hold_s), (102.0, 60.0));
}

#[test]
fn what_the_reference_calls_a_default_is_one() {
    let written = plan(REFERENCE);
    // Without every key whose value is said to be the default, the plan is the same.
    let lines = REFERENCE.lines().filter(|line| {
        let default = [
            "listen =",
            "model = \"nanodet_g\"",
            "every_s =",
            "density_map = true",
            "threads_per_worker =",
            "blur_heads =",
            "mobile =",
            "stale_after_s =",
            "input_size =",
            "input_tiles =",
            "region =",
            "start =",
            "repeat =",
            "confirm_s =",
            "coast_s =",
            "lost_s =",
            "coords = \"normalized\"",
            "classes = [\"person\"]",
            "band_heights =",
            "min_travel_heights =",
            "open_timeout_s =",
            "read_timeout_s =",
            "source =",
            "hold_s =",
            "clear_s =",
            "clear =",
            "clear_hold_s =",
            "use =",
            "k1 =",
            "roll_deg =",
            "loitering_s =",
            "heat_map_cell_m =",
            "file =",
            "samples =",
            "series =",
            "minutes =",
            "hours =",
            "crossings =",
            "alerts =",
            "deliveries =",
            "health =",
            "blind_level =",
            "remind_every_s =",
            "longest_shelf_s =",
            "orange = 120",
            "red = 30",
            "slower_than_mps =",
            "standing_for_s =",
            "within_m =",
            "least_people =",
            "growth =",
            "growth_window_s =",
            "fast_share =",
            "learn_s =",
            "window_s =",
            "from_level =",
            "language =",
            "retry_for_s =",
            "timeout_s =",
            "topic =",
            "tls =",
            "base_url =",
            "before_s =",
            "after_s =",
            "clip = true",
            "hide =",
            "keep_days =",
        ];
        !default.iter().any(|key| line.starts_with(key))
    });
    let short = lines.collect::<Vec<_>>().join("\n");
    // All but the text itself, and on which line of it the map's picture is named, which is not there.
    let without_text = |plan: Plan| {
        let mut plan = Plan { written: String::new(), ..plan };
        plan.maps.iter_mut().filter_map(|map| map.picture.found.as_mut().err()).for_each(|fault| fault.line = None);
        plan
    };
    assert!(without_text(plan(&short)) == without_text(written), "{short}");
}

#[test]
fn every_key_is_in_the_reference() {
    // What keys a table has is what the message about an unknown key says.
    let table: toml::Table = REFERENCE.parse().expect("the reference is TOML");
    let mut present: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    collect(&table, &[], &mut present, &mut places);
    let commented = |key: &str| REFERENCE.lines().any(|line| line.starts_with(&format!("# {key} = ")));
    let mut tables_of_keys = 0;
    for (shape, place) in places {
        let mut probe = table.clone();
        let inner = place.iter().fold(&mut probe, |table, key| table[key].as_table_mut().expect("a table"));
        inner.insert("no_such_key".to_owned(), toml::Value::Boolean(true));
        let ConfigError::Faults(faults) = parse(&probe.to_string()).expect_err("an unknown key") else { panic!() };
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        if fault.kind != FaultKind::UnknownKey {
            continue; // A map of ids.
        }
        tables_of_keys += 1;
        let known = fault.expected.trim_start_matches("one of ").split(", ");
        for key in known {
            assert!(present[&shape].contains(key) || commented(key), "[{shape}] has no `{key}` in the reference");
        }
    }
    assert_eq!(tables_of_keys, 57, "the whole file and 56 kinds of table");
}

/// The keys present in tables of one shape (ids replaced by `*`), and one place of each shape.
fn collect(
    table: &toml::Table,
    place: &[String],
    present: &mut BTreeMap<String, BTreeSet<String>>,
    places: &mut BTreeMap<String, Vec<String>>,
) {
    let is_map = |key: &str| {
        let ids = [
            "cameras",
            "sources",
            "zones",
            "lines",
            "rules",
            "levels",
            "sites",
            "maps",
            "units",
            "plans",
            "schedules",
            "profiles",
            "destinations",
        ];
        ids.contains(&key)
    };
    let parts: Vec<&str> =
        (0..place.len()).map(|at| if at > 0 && is_map(&place[at - 1]) { "*" } else { place[at].as_str() }).collect();
    let shape = parts.join(".");
    present.entry(shape.clone()).or_default().extend(table.keys().cloned());
    places.entry(shape).or_insert_with(|| place.to_vec());
    for (key, value) in table {
        if let toml::Value::Table(inner) = value {
            collect(inner, &[place, std::slice::from_ref(key)].concat(), present, places);
        }
    }
}

#[test]
fn values_are_resolved() {
    let plan = plan(
        r#"
        server.listen = "localhost:0"
        output.alerts_jsonl = "out/alerts.jsonl"
        output.heat_maps = "out/heat"

        [cameras.b]
        frame_size = [800, 600]
        region = "zones"
        source.file = { path = "../b.avi", fps = 7, start = 2026-11-24T11:00:00+08:00, repeat = true }
        lines.door = { coords = "pixel", a = [400, 0], b = [400, 600], classes = ["car", "bus"] }
        zones.same = { coords = "pixel", frame_size = [400, 300], polygon = [[100, 150], [300, 150], [200, 300]], area_m2 = 60 }

        [cameras.a]
        mobile = true
        source.http.url = "https://cam.example/stream"

        [cameras.c]
        region = "zones"
        source.images = { path = "/frames", fps = 2 }
        zones.same = { polygon = [[0.4, 0.5], [0.6, 0.5], [0.5, 0.8]] }

        [rules.r]
        zone = "b/same"
        measure = "density"
        "#,
    );
    assert_eq!(plan.server.listen.to_string(), "127.0.0.1:0");
    assert_eq!(plan.alerts_jsonl.as_deref(), Some(Path::new("/site/config/out/alerts.jsonl")));
    assert_eq!(plan.heat_maps.folder.as_deref(), Some(Path::new("/site/config/out/heat")));
    assert_eq!(plan.cameras[1].heat_map_cell_m, Some(defaults::HEAT_MAP_CELL_M));
    let ids: Vec<&str> = plan.cameras.iter().map(|camera| camera.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let SourcePlan::File(file) = &plan.cameras[1].source else { panic!("{:?}", plan.cameras[1].source) };
    assert_eq!(file.path, Path::new("/site/config/../b.avi"));
    assert_eq!(file.start, Timestamp(1_795_489_200_000_000), "{}", file.start.to_rfc3339());
    assert_eq!(plan.cameras[1].zones[0].polygon[0], NormPoint { x: 0.25, y: 0.5 });
    assert_eq!(plan.cameras[1].lines[0].a, NormPoint { x: 0.5, y: 0.0 });
    // A vertical line over the whole picture leaves nothing to cut off above and below.
    let Region::Crop(low, high) = plan.cameras[1].input.region else { panic!() };
    assert_eq!((low.y, high.y), (0.0, 1.0));
    let Region::Crop(low, high) = plan.cameras[2].input.region else { panic!() };
    for (value, expected) in [(low.x, 0.35), (low.y, 0.25), (high.x, 0.65), (high.y, 0.85)] {
        assert!((value - expected).abs() < 1e-9, "{low:?} {high:?}");
    }
    let [rule] = plan.rules.as_slice() else { panic!("{:?}", plan.rules) };
    assert_eq!((rule.conditions[0].measure, rule.conditions[0].levels.len()), (Measure::Density, 4));
    assert_eq!(rule.source, defaults::shipped_levels(ZoneUse::Walkway).source);
    assert_eq!(rule.conditions[0].levels[3].raise, 3.5);
}

#[test]
fn a_second_opinion_is_for_every_fixed_camera_that_does_not_decline_it() {
    let text = r#"
        [cameras.plain.source.http]
        url = "https://cam.example/stream"
        [cameras.declines]
        density_map = false
        source.http.url = "https://cam.example/stream"
        [cameras.moving]
        mobile = true
        source.http.url = "https://cam.example/stream"
        "#;
    let turns = |text: &str| -> Vec<Option<f64>> {
        plan(text).cameras.iter().map(|camera| camera.counting.density_map_every_s).collect()
    };
    assert_eq!(turns(text), [None; 3]);
    let with = |table: &str| format!("inference.density_map = {{ model = \"crowd\"{table} }}\n{text}");
    // In the order of their ids.
    assert_eq!(turns(&with("")), [None, None, Some(defaults::DENSITY_MAP_EVERY_S)]);
    let with = with(", every_s = 5, input_size = \"1024x768\"");
    assert_eq!(turns(&with), [None, None, Some(5.0)]);
    let density_map = plan(&with).inference.density_map.expect("a density map");
    assert_eq!(density_map.model, "crowd");
    assert_eq!(density_map.input_size, Some(FrameSize { width_px: 1024, height_px: 768 }));
}

#[test]
fn an_input_may_be_chosen_and_cut_into_tiles() {
    let plan = plan(
        r#"
        inference.megapixels_per_s = 6.5

        [cameras.auto]
        input_size = "auto"
        source.file = { path = "a.avi", fps = 25 }

        [cameras.bound]
        input_size = "auto"
        input_tiles = [2, 1]
        region = "whole"
        keep_fps = 2.5
        source.http.url = "https://cam.example/stream"

        [cameras.thinned]
        input_size = "auto"
        analysis_fps = 4
        source.http.url = "https://cam.example/stream"

        [cameras.tiled]
        input_tiles = [3, 2]
        source.file = { path = "a.avi", fps = 25 }
        "#,
    );
    assert_eq!(plan.inference.megapixels_per_s, Some(6.5));
    let inputs: Vec<_> = plan.cameras.iter().map(|camera| camera.input).collect();
    let auto = |chooses_region, chooses_tiles, keep_fps| AutoInput { chooses_region, chooses_tiles, keep_fps };
    assert_eq!(inputs[0].auto, Some(auto(true, true, 25.0)));
    assert_eq!(inputs[1].auto, Some(auto(false, false, 2.5)));
    assert_eq!(inputs[2].auto, Some(auto(true, true, 4.0)));
    assert_eq!((inputs[3].auto, inputs[3].size), (None, defaults::INPUT_SIZE));
    assert_eq!(inputs[3].tiles, TileGrid { columns: 3, rows: 2 });
}

#[test]
fn metres_follow_from_a_calibration() {
    let plan = plan(
        r#"
        [cameras.a]
        frame_size = [1280, 720]
        source.http.url = "https://cam.example/stream"
        calibration.camera = { height_m = 6, tilt_deg = 15, focal_px = 1100 }
        zones.ground = { coords = "ground", polygon = [[-2, 10], [2, 10], [2, 15], [-2, 15]] }
        zones.given = { coords = "ground", polygon = [[-2, 10], [2, 10], [2, 15], [-2, 15]], area_m2 = 18 }
        zones.sky = { polygon = [[0.1, 0.0], [0.9, 0.0], [0.5, 0.9]] }
        lines.door = { coords = "ground", a = [0, 10], b = [0, 16] }

        [cameras.bowed]
        source.http.url = "https://cam.example/stream"
        calibration = { frame_size = [1280, 720], k1 = 0.1, camera = { height_m = 6, tilt_deg = 25, focal_px = 1100 } }
        zones.ground = { coords = "ground", polygon = [[-2, 10], [2, 10], [2, 15], [-2, 15]] }

        [rules.r]
        zone = "a/ground"
        measure = "density"
        "#,
    );
    let [a, bowed] = plan.cameras.as_slice() else { panic!("{:?}", plan.cameras) };
    let area = |camera: &config::CameraPlan, id: &str| {
        camera.zones.iter().find(|zone| zone.id.as_str() == id).expect("the zone").area_m2
    };
    assert!((area(a, "ground").expect("derived") - 20.0).abs() < 1e-6, "{:?}", area(a, "ground"));
    assert_eq!((area(a, "given"), area(a, "sky")), (Some(18.0), None));
    let line = &a.lines[0];
    assert!((line.a.x - 0.5).abs() < 1e-9 && line.a.y > line.b.y, "{line:?}");
    // The lens bows the zone's edges, so it has corners along them.
    assert!((area(bowed, "ground").expect("derived") - 20.0).abs() < 1e-3);
    assert_eq!(bowed.zones[0].polygon.len(), 64);
    let half = FrameSize { width_px: 640, height_px: 360 };
    let calibration = a.calibration.as_ref().expect("a calibration");
    let ground = calibration.at_size(half).to_ground(line.a.to_px(half)).expect("on the ground");
    assert!((ground.x_m.abs()).max((ground.y_m - 10.0).abs()) < 1e-9, "{ground:?}");
}

#[test]
fn a_file_is_loaded_with_paths_from_its_own_folder_and_secrets_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("password"), "abc def\r\n").expect("written");
    let text = r#"
        [cameras.a.source.rtsp]
        url = "rtsp://10.0.0.5/live"
        credentials = { user = "viewer", password_file = "password" }
    "#;
    let path = folder.path().join("site.toml");
    std::fs::write(&path, text).expect("written");
    let plan = config::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let SourcePlan::Stream(stream) = &plan.cameras[0].source else { panic!() };
    assert_eq!(stream.address().expect("known"), "rtsp://viewer:abc%20def@10.0.0.5/live");
}

/// One change to a text, of the kinds that people and editors make.
#[derive(Debug, Clone)]
enum Change {
    DropLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    Value(usize, &'static str),
    Letter(usize, char),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let values = prop::sample::select(vec![
        "nan",
        "-inf",
        "0",
        "-1",
        "1e308",
        "99999999999999999999999999",
        "\"\"",
        "[]",
        "[[]]",
        "{}",
        "true",
        "\"é\"",
        "[[0.1, 0.2], [0.3]]",
        "1979-05-27",
        "\"rtsp://u:p@h\"",
        "\"://@\"",
        "\"rtsp://[::1]x:9/é@\"",
        "\"a/b/c\"",
        "\"x\"",
        "\"0x0\"",
        "\"password=é&password=\"",
        "{ raise = nan }",
        "[nan, nan]",
        "'''",
    ]);
    prop_oneof![
        any::<usize>().prop_map(Change::DropLine),
        any::<usize>().prop_map(Change::RepeatLine),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        (any::<usize>(), values).prop_map(|(line, value)| Change::Value(line, value)),
        (any::<usize>(), any::<char>()).prop_map(|(at, letter)| Change::Letter(at, letter)),
        any::<usize>().prop_map(Change::Cut),
    ]
}

fn changed(text: &str, change: &Change) -> String {
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect();
    let count = lines.len().max(1);
    match *change {
        _ if lines.is_empty() => {}
        Change::DropLine(at) => drop(lines.remove(at % count)),
        Change::RepeatLine(at) => lines.insert(at % count, lines[at % count].clone()),
        Change::SwapLines(a, b) => lines.swap(a % count, b % count),
        Change::Value(at, value) => {
            let line = &mut lines[at % count];
            if let Some((key, _)) = line.split_once('=') {
                *line = format!("{key}= {value}");
            }
        }
        Change::Letter(at, letter) => {
            let mut letters: Vec<char> = lines.join("\n").chars().collect();
            let at = at % letters.len().max(1);
            if let Some(place) = letters.get_mut(at) {
                *place = letter;
            }
            return letters.into_iter().collect();
        }
        Change::Cut(at) => {
            let letters: Vec<char> = lines.join("\n").chars().collect();
            return letters[..at % letters.len().max(1)].iter().collect();
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_changed_file_gives_a_plan_or_a_message(changes in prop::collection::vec(change(), 1..6)) {
        let text = changes.iter().fold(REFERENCE.to_owned(), |text, change| changed(&text, change));
        match parse(&text) {
            Ok(plan) => {
                let hidden = !format!("{plan:?}").contains(PASSWORD);
                prop_assert!(hidden);
            }
            Err(error) => {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(PASSWORD), "{}", shown);
                if let ConfigError::Faults(faults) = error {
                    prop_assert!(!faults.is_empty());
                }
            }
        }
    }

    #[test]
    fn any_text_gives_a_plan_or_a_message(text in "\\PC*|[\\[\\]a-z.=\"'{}\n,0-9 #]{0,80}") {
        let _ = parse(&text).map_err(|error| error.to_string());
    }
}
