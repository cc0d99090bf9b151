//! What a period comes to, over HTTP: footfall, levels of service, stays, heat maps.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use std::fs;
use std::path::Path;

use crowdflow::config::{self, Plan, Retention};
use crowdflow::model::{Direction, Measure, ObjectClass, Reading, Readings, Timestamp, UnknownReason};
use crowdflow::store::{CrossingRow, PlaceKey, Sample, Store, StoreAddress};
use serde_json::json;

use crate::made_up_service::{NOW, Service, plan_text};

/// `gate` sees the ground from straight above: 10 m of it from left to right, 5 m from top to bottom.
const GROUND: &str = r#"
[cameras.gate.calibration]
frame_size = [1000, 500]
homography = [[0.01, 0.0, 0.0], [0.0, -0.01, 5.0], [0.0, 0.0, 1.0]]
"#;

fn calibrated(folder: &Path) -> Plan {
    let mut plan = config::parse(&format!("{}{GROUND}", plan_text()), Path::new("/site"), &|_| None).unwrap();
    plan.heat_maps.folder = Some(folder.join("heat_maps"));
    plan
}

/// The last hour: of the line, everything but ten minutes is known; in it two went in and one out, and a bicycle.
async fn fill(store: &Store) {
    let door = store.place(&PlaceKey::within("line", "gate", "door"), NOW).await.unwrap();
    let plaza = store.place(&PlaceKey::within("zone", "gate", "plaza"), NOW).await.unwrap();
    let at = |second: i64| Timestamp(NOW.0 + (second - 3600) * 1_000_000 + 250_000);
    let blind = Reading::Unknown(UnknownReason::NoFrames);
    let sample = |second: i64| {
        let of = |value: f64| if second < 3000 { Reading::Valid(value) } else { blind };
        let flows = Readings::NONE.with(Measure::FlowIn, of(6.0)).with(Measure::FlowOut, of(0.0));
        // Three quarters at A, the rest at C, of which the last minute is a bound.
        let service = match second {
            0..2250 => Reading::Valid(1.0),
            2250..2940 => Reading::Valid(3.0),
            2940..3000 => Reading::AtLeast(3.0),
            _ => blind,
        };
        let stays = Readings::NONE
            .with(Measure::LevelOfService, service)
            .with(Measure::MedianDwell, of(if second < 1500 { 40.0 } else { 80.0 }))
            .with(Measure::P90Dwell, of(300.0));
        [
            Sample { place: door, at: at(second), readings: flows },
            Sample { place: plaza, at: at(second), readings: stays },
        ]
    };
    let samples: Vec<Sample> = (0..3600).flat_map(sample).collect();
    let crossing =
        |second, direction, class, track| CrossingRow { place: door, at: at(second), direction, class, track };
    let crossings = [
        crossing(10, Direction::In, ObjectClass::Person, 1),
        crossing(20, Direction::In, ObjectClass::Person, 2),
        crossing(2900, Direction::Out, ObjectClass::Person, 1),
        crossing(2910, Direction::Out, ObjectClass::Bicycle, 3),
    ];
    store.write_samples(&samples, &crossings).await.unwrap();
    store.roll_up(NOW).await.unwrap();
}

fn started(folder: &Path) -> Service {
    let service = Service::of_plan(calibrated(folder), &StoreAddress::file(folder.join("store.db")));
    let store = service.store.clone().unwrap();
    service.wait(fill(&store));
    service
}

const LAST_HOUR: &str = "from=2026-11-24T02:00:00Z&to=2026-11-24T03:00:00Z";

