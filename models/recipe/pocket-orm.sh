#!/bin/sh
# Makes models/pocket-orm.gguf, the verifier of whole solutions, from models/pocket-base.gguf: the lesson in checking, then
# 8 solutions of each of 2,000 train questions, of which only the answers are known to be right or wrong. Run it in the
# project's folder, with the built program as $1 (build/cli/ponder by default); $2 is the folder. It can be stopped and
# started again at any time. Half an hour of two cores with AVX-512 and bf16.
set -eu
ponder=${1:-build/cli/ponder}
dir=${2:-build/pilot}
sh models/recipe/pocket-checking.sh "$ponder" "$dir"
"$ponder" eval --model models/pocket-base.gguf --data pocket:train:2000:3 -n 8 -t 0.8 --seed 11 --store "$dir/train.db" >"$dir/train.txt"
"$ponder" runs export "$dir/train.db" 1 >"$dir/train.jsonl"
"$ponder" task check --in "$dir/train.jsonl" >"$dir/train-labels.jsonl"
exec "$ponder" train orm --base "$dir/pocket-checking.gguf" --samples "$dir/train-labels.jsonl" --out models/pocket-orm.gguf \
    --checkpoint "$dir/pocket-orm.checkpoint" --metrics "$dir/pocket-orm.jsonl" \
    --epochs 0.5 --patience 6 --lr 3e-4 --batch-tokens 8192 --heldout-tokens 131072 --heldout-every 20
