#!/bin/sh
# --exact: questions solved one at a time and all at once give the same candidates, bit for bit.
# usage: exact.sh PONDER [MODEL]; TAP on standard output.
set -eu
ponder=$1
model=${2:-models/pocket-base.gguf}
questions=${PONDER_TEST_QUESTIONS:-64}
echo "1..1"
if [ ! -f "$model" ]; then
    echo "ok 1 # SKIP $model is absent"
    exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$ponder" task pocket --split test --count "$questions" --seed 1 >"$dir/questions.jsonl"
"$ponder" eval --exact -n 4 --max-tokens 160 --model "$model" --data "$dir/questions.jsonl" --store "$dir/all.db" \
    >"$dir/table" 2>"$dir/errors" || { sed 's/^/# /' "$dir/errors"; echo "not ok 1 - eval --exact runs"; exit 0; }
"$ponder" runs export "$dir/all.db" 1 >"$dir/all.jsonl"
# Every question alone: one solve each. Texts and their log-probabilities (17 digits) are compared.
i=0
while [ "$i" -lt "$questions" ]; do
    i=$((i + 1))
    sed -n "${i}p" "$dir/questions.jsonl" >"$dir/one.jsonl"
    "$ponder" eval --exact -n 4 --max-tokens 160 --model "$model" --data "$dir/one.jsonl" --store "$dir/one.db" >/dev/null 2>&1
    "$ponder" runs export "$dir/one.db" "$i" >>"$dir/alone.jsonl"
done
# The sets differ, and so does what a line says about its set; and times do.
for file in all alone; do
    sed -i 's/"run":{[^}]*},//; s/"seconds":[^}]*//' "$dir/$file.jsonl"
done
if cmp "$dir/all.jsonl" "$dir/alone.jsonl" >"$dir/difference" 2>&1; then
    echo "ok 1 - $questions questions give the same candidates one at a time and all at once"
else
    sed 's/^/# /' "$dir/difference"
    echo "not ok 1 - $questions questions give the same candidates one at a time and all at once"
fi
