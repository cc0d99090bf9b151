//! Which of the known names was meant.

/// The known name that is nearest to what was written, where one is near enough to be a slip: at most one change
/// (a letter added, left out, replaced, or two exchanged) for three letters.
pub(super) fn nearest<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let written: Vec<char> = written.to_lowercase().chars().take(100).collect();
    let distance_to = |name: &'n str| {
        let name_chars: Vec<char> = name.chars().take(100).collect();
        let allowed = (written.len().max(name_chars.len()) / 3).max(1);
        let distance = edit_distance(&written, &name_chars);
        (distance <= allowed && distance < name_chars.len()).then_some((distance, name))
    };
    known.into_iter().filter_map(distance_to).min().map(|(_, name)| name)
}

/// Optimal string alignment: the fewest letters added, left out, replaced or exchanged with their neighbour.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &to) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(from != to)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                cost = cost.min(before_last[j - 1] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_the_name_that_was_meant_and_other_words_none() {
        let names = ["file", "rtsp", "http", "polygon", "analysis_fps"];
        for (written, meant) in [
            ("rstp", Some("rtsp")),
            ("Polygon", Some("polygon")),
            ("poligons", Some("polygon")),
            ("analysis_ps", Some("analysis_fps")),
            ("files", Some("file")),
            ("threshold", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, names), meant, "{written}");
        }
    }
}
