# lib.sh - TAP for the tests of the program. Sourced; expects PONDER, the program, in the environment.
#
#   run ARGS..            runs the program: $out and $err hold what it printed, $status how it ended
#   check NAME CONDITION  one test: CONDITION is shell text
#   skip NAME WHY         one test that cannot be made here

: "${PONDER:?the program under test}"
root=$(cd "$(dirname "$0")/../.." && pwd)
data=${PONDER_TEST_DATA:-$root/../shared/data}
shipped=$root/models/pocket-base.gguf
stories=$data/models/stories260K/stories260K-f32.gguf
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PONDER_MODELS_DIR="$root/models" LC_ALL=C
unset PONDER_MODEL
count=0
failed=0

run() {
  "$PONDER" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
  status=$?
  out=$(cat "$scratch/out")
  err=$(cat "$scratch/err")
}

check() {
  count=$((count + 1))
  if eval "$2"; then
    echo "ok $count - $1"
  else
    echo "not ok $count - $1"
    echo "# not so: $2"
    printf 'status %s\nstdout: %s\nstderr: %s\n' "${status:-}" "${out:-}" "${err:-}" | head -n 20 | cut -c1-300 | sed 's/^/# /'
    failed=1
  fi
}

skip() {
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

finish() {
  echo "1..$count"
  exit $failed
}

# One line on standard error, nothing on standard output, and the exit status $1.
refused() {
  [ "$status" -eq "$1" ] && [ -z "$out" ] && [ "$(wc -l <"$scratch/err")" -eq 1 ]
}

contains() {
  case "$1" in *"$2"*) return 0 ;; esac
  return 1
}

# Any model will do: the shipped one, or the real weights among the test data.
any_model() {
  if [ -f "$shipped" ]; then echo "$shipped"; elif [ -f "$stories" ]; then echo "$stories"; fi
}
