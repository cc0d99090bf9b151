#!/usr/bin/env bash
# Our figures beside those of the packages that others trust: PedPy (density, speed, flow, crossings), motmetrics and
# trackeval (tracking scores), trackers (tracking); and how often our forecasts come true. Each package is installed,
# pinned, into an environment that is thrown away afterwards. Recorded data is looked for in $CROWDFLOW_SHARED_DATA
# (../shared/data); without it, only the hand-written trajectories in tests/reference are compared, and the forecasts
# are measured on simulated zones alone.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${CROWDFLOW_SHARED_DATA:-../shared/data}
target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked --bin crowdflow --example trajectory_measures --example forecast_lead

PIP_CACHE_DIR=${PIP_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pip}
XDG_CACHE_HOME=$(mktemp -d)
export PIP_CACHE_DIR XDG_CACHE_HOME
trap 'rm -rf "$XDG_CACHE_HOME"' EXIT

step() { printf '\n== %s\n' "$*"; }

step "measures on the ground plane: PedPy"
scripts/compare_measures.sh compare --ours "$target/release/examples/trajectory_measures" --data "$data/trajectories"

step "time to each level's threshold: recorded experiments played as live, and simulated hours"
"$target/release/examples/forecast_lead" tests/reference/experiments.json "$data/trajectories"

if [ ! -d "$data/mot17" ]; then
    printf '\ntracking skipped: %s/mot17 not found\n' "$data"
    exit 0
fi
step "tracking scores: motmetrics, trackeval"
scripts/compare_metrics.sh --data "$data" --crowdflow "$target/release/crowdflow"
step "trackers: trackers"
scripts/compare_trackers.sh --data "$data" --crowdflow "$target/release/crowdflow"
