#!/bin/sh
# Runs a cmocka test. cmocka before 1.1.6 reports a skipped case as "not ok N # SKIP", which TAP reads as a failure.
"$@" | sed 's/^not ok \([0-9][0-9]*\) # SKIP/ok \1 # SKIP/'
