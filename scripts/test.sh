#!/usr/bin/env bash
# Everything that is checked, in the order in which it fails fastest. `make test` sets the machine up first.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "format"
cargo fmt --check

step "lints"
cargo clippy --locked --all-targets --quiet -- -D warnings

step "page: types, lints, unit tests"
npm --prefix web run --silent check
npm --prefix web test --silent

step "tests"
cargo test --locked --quiet

step "page in a browser"
npm --prefix web run --silent test:browser

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet --document-private-items

step "release build"
cargo build --locked --release --quiet

step "benches run"
cargo bench --locked --quiet --bench flow --bench rules --bench store --bench tracker --bench measures -- --test

step "the API against its own description"
scripts/check_api.sh

step "end to end on the sample video"
scripts/end_to_end.sh

printf '\nall checks passed\n'
