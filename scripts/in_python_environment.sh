#!/bin/sh
# in_python_environment.sh SCRIPT KIND [ARGUMENT...]: runs SCRIPT with the packages of requirements-KIND.txt, in a Python
# environment of its own, made at the first run and kept in the user's cache. PYTHON names another interpreter than
# python3.11 (3.11 or newer).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
script=$1 requirements=$here/requirements-$2.txt kind=$2
shift 2
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || { echo "$python not found: install it, or set PYTHON" >&2; exit 2; }
version=$(sha256sum "$requirements" | cut -c1-12)
environment=${XDG_CACHE_HOME:-$HOME/.cache}/crowdflow/$kind-$version
if [ ! -e "$environment/complete" ]; then
    echo "making a Python environment in $environment" >&2
    "$python" -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    touch "$environment/complete"
fi
exec "$environment/bin/python" -W ignore "$here/$script" "$@"
