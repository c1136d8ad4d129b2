#!/bin/sh
# paper/pilot/verifier.sh [FOLDER]: the pilot verifier and its figures, from models/pocket-base.gguf. Every step goes
# on where it was stopped; FOLDER (build/pilot by default) keeps the samples, labels and scores. An estimated hour
# and a half of two cores; it has not run whole yet.
set -eu
cd "$(dirname "$0")/../.."
dir=${1:-build/pilot}
ponder=${PONDER:-build/cli/ponder}
base=${BASE:-models/pocket-base.gguf}
mkdir -p "$dir"

# Solutions of train questions, and whether the answer can still be reached behind each of their steps.
"$ponder" eval --model "$base" --data pocket:train:5000:3 -n 8 --seed 11 --samples "$dir/train.jsonl" >"$dir/train.txt"
"$ponder" task check --in "$dir/train.jsonl" >"$dir/train-labels.jsonl"
"$ponder" train prm --base "$base" --samples "$dir/train-labels.jsonl" --out "$dir/pocket-prm.gguf" \
    --epochs 2.5 --lr 1e-3 --lm-share 0.2 --metrics "$dir/prm.jsonl"

# The test questions, 64 solutions each: base alone, then with the verifier.
"$ponder" eval --model "$base" --data pocket:test:500 -n 64 --samples "$dir/test.jsonl" | tee "$dir/base.txt"
"$ponder" task check --in "$dir/test.jsonl" >"$dir/test-labels.jsonl"
"$ponder" score --verifier "$dir/pocket-prm.gguf" --samples "$dir/test-labels.jsonl" --out "$dir/test-scores.jsonl" |
    tee "$dir/verifier.txt"
