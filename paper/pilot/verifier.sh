#!/bin/sh
# paper/pilot/verifier.sh [FOLDER]: a verifier with exact labels and its figures, from models/pocket-base.gguf. Every step goes
# on where it was stopped; FOLDER (build/pilot by default) keeps the samples, labels and scores. About half an hour of
# two cores with AVX-512 and bf16. Its figures are in README.md.
set -eu
cd "$(dirname "$0")/../.."
dir=${1:-build/pilot}
ponder=${PONDER:-build/cli/ponder}
base=${BASE:-models/pocket-base.gguf}
mkdir -p "$dir"

# A lesson in checking: judged attempts, most of them, where the base had a few among much else.
BASE=$base sh models/recipe/pocket-checking.sh "$ponder" "$dir"

# Solutions of train questions, and whether the answer can still be reached behind each of their steps.
"$ponder" eval --model "$base" --data pocket:train:4000:3 -n 8 -t 0.8 --seed 11 --store "$dir/train.db" >"$dir/train.txt"
"$ponder" runs export "$dir/train.db" 1 >"$dir/train.jsonl"
"$ponder" task check --in "$dir/train.jsonl" >"$dir/train-labels.jsonl"
"$ponder" train prm --base "$dir/pocket-checking.gguf" --samples "$dir/train-labels.jsonl" \
    --out "$dir/pocket-prm.gguf" --epochs 0.5 --lr 3e-4 --batch-tokens 2048 --metrics "$dir/prm.jsonl"

# The test questions, 64 solutions each: base alone, then with the verifier, then step by step with the checker.
"$ponder" eval --model "$base" --data pocket:test:500 -n 64 -t 0.8 --store "$dir/test.db" | tee "$dir/base.txt"
"$ponder" runs export "$dir/test.db" 1 >"$dir/test.jsonl"
"$ponder" task check --in "$dir/test.jsonl" >"$dir/test-labels.jsonl"
"$ponder" score --verifier "$dir/pocket-prm.gguf" --samples "$dir/test-labels.jsonl" --out "$dir/test-scores.jsonl" |
    tee "$dir/verifier.txt"
"$ponder" eval --model "$base" --data pocket:test:500 --search beam -n 4 --width 4 -t 0.8 --verifier oracle --select best --against "$dir/test.jsonl" |
    tee "$dir/search.txt"
