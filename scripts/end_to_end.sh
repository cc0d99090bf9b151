#!/usr/bin/env bash
# The main job on the real sample video with the release build: two runs of `analyze` give the same bytes, the annotated
# video can be decoded, and, where the ground truth is at hand, the tracks are as good as promised.
set -euo pipefail
cd "$(dirname "$0")/.."
crowdflow=target/release/crowdflow
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
fail() { printf 'end to end: failed: %s\n' "$*" >&2; exit 1; }

"$crowdflow" check config/demo.toml --environment
"$crowdflow" analyze sample/vtest.avi --config config/demo.toml --camera walkway --out "$work/first"
"$crowdflow" analyze sample/vtest.avi --config config/demo.toml --camera walkway --out "$work/second" --no-video
for file in tracks.txt crossings.csv zones.csv alerts.jsonl; do
  cmp "$work/first/$file" "$work/second/$file" || fail "two runs wrote different $file"
  [ -s "$work/first/$file" ] || fail "$file is empty"
done
[ ! -e "$work/second/annotated.mp4" ] || fail "--no-video wrote a video"
frames="$(ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 \
  "$work/first/annotated.mp4" | tr -d ,)"
[ "$frames" = 795 ] || fail "annotated.mp4 has $frames frames, expected 795"

for kind in raised lowered cleared; do
  grep -q "\"kind\":\"$kind\"" "$work/first/alerts.jsonl" || fail "no alert was $kind within one loop of the sample"
done

truth="${CROWDFLOW_SHARED_DATA:-../shared/data}/pets/gt.txt"
if [ -f "$truth" ]; then
  "$crowdflow" evaluate --gt "$truth" --tracks "$work/first/tracks.txt" --forgive-unscored
  "$crowdflow" evaluate --gt "$truth" --tracks "$work/first/tracks.txt" --forgive-unscored --json >"$work/scores.json"
  python3 - "$work/scores.json" "$work/first/summary.json" <<'PYTHON'
import json, sys
scores, summary = json.load(open(sys.argv[1]))["combined"], json.load(open(sys.argv[2]))
line, zone = summary["lines"]["middle"]["person"], summary["zones"]["centre"]["person"]
bounds = {
    "MOTA": (scores["clear"]["mota"], 0.82, 1),
    "IDF1": (scores["identity"]["idf1"], 0.70, 1),
    "count MAE": (scores["count"]["mae"], 0, 0.45),
    "crossings in (truth 18)": (line["in"], 16.2, 19.8),
    "crossings out (truth 13)": (line["out"], 11.7, 14.3),
    "mean occupancy (truth 2.71)": (zone["mean_occupancy"], 2.44, 2.98),
}
missed = [f"{name} is {value}, expected {least} to {most}" for name, (value, least, most) in bounds.items()
          if not least <= value <= most]
sys.exit("end to end: failed: " + "; ".join(missed) if missed else 0)
PYTHON
else
  echo "skipped: no ground truth at $truth, so the tracks were not scored"
fi

# The demo itself, on a free port, so that it does not matter what else runs here.
sed "s|127.0.0.1:8090|127.0.0.1:0|; s|\.\./sample/|$PWD/sample/|" config/demo.toml >"$work/demo.toml"
DEMO_SECONDS=12 make --no-print-directory demo DEMO_CONFIG="$work/demo.toml" >"$work/demo.log" 2>&1 ||
  { cat "$work/demo.log"; fail "make demo"; }
grep -q "centre [0-9]" "$work/demo.log" || { cat "$work/demo.log"; fail "the demo printed no counts"; }
grep -q "| Crossing is filling up " "$work/demo.log" || { cat "$work/demo.log"; fail "the demo's alert did not rise"; }
