//! `crowdflow backtest` on files, and what it says of wrong input.

use std::fmt::Write as _;

use crowdflow::model::Timestamp;

use crate::support::Site;

/// Two zones of one camera, as a recording, and rules that are to be tried.
const RULES: &str = r#"
[cameras.gate]
source.file = { path = "gate.mp4", fps = 1 }
zones.plaza = { polygon = [[0, 0], [1, 0], [1, 1]], area_m2 = 10 }
zones.quay = { polygon = [[0, 0], [1, 0], [1, 1]] }
lines.kerb = { a = [0, 0], b = [1, 1] }

[rules.plaza_full]
name = "Plaza is filling up"
zone = "gate/plaza"
measure = "density"
levels.yellow = { raise = 1.0, hold_s = 10, clear = 0.8, clear_hold_s = 5 }
levels.red = { raise = 2.0, hold_s = 10, clear = 1.8, clear_hold_s = 5 }
"#;

const MORE_RULES: &str = r#"
[rules.kerb]
line = "gate/kerb"
measure = "flow_in"
levels.blue = { raise = 5 }

[rules.either]
any = [
    { zone = "gate/plaza", measure = "occupancy", levels.blue = { raise = 5, hold_s = 0, clear_hold_s = 0 } },
    { line = "gate/kerb", measure = "flow_in", levels.blue = { raise = 5 } },
]
"#;

fn rules(raise: f64) -> String {
    RULES
        .replace("raise = 1.0", &format!("raise = {raise}"))
        .replace("clear = 0.8", &format!("clear = {}", raise - 0.2))
}

const BEGIN: Timestamp = Timestamp(1_795_489_200_000_000);

/// People in the plaza in each second; `None`: the recording has no such frame.
fn zones_csv(people: impl Iterator<Item = Option<f64>>) -> String {
    let mut text = "time,frame,camera,zone,class,occupancy,quality,density_per_m2,not_valid\n".to_owned();
    for (second, people) in people.enumerate() {
        let Some(people) = people else { continue };
        let time = BEGIN.plus_seconds(second as f64).to_rfc3339();
        let density = people / 10.0;
        let (quality, not_valid) = if density >= 2.0 { ("at_least", "density_per_m2=at_least") } else { ("valid", "") };
        let _ = writeln!(text, "{time},{},gate,plaza,person,{people},{quality},{density},{not_valid}", second + 1);
        let _ = writeln!(text, "{time},{},gate,plaza,bicycle,0,valid,,", second + 1);
        let _ = writeln!(text, "{time},{},gate,quay,person,1,valid,,", second + 1);
    }
    text
}

/// Fills to yellow and red, is not seen for half a minute, empties, and fills again until the end.
fn an_afternoon() -> String {
    let crowd = |seconds, people| std::iter::repeat_n(Some(people), seconds);
    zones_csv(
        crowd(30, 4.0)
            .chain(crowd(60, 11.0))
            .chain(crowd(30, 22.0))
            .chain(std::iter::repeat_n(None, 30))
            .chain(crowd(60, 3.0))
            .chain(crowd(40, 13.0)),
    )
}

#[test]
fn a_recording_is_replayed_and_compared_with_todays_rules() {
    let site = Site::new();
    site.write("zones.csv", an_afternoon());
    site.write("candidate.toml", rules(1.2) + MORE_RULES);
    site.write("today.toml", RULES);
    let command = ["backtest", "candidate.toml", "--zones", "zones.csv", "--today", "today.toml"];
    insta::assert_snapshot!(site.run(&command).quietly_fine().stdout);
    let json = site.run(&[&command[..], &["--json"]].concat()).quietly_fine().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rule = json["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "plaza_full").unwrap();
    let yellow = &rule["candidate"]["levels"][0];
    assert_eq!((&yellow["level"], &yellow["times"]), (&"yellow".into(), &2.into()));
    assert_eq!(yellow["episodes"].as_array().unwrap().len(), 2);
    assert_eq!(json["record"], serde_json::Value::Null);
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let site = Site::new();
    site.write("zones.csv", an_afternoon());
    site.write("rules.toml", RULES.to_owned() + MORE_RULES);
    let broken = |name: &str, from: &str, to: &str| {
        site.write(name, an_afternoon().replacen(from, to, 1));
    };
    broken("number.csv", ",11,valid,1.1,", ",11,valid,1.1x,");
    broken("quality.csv", "density_per_m2=at_least", "density_per_m2=about");
    broken("time.csv", "2026-11-24T03:00:07.000000Z", "noon");
    broken("back.csv", "2026-11-24T03:00:07.000000Z", "2026-11-24T03:00:03.000000Z");
    broken("short.csv", ",11,valid,1.1,", ",11,valid");
    broken("column.csv", "quality,", "trust,");
    site.write("empty.csv", "time,frame,camera,zone,class,occupancy,quality,not_valid\n");
    site.write("other.toml", RULES.replace("gate", "station"));
    site.write(
        "line.toml",
        RULES.split("[rules").next().unwrap().to_owned() + MORE_RULES.split("[rules.either]").next().unwrap(),
    );
    site.write("none.toml", RULES.split("[rules").next().unwrap());
    let mut told = String::new();
    let day = |from: &'static str, to: &'static str| ["--from", from, "--to", to];
    let mut add = |arguments: &[&str]| {
        let finished = site.run(&[&["backtest"], arguments].concat());
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(64), ""), "{arguments:?}");
        let _ = writeln!(told, "{}\n{}", arguments.join(" "), site.redacted(&finished.stderr));
    };
    for file in ["number", "quality", "time", "back", "short", "column", "empty", "missing"] {
        add(&["rules.toml", "--zones", &format!("{file}.csv")]);
    }
    add(&["other.toml", "--zones", "zones.csv"]);
    add(&["line.toml", "--zones", "zones.csv"]);
    add(&["none.toml", "--zones", "zones.csv"]);
    add(&[&["rules.toml", "--zones", "zones.csv"][..], &day("2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z")].concat());
    add(&[&["rules.toml", "--zones", "zones.csv"][..], &day("2026-11-24T04:00:00Z", "2026-11-24T03:00:00Z")].concat());
    add(&["rules.toml", "--zones", "zones.csv", "--from", "2026-11-24"]);
    add(&["rules.toml"]);
    add(&["rules.toml", "--store", "flow.db"]);
    add(&[&["rules.toml", "--store", "flow.db"][..], &day("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z")].concat());
    insta::assert_snapshot!(told);
}
