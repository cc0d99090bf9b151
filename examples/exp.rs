use crowdflow::{config::TrackerPlan, model::*, tracking::*};
use std::io::Write;
fn e(n: &str, d: f64) -> f64 { std::env::var(n).ok().and_then(|v| v.parse().ok()).unwrap_or(d) }
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let fps: f64 = a[2].parse().unwrap();
    let mut frames: std::collections::BTreeMap<u64, Vec<Detection>> = Default::default();
    for l in std::fs::read_to_string(&a[1]).unwrap().lines() {
        let v: Vec<f64> = l.split(',').map(|x| x.trim().parse().unwrap()).collect();
        frames.entry(v[0] as u64).or_default().push(Detection { bbox: PixelBox { left: v[2], top: v[3], right: v[2] + v[4], bottom: v[3] + v[5] }, class: ObjectClass::Person, score: v[6] });
    }
    let last = *frames.keys().last().unwrap();
    let mut t = Tracker::new(TrackerPlan { confirm_s: e("CONFIRM", 0.2), lost_s: e("LOST", 2.0) }, ScoreThresholds { high: e("HIGH", 0.5), low: e("LOW", 0.2) });
    let mut out = std::fs::File::create(&a[3]).unwrap();
    let coast = e("COAST", 0.0);
    for k in 1..=last {
        let at = Timestamp(0).plus_seconds((k - 1) as f64 / fps);
        let none = vec![];
        let s = t.step(at, frames.get(&k).unwrap_or(&none));
        for x in s.tracks {
            let ok = x.state == TrackState::Confirmed || (x.state == TrackState::Lost && at.seconds_since(x.last_seen) <= coast);
            if ok { let b = x.bbox; writeln!(out, "{k},{},{:.2},{:.2},{:.2},{:.2},{:.3},-1,-1,-1", x.id, b.left, b.top, b.width(), b.height(), x.score).unwrap(); }
        }
    }
}
