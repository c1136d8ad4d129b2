#!/bin/sh
# --exact: questions solved one at a time by one thread and all at once by all give the same candidates and the same trees, bit for bit.
# usage: exact.sh PONDER [MODEL]; TAP on standard output.
set -eu
ponder=$1
model=${2:-models/pocket-base.gguf}
questions=${PONDER_TEST_QUESTIONS:-64}
echo "1..5"
if [ ! -f "$model" ]; then
    for i in 1 2 3 4 5; do echo "ok $i # SKIP $model is absent"; done
    exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$ponder" task pocket --split test --count "$questions" --seed 1 >"$dir/questions.jsonl"

# Texts, their log-probabilities (17 digits) and what each question cost are compared: of a search that is its tree. The
# sets differ, and so does what a line says about its set; and times do.
same_alone() { # COUNT OPTIONS...
    count=$1
    shift
    number=$((number + 1))
    name="$count questions give the same one at a time and all at once: $*"
    rm -f "$dir"/*.db* "$dir/alone.jsonl"
    head -n "$count" "$dir/questions.jsonl" >"$dir/set.jsonl"
    "$ponder" eval --exact "$@" --model "$model" --data "$dir/set.jsonl" --store "$dir/all.db" >"$dir/table" 2>"$dir/errors" ||
        { sed 's/^/# /' "$dir/errors"; echo "not ok $number - $name"; return 0; }
    "$ponder" runs export "$dir/all.db" 1 >"$dir/all.jsonl"
    i=0
    while [ "$i" -lt "$count" ]; do
        i=$((i + 1))
        sed -n "${i}p" "$dir/set.jsonl" >"$dir/one.jsonl"
        "$ponder" eval --exact --threads 1 "$@" --model "$model" --data "$dir/one.jsonl" --store "$dir/one.db" >/dev/null 2>&1
        "$ponder" runs export "$dir/one.db" "$i" >>"$dir/alone.jsonl"
    done
    for file in all alone; do
        sed -i 's/"run":{[^}]*},//; s/"seconds":[^}]*//' "$dir/$file.jsonl"
    done
    if cmp "$dir/all.jsonl" "$dir/alone.jsonl" >"$dir/difference" 2>&1; then
        echo "ok $number - $name"
    else
        sed 's/^/# /' "$dir/difference"
        echo "not ok $number - $name"
    fi
}

number=0
same_alone "$questions" -n 4 --max-tokens 160
same_alone "$questions" --search beam -n 4 --width 2
same_alone $((questions / 8)) --search lookahead -n 4 --width 2 --lookahead 1
same_alone $((questions / 8)) --search dvts -n 4 --width 2 --budget 1500t
same_alone $((questions / 8)) --search particles:ess=0.7,entropy=0.3 -n 4
