#!/bin/sh
# kill_eval.sh [KILLS]: `ponder eval --exact --store` over Pocket's 500 test questions (n = 4) is killed with -9 at
# that many random moments (10) and begun again each time; its export is then compared, times aside, with that of an
# unbroken run. Takes some minutes. PONDER names the program.
set -eu
: "${PONDER:=build/cli/ponder}"
kills=${1:-10}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
eval_to() { "$PONDER" eval --data pocket:test:500 -n 4 --exact --store "$1"; }
export_of() { "$PONDER" runs export "$1" 1 | sed 's/"seconds":[^}]*//'; }

began=$(date +%s)
eval_to "$dir/unbroken.db" >"$dir/unbroken.txt" 2>/dev/null
whole=$(($(date +%s) - began))
export_of "$dir/unbroken.db" >"$dir/unbroken.jsonl"

killed=0
while [ "$killed" -lt "$kills" ]; do
    wait_s=$(awk -v whole="$whole" -v kills="$kills" -v seed="$killed$$" 'BEGIN { srand(seed); printf "%.2f", 0.3 + rand() * 2.2 * whole / kills }')
    timeout -s KILL "$wait_s" "$PONDER" eval --data pocket:test:500 -n 4 --exact --store "$dir/parts.db" >/dev/null 2>&1 && break
    killed=$((killed + 1))
    "$PONDER" runs list "$dir/parts.db" 2>/dev/null | sed -n '2s/ done.*//p' || true
done
eval_to "$dir/parts.db" >"$dir/parts.txt" 2>/dev/null
export_of "$dir/parts.db" >"$dir/parts.jsonl"
echo "killed $killed times"
cmp "$dir/unbroken.jsonl" "$dir/parts.jsonl" && echo "the exports are the same: $(wc -c <"$dir/parts.jsonl") bytes"