#[test]
fn footfall_is_what_was_counted_and_a_lower_bound_where_there_was_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let service = started(folder.path());
    let ask = |time: &str| service.get(&format!("/api/v1/summary?place=line:gate/door&{time}")).json();
    let hour = ask(LAST_HOUR);
    assert_eq!(
        (&hour["passed_s"], &hour["dwell"], &hour["level_of_service"]),
        (&json!(3600), &json!(null), &json!(null))
    );
    let footfall = &hour["footfall"];
    assert_eq!(footfall["method"], "crossings");
    assert_eq!(footfall["in"], json!({ "value": 2.0, "quality": "at_least" }), "the bicycle is nobody");
    assert_eq!(footfall["out"], json!({ "value": 1.0, "quality": "at_least" }));
    assert_eq!((&footfall["seconds_known"], footfall["coverage"].as_f64().unwrap()), (&json!(3000), 3000.0 / 3600.0));
    assert_eq!(
        footfall["hours"],
        json!([{ "start": "2026-11-24T02:00:00.000000Z", "in": 2.0, "out": 1.0, "seconds_known": 3000 }])
    );
    // A time without a gap, and one of which nothing is known.
    let known = ask("from=2026-11-24T02:00:00Z&to=2026-11-24T02:40:00Z");
    assert_eq!(known["footfall"]["in"], json!({ "value": 2.0, "quality": "valid" }));
    assert_eq!(known["footfall"]["out"], json!({ "value": 0.0, "quality": "valid" }), "nobody, and that is known");
    let before = ask("from=2026-11-23T02:00:00Z&to=2026-11-23T03:00:00Z");
    assert_eq!(before["footfall"]["in"], json!({ "value": null, "quality": "unknown:not_enough" }));

    // Over more than a day by whole hours. Once crossings are removed, by what the flows come to.
    let days = "from=2026-11-22T02:10:00Z&to=2026-11-24T03:00:00Z";
    let long = ask(days);
    assert_eq!((&long["from"], &long["footfall"]["in"]["value"]), (&json!("2026-11-22T02:00:00.000000Z"), &json!(2.0)));
    let store = service.store.clone().unwrap();
    let retention = Retention { crossings_days: Some(0), ..Retention::default() };
    service.wait(store.retain(&retention, NOW)).unwrap();
    let flows = ask(LAST_HOUR);
    assert_eq!(flows["footfall"]["method"], "flows");
    assert_eq!(flows["footfall"]["in"], json!({ "value": 300.0, "quality": "at_least" }), "6 a minute for 50 minutes");
    assert_eq!(ask(days)["footfall"]["in"], json!({ "value": 300.0, "quality": "at_least" }));

    let table = service.get(&format!("/api/v1/summary?place=line:gate/door&format=csv&{LAST_HOUR}"));
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"line_gate_door_summary.csv\""));
    let lines: Vec<&str> = table.text().lines().collect();
    assert_eq!(lines[0], "place,from,to,figure,value,quality,seconds_known,seconds_bound,passed_s");
    let row =
        "line:gate/door,2026-11-24T02:00:00.000000Z,2026-11-24T03:00:00.000000Z,people_in,300,at_least,3000,0,3600";
    assert_eq!(lines[1], row);
}

#[test]
fn a_zones_time_divides_among_levels_of_service_and_stays_have_their_means() {
    let folder = tempfile::tempdir().unwrap();
    let service = started(folder.path());
    let ask = |time: &str| service.get(&format!("/api/v1/summary?place=zone:gate/plaza&{time}")).json();
    for (time, passed_s) in [(LAST_HOUR, 3600.0), ("from=2026-11-22T03:00:00Z&to=2026-11-24T03:00:00Z", 172_800.0)] {
        let body = ask(time);
        assert_eq!(body["footfall"], json!(null));
        let coverage = 3000.0 / passed_s;
        assert_eq!(
            body["level_of_service"],
            json!({ "seconds": [2250, 0, 750, 0, 0, 0], "seconds_known": 3000, "seconds_bound": 60, "coverage": coverage })
        );
        let dwell = &body["dwell"];
        assert_eq!(
            [&dwell["median_s"], &dwell["p90_s"], &dwell["mean_s"]],
            [&json!(60.0), &json!(300.0), &json!(null)]
        );
        assert_eq!(dwell["coverage"], json!(coverage));
    }
    let table = service.get(&format!("/api/v1/summary?place=zone:gate/plaza&format=csv&{LAST_HOUR}"));
    assert!(table.text().contains(",seconds_at_level_of_service_C,750,,3000,60,3600\n"), "{}", table.text());
    assert!(table.text().contains(",mean_dwell_s,,unknown:not_enough,3000,0,3600\n"), "{}", table.text());
}

