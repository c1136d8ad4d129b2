#!/bin/sh
# Makes build/pilot/pocket-revision.gguf, the model that revises its own attempts, from models/pocket-base.gguf: 64 solutions of each
# of 3,000 train questions, then training on wrong ones followed by a right one. Run it in the project's folder, with the built
# program as $1 (build/cli/ponder by default); $2 is the folder. It can be stopped and started again at any time.
set -eu
ponder=${1:-build/cli/ponder}
dir=${2:-build/pilot}
mkdir -p "$dir"
"$ponder" eval --model models/pocket-base.gguf --data pocket:train:3000:21 -n 64 -t 0.8 --seed 21 --store "$dir/attempts.db"
exec "$ponder" train revision --base models/pocket-base.gguf --store "$dir/attempts.db" --out "$dir/pocket-revision.gguf" \
    --checkpoint "$dir/pocket-revision.checkpoint" --metrics "$dir/pocket-revision.jsonl" \
    --per-question 16 --epochs 1 --lr 3e-4 --batch-tokens 4096 --heldout-tokens 131072
