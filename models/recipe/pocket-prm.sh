#!/bin/sh
# Makes models/pocket-prm.gguf, the verifier of steps, from models/pocket-base.gguf; no step of the model's solutions is
# labelled by anyone who knows: the lesson in checking, then solutions of train questions, then from behind each of their
# lines 4 rollouts, then training on what they found. Run it in the project's folder, with the built program as $1
# (build/cli/ponder by default); $2 is the folder. It can be stopped and started again at any time. An hour and a half of
# two cores with AVX-512 and bf16, most of it rollouts.
set -eu
ponder=${1:-build/cli/ponder}
dir=${2:-build/pilot}
sh models/recipe/pocket-checking.sh "$ponder" "$dir"
"$ponder" label --model models/pocket-base.gguf --data pocket:train:2000:3 -n 4 --rollouts 4 --seed 11 --store "$dir/labels.db"
exec "$ponder" train prm --base "$dir/pocket-checking.gguf" --store "$dir/labels.db" --out models/pocket-prm.gguf \
    --checkpoint "$dir/pocket-prm.checkpoint" --metrics "$dir/pocket-prm.jsonl" \
    --labels any --epochs 1 --patience 5 --lr 3e-4 --batch-tokens 2048 --heldout-tokens 131072