#[test]
fn heat_maps_of_a_time_are_summed_up_and_lie_where_the_camera_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    let service = started(folder.path());
    let ask = |query: &str| service.get(&format!("/api/v1/heat_map?{query}"));
    let none = ask(&format!("camera=gate&{LAST_HOUR}")).json();
    assert_eq!((&none["cell_m"], &none["coverage"], &none["cells"]), (&json!(null), &json!(0.0), &json!([])));
    let maps = folder.path().join("heat_maps/gate");
    fs::create_dir_all(&maps).unwrap();
    for hour in ["01", "02"] {
        let head = "hour,camera,observed_s,cell_m,x_m,y_m,occupancy_s,speed_known_s,mean_speed_mps";
        let rows = "h,gate,1800,0.5,,,7,0,\nh,gate,1800,0.5,0.25,4.75,10,5,1.5\nh,gate,1800,0.5,90.25,0.25,1,0,";
        fs::write(maps.join(format!("heat_map_2026-11-24T{hour}Z.csv")), format!("{head}\n{rows}\n")).unwrap();
    }
    let both = ask("camera=gate&from=2026-11-24T01:00:00Z&to=2026-11-24T02:10:00Z").json();
    assert_eq!((&both["to"], &both["observed_s"]), (&json!("2026-11-24T03:00:00.000000Z"), &json!(3600.0)));
    assert_eq!((&both["coverage"], &both["off_grid_s"], &both["cell_m"]), (&json!(0.5), &json!(14.0), &json!(0.5)));
    let cells = both["cells"].as_array().unwrap();
    assert_eq!((cells.len(), &cells[0]["x_m"], &cells[0]["outline"]), (2, &json!(90.25), &json!(null)));
    assert_eq!((&cells[1]["occupancy_s"], &cells[1]["mean_speed_mps"]), (&json!(20.0), &json!(1.5)));
    // The upper left corner of the ground: x from 0 to 0.5 of 10 m, y from 5 down to 4.5 of 5 m.
    let outline: Vec<Vec<f64>> = serde_json::from_value(cells[1]["outline"].clone()).unwrap();
    let expected = [[0.0, 0.1], [0.05, 0.1], [0.05, 0.0], [0.0, 0.0]];
    assert!(outline.iter().flatten().zip(expected.iter().flatten()).all(|(is, wanted)| (is - wanted).abs() < 1e-9));
    let table = ask(&format!("camera=gate&format=csv&{LAST_HOUR}"));
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"gate_heat_map.csv\""));
    assert_eq!(table.text().lines().count(), 4);

    let errors = [
        ask(&format!("camera=elsewhere&{LAST_HOUR}")),
        ask(&format!("camera=quay&{LAST_HOUR}")),
        ask("camera=gate&from=2026-01-01T00:00:00Z&to=2026-11-24T03:00:00Z"),
        ask("camera=gate&from=2026-11-24T03:00:00Z&to=2026-11-24T03:00:00Z"),
        service.get(&format!("/api/v1/summary?place=plaza&{LAST_HOUR}")),
    ];
    let said: Vec<_> = errors
        .iter()
        .map(|answer| (answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        (404, "no camera `elsewhere`; there are: gate, patrol, quay"),
        (409, "this camera is not calibrated, so it has no heat maps"),
        (400, "`from` and `to`: found 28263600 s, expected at most 5356800 (62 days)"),
        (400, "`to`: expected a time after `from`"),
        (400, "`place`: found \"plaza\", expected a place such as `zone:gate/plaza`"),
    ];
    assert_eq!(said, expected.map(|(status, message)| (status, message.to_owned())));
}
