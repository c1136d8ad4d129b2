#!/bin/sh
# Makes models/pocket-orm.gguf, the verifier of whole solutions, from models/pocket-base.gguf: the lesson in checking, then
# the solutions that recipe/pocket-prm.sh labels, of which only the answers are known to be right or wrong. Run it in the
# project's folder behind that one, with the built program as $1 (build/cli/ponder by default); $2 is the folder. It can be
# stopped and started again at any time.
set -eu
ponder=${1:-build/cli/ponder}
dir=${2:-build/pilot}
exec "$ponder" train orm --base "$dir/pocket-checking.gguf" --store "$dir/labels.db" --out models/pocket-orm.gguf \
    --checkpoint "$dir/pocket-orm.checkpoint" --metrics "$dir/pocket-orm.jsonl" \
    --epochs 1 --patience 6 --lr 3e-4 --batch-tokens 8192 --heldout-tokens 131072 --heldout-every 20
