#!/bin/sh
# Trains models/pocket-base.gguf from nothing, in one run. Run it in the project's folder, with the built program as $1
# (build/cli/ponder by default). It can be stopped and started again at any time: 27 million tokens, half an hour of two cores
# with bf16.
set -eu
ponder=${1:-build/cli/ponder}
mkdir -p build
exec "$ponder" train base --out models/pocket-base.gguf --name pocket-base --metrics build/pocket-base.jsonl \
    --checkpoint build/pocket-base.checkpoint --checkpoint-every 1000 \
    --tokens 27000000 --batch-tokens 1024 --lr 2e-3 --lr-final 0.02 --warmup 200 \
    --decay 0.05 --clip 1 --beta1 0.9 --beta2 0.98 --optimizer adamw \
    --solved 0.60 --many 0.06 --attempts 0.14 --check-after 0.03 --check-between 0.13 --claims 0.04 --tag-weight 3 \
    --heldout-every 1000 --seed 1 --threads 2 --precision auto
