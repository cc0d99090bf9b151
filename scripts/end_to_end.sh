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

truth="${CROWDFLOW_SHARED_DATA:-../shared/data}/pets/gt.txt"
if [ -f "$truth" ]; then
  "$crowdflow" evaluate --gt "$truth" --tracks "$work/first/tracks.txt" --forgive-unscored
  "$crowdflow" evaluate --gt "$truth" --tracks "$work/first/tracks.txt" --forgive-unscored --json |
    python3 -c '
import json, sys
scores = json.load(sys.stdin)["combined"]
floors = {"MOTA": (scores["clear"]["mota"], 0.82), "IDF1": (scores["identity"]["idf1"], 0.70)}
mae = scores["count"]["mae"]
missed = [f"{name} {value:.3f} is below {floor}" for name, (value, floor) in floors.items() if value < floor]
if mae > 0.45:
    missed.append(f"count MAE {mae:.3f} is above 0.45")
sys.exit("end to end: failed: " + "; ".join(missed) if missed else 0)'
else
  echo "skipped: no ground truth at $truth, so the tracks were not scored"
fi

DEMO_SECONDS=5 make --no-print-directory demo >"$work/demo.log" 2>&1 || { cat "$work/demo.log"; fail "make demo"; }
grep -q "centre" "$work/demo.log" || fail "the demo printed no counts"
