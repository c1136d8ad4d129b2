#!/bin/sh
# Trains models/pocket-base.gguf: the last of four runs. It goes on from the model of an earlier commit, which stands
# in this repository's history with its own recipe, and that one from an earlier one; models/README.md tells all four.
# Run it in the project's folder, with the built program as $1 (build/cli/ponder by default). It can be stopped and
# started again at any time.
set -eu
ponder=${1:-build/cli/ponder}
from=99a9840
mkdir -p build
git show "$from:models/pocket-base.gguf" >build/pocket-base-3.gguf
exec "$ponder" train base --init build/pocket-base-3.gguf \
    --out models/pocket-base.gguf --name pocket-base --metrics build/pocket-base.jsonl \
    --checkpoint build/pocket-base.checkpoint --checkpoint-every 250 \
    --tokens 5000000 --batch-tokens 1024 --lr 1.5e-3 --lr-final 0.02 --warmup 100 \
    --decay 0.05 --clip 1 --beta1 0.9 --beta2 0.98 --optimizer adamw \
    --solved 0.74 --many 0.06 --check-after 0.03 --check-between 0.13 --claims 0.04 --tag-weight 3 \
    --heldout-every 1000 --seed 4 --threads 2 --precision auto
