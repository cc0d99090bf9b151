#!/usr/bin/env bash
# Draws config/demo_map.png, the demo's site map, from config/demo_map.svg: a page may show no SVG of a site's own, as it
# may hold scripts.
set -euo pipefail
cd "$(dirname "$0")/../config"
"${CROWDFLOW_CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --window-size=950,700 --screenshot=demo_map.png demo_map.svg
