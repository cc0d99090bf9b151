#!/bin/sh
# Runs compare_measures.py in a Python environment of its own, made at the first run and kept in the user's cache.
# All arguments go to compare_measures.py; PYTHON names another interpreter than python3.11 (3.11 or newer).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || { echo "$python not found: install it, or set PYTHON" >&2; exit 2; }
version=$(sha256sum "$here/requirements-measures.txt" | cut -c1-12)
environment=${XDG_CACHE_HOME:-$HOME/.cache}/crowdflow/measures-$version
if [ ! -e "$environment/complete" ]; then
    echo "making a Python environment in $environment" >&2
    "$python" -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements-measures.txt"
    touch "$environment/complete"
fi
exec "$environment/bin/python" -W ignore "$here/compare_measures.py" "$@"
