#!/bin/sh
# Runs compare_measures.py, with all arguments, in a Python environment of its own: see in_python_environment.sh.
exec "$(dirname "$0")/in_python_environment.sh" compare_measures.py measures "$@"
