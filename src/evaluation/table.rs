//! Scores as a table for people.

use std::fmt::Write as _;

use super::scores::Scores;

const COLUMNS: [(&str, usize); 18] = [
    ("HOTA", 6),
    ("DetA", 6),
    ("AssA", 6),
    ("LocA", 6),
    ("MOTA", 6),
    ("MOTP", 6),
    ("IDF1", 6),
    ("IDP", 6),
    ("IDR", 6),
    ("Prec", 6),
    ("Rec", 6),
    ("FP", 7),
    ("FN", 7),
    ("IDsw", 6),
    ("MT", 5),
    ("ML", 5),
    ("MAE", 7),
    ("bias", 7),
];

/// A line of headings, then a line for each name and its scores: percent for ratios, boxes for counts, boxes a frame
/// for the counting error (MAE and bias), `–` for what is not defined.
#[must_use]
pub fn table<'a>(rows: impl IntoIterator<Item = (&'a str, &'a Scores)>) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    let name_width = rows.iter().map(|(name, _)| name.chars().count()).chain(["sequence".len()]).max().unwrap_or(0);
    let mut text = format!("{:name_width$}", "sequence");
    for (heading, width) in COLUMNS {
        pad(&mut text, heading, width);
    }
    text.push('\n');
    for (name, scores) in rows {
        let _ = write!(text, "{name:name_width$}");
        for (cell, (_, width)) in cells(scores).iter().zip(COLUMNS) {
            pad(&mut text, cell, width);
        }
        text.push('\n');
    }
    text
}

fn pad(text: &mut String, cell: &str, width: usize) {
    // Writing to a String can't fail.
    let _ = write!(text, " {cell:>width$}");
}

fn cells(scores: &Scores) -> [String; COLUMNS.len()] {
    let percent = |ratio: Option<f64>| ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{:.1}", ratio * 100.0));
    let boxes = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), |mean| format!("{mean:.3}"));
    let Scores { clear, identity, hota, count, .. } = scores;
    [
        percent(hota.hota),
        percent(hota.det_a),
        percent(hota.ass_a),
        percent(hota.loc_a),
        percent(clear.mota),
        percent(clear.motp),
        percent(identity.idf1),
        percent(identity.idp),
        percent(identity.idr),
        percent(clear.precision),
        percent(clear.recall),
        clear.false_positives.to_string(),
        clear.false_negatives.to_string(),
        clear.id_switches.to_string(),
        clear.mostly_tracked.to_string(),
        clear.mostly_lost.to_string(),
        boxes(count.mae),
        boxes(count.bias),
    ]
}
