//! `docs/measures.md` has every measure.

use crowdflow::model::{Measure, Needs, Scope, Worse};

const DOCUMENT: &str = include_str!("../../docs/measures.md");

/// The rows of the table under a heading that are about this measure.
fn rows(heading: &str, measure: Measure) -> Vec<&'static str> {
    let begin = DOCUMENT.find(heading).unwrap_or_else(|| panic!("no {heading}"));
    let section = &DOCUMENT[begin + heading.len()..];
    let section = section.find("\n## ").map_or(section, |end| &section[..end]);
    let name = measure.as_str();
    let written = |row: &str| {
        let first = row.split('|').nth(1).unwrap_or_default();
        // `time_to_blue` … `time_to_red` stands for all four.
        let of_level = ["_yellow", "_orange", "_red"].iter().find_map(|level| name.strip_suffix(level));
        first.contains(&format!("`{name}`")) || of_level.is_some_and(|stem| first.contains(&format!("`{stem}_blue`")))
    };
    section.lines().filter(|line| line.starts_with('|') && written(line)).collect()
}

#[test]
fn every_measure_is_explained_where_it_is_measured() {
    let parts = [Scope::Zone, Scope::Line, Scope::Camera, Scope::Site];
    for (heading, scope) in ["## Zones", "## Lines", "## Whole pictures", "## Sites"].into_iter().zip(parts) {
        for measure in Measure::of(scope) {
            let rows = rows(heading, measure);
            let [row] = rows.as_slice() else { panic!("{heading}: {} rows about {}", rows.len(), measure.as_str()) };
            if scope == Scope::Zone {
                let says_less = row.contains("less is worse");
                assert_eq!(says_less, measure.facts().worse == Worse::Low, "{row}");
                let needs_calibration = matches!(measure.needs(scope), Needs::Calibration | Needs::AllowedDirection);
                let says_calibration = row.split('|').nth(3).is_some_and(|needs| needs.contains("calibration"));
                assert_eq!(says_calibration, needs_calibration, "{row}");
            }
        }
    }
}
