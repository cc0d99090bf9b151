#!/usr/bin/env bash
# Sets a fresh Debian 12 or Ubuntu machine up to build, test and run crowdflow. Safe to run again: what is there already
# is left alone. It installs Debian packages by name, fetches ONNX Runtime and the sample video once into the cache
# folder, and checks both by SHA-256, and builds the page (web/dist), which the program carries. The program itself is
# built by the Makefile.
#
#   scripts/setup.sh          what building and running need
#   scripts/setup.sh --test   also what the tests need (a real RTSP server, a browser, promtool, PostgreSQL,
#                             an MQTT broker, an Alertmanager, a mail server, schemathesis)
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${XDG_CACHE_HOME:-$HOME/.cache}/crowdflow"

ort_version=1.32.0
ort_library="$cache/onnxruntime-$ort_version/libonnxruntime.so.$ort_version"
# SHA-256 of the library inside PyPI's wheel, which is what gets loaded.
case "$(uname -m)" in
  x86_64)
    ort_platform=manylinux_2_28_x86_64
    ort_sha256=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f ;;
  aarch64)
    ort_platform=manylinux_2_28_aarch64
    ort_sha256=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a ;;
  *) ort_platform= ort_sha256= ;;
esac

video=sample/vtest.avi
video_sha256=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf

# What the page is built with: Debian 12's version, and all later ones.
node_oldest=18
node_packages=(nodejs npm)

build_packages=(build-essential pkg-config clang libclang-dev libopencv-dev curl ca-certificates python3 python3-pip unzip)
test_packages=(python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav ffmpeg prometheus fonts-noto-cjk procps
  postgresql mosquitto prometheus-alertmanager python3-aiosmtpd python3-venv)
# The browser of the page's tests. Ubuntu has it only as a snap, which can't be driven from a test's own folders.
browser_package=chromium

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: failed: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "this step needs root: install sudo, or run as root: $*"; fi
}

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

updated=
update_package_lists() {
  [ -n "$updated" ] && return
  say "reading the package lists"
  as_root apt-get update -qq || fail "apt-get update did not succeed: is a package mirror reachable?"
  updated=1
}

install_packages() {
  command -v apt-get >/dev/null || fail "apt-get not found: this script knows Debian 12 and Ubuntu; on another system
  install the counterparts of: $* (then run it again with CROWDFLOW_SKIP_PACKAGES=1)"
  local missing=()
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && return
  update_package_lists
  say "installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
}

matches() { [ -f "$1" ] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status; }

fetch_onnxruntime() {
  if [ -n "${ORT_DYLIB_PATH:-}" ]; then
    [ -f "$ORT_DYLIB_PATH" ] || fail "ORT_DYLIB_PATH names $ORT_DYLIB_PATH, which is not a file"
    say "ONNX Runtime: your own, $ORT_DYLIB_PATH"
    return
  fi
  [ -n "$ort_platform" ] || fail "no ONNX Runtime for $(uname -m) is known here: set ORT_DYLIB_PATH to your own library"
  matches "$ort_library" "$ort_sha256" && return
  say "fetching ONNX Runtime $ort_version ($ort_platform)"
  local work
  work="$(mktemp -d)"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform "$ort_platform" --dest "$work" "onnxruntime==$ort_version" ||
    fail "pip could not download onnxruntime $ort_version from the package index"
  unzip -q -j "$work"/onnxruntime-*.whl "onnxruntime/capi/libonnxruntime.so.$ort_version" -d "$work" ||
    fail "the wheel holds no libonnxruntime.so.$ort_version"
  matches "$work/libonnxruntime.so.$ort_version" "$ort_sha256" ||
    fail "libonnxruntime.so.$ort_version has another SHA-256 than the pinned one: not installed"
  mkdir -p "$(dirname "$ort_library")"
  # Moved into place whole, so that an interrupted run leaves nothing half-written.
  mv "$work/libonnxruntime.so.$ort_version" "$ort_library.new" && mv "$ort_library.new" "$ort_library"
  rm -rf "$work"
}

