#!/bin/sh
# Two drivers in two threads, and one session in eight, under the thread sanitizer, in a build folder of its own ($1, build-tsan by default).
# usage: threads.sh [FOLDER]
set -eu
folder=${1:-build-tsan}
[ -f "$folder/build.ninja" ] || meson setup "$folder" -Db_sanitize=thread -Doptimization=1 -Db_lundef=false
ninja -C "$folder" tests/test_driver_threads tests/test_session
for test in test_driver_threads test_session; do
  TSAN_OPTIONS="halt_on_error=1 suppressions=tests/long/tsan.supp" OMP_NUM_THREADS=1 "$folder/tests/$test"
done
