#!/bin/sh
# Trains models/pocket-base.gguf. It goes on from an earlier version of the model, trained from nothing, that stands
# in this repository's history with its own recipe. Run it in the project's folder, with the built program as $1
# (build/cli/ponder by default). It can be stopped and started again at any time.
set -eu
ponder=${1:-build/cli/ponder}
from=8732e7f
mkdir -p build
git show "$from:models/pocket-base.gguf" >build/pocket-base-2.gguf
exec "$ponder" train base --init build/pocket-base-2.gguf \
    --out build/pocket-base.gguf --name pocket-base --metrics build/pocket-base.jsonl \
    --checkpoint build/pocket-base.checkpoint --checkpoint-every 250 \
    --tokens 14000000 --batch-tokens 1024 --lr 2e-3 --lr-final 0.02 --warmup 100 \
    --decay 0.05 --clip 1 --beta1 0.9 --beta2 0.98 --optimizer adamw \
    --solved 0.74 --many 0.06 --check-after 0.03 --check-between 0.13 --claims 0.04 --tag-weight 3 \
    --heldout-every 1000 --seed 3 --threads 2 --precision auto