fetch_sample_video() {
  local cached="$cache/vtest.avi"
  matches "$video" "$video_sha256" && return
  if ! matches "$cached" "$video_sha256"; then
    command -v apt-get >/dev/null ||
      fail "apt-get not found: put vtest.avi of OpenCV's samples (SHA-256 $video_sha256) at $video yourself"
    update_package_lists
    say "fetching the sample video (from Debian's package opencv-doc, 96 MB, once)"
    local work
    work="$(mktemp -d)"
    chmod 777 "$work" # apt downloads as a user of its own
    (cd "$work" && apt-get download -qq opencv-doc) || fail "apt-get could not download the package opencv-doc"
    dpkg-deb --fsys-tarfile "$work"/opencv-doc_*.deb |
      tar -xO --wildcards '*/examples/data/vtest.avi*' >"$work/found" || fail "opencv-doc holds no vtest.avi"
    # Some releases ship it compressed.
    if gzip -t "$work/found" 2>/dev/null; then gzip -dc "$work/found" >"$work/vtest.avi"; else mv "$work/found" "$work/vtest.avi"; fi
    matches "$work/vtest.avi" "$video_sha256" || fail "vtest.avi has another SHA-256 than the pinned one: not used"
    mkdir -p "$cache"
    mv "$work/vtest.avi" "$cached.new" && mv "$cached.new" "$cached"
    rm -rf "$work"
  fi
  mkdir -p "$(dirname "$video")"
  ln -sfn "$cached" "$video" 2>/dev/null || cp --remove-destination "$cached" "$video"
}

has_node() {
  command -v npm >/dev/null && node --eval "process.exit(parseInt(process.versions.node) < $node_oldest ? 1 : 0)" 2>/dev/null
}

# What the page is made from; its tests among it, which a change of theirs builds it for once more.
page_sources() {
  node --version
  find web \( -path web/node_modules -o -path web/dist \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
}

build_page() {
  has_node || fail "Node.js $node_oldest or newer with npm is needed to build the page (web/); found: node $(node --version \
    2>/dev/null || echo none), npm $(npm --version 2>/dev/null || echo none). Debian 12 has it as the packages nodejs and npm"
  local built=web/node_modules/.built-from sources
  sources="$(page_sources | sha256sum)"
  # Built anew only where something changed: what carries it would be compiled anew, too.
  [ -f web/dist/index.html ] && [ "$(cat "$built" 2>/dev/null)" = "$sources" ] && return
  say "building the page"
  (cd web && npm ci --no-audit --no-fund --loglevel=error >/dev/null) ||
    fail "npm could not install what the page is built with (web/package-lock.json): is an npm registry reachable?"
  (cd web && npm run --silent build >/dev/null) || fail "the page could not be built: \`cd web && npm run build\` says why"
  printf '%s\n' "$sources" >"$built"
}

command -v cargo >/dev/null || fail "cargo not found: install a Rust toolchain (1.95 or newer) first, see rustup.rs"
if [ -z "${CROWDFLOW_SKIP_PACKAGES:-}" ]; then
  install_packages "${build_packages[@]}"
  has_node || install_packages "${node_packages[@]}"
  if [ "${1:-}" = --test ]; then
    install_packages "${test_packages[@]}"
    if [ -x /usr/bin/chromium ] || [ -n "${CROWDFLOW_CHROMIUM:-}" ]; then :
    elif . /etc/os-release && [ "$ID" = ubuntu ]; then
      say "no browser: Ubuntu has Chromium as a snap only. Set CROWDFLOW_CHROMIUM to a Chrome or Chromium to test the page"
    else install_packages "$browser_package"; fi
  fi
fi
fetch_onnxruntime
fetch_sample_video
build_page
if [ "${1:-}" = --test ]; then
  scripts/check_api.sh --prepare || fail "pip could not install what scripts/check_api.sh runs with"
fi
say "ready"
