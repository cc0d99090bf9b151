#!/bin/sh
# Runs check_api.py, with all arguments, in a Python environment of its own: see in_python_environment.sh.
PYTHON=${PYTHON:-python3} exec "$(dirname "$0")/in_python_environment.sh" check_api.py api "$@"
