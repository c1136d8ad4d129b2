#!/bin/sh
# Trains models/pocket-base.gguf from nothing, in two runs, each with its full decay: the second goes on from the
# first with another seed. Run it in the project's folder, with the built program as $1 (build/cli/ponder by
# default). It can be stopped and started again at any time.
set -eu
ponder=${1:-build/cli/ponder}
mkdir -p build
"$ponder" train base \
    --out build/pocket-base-1.gguf --name pocket-base --metrics build/pocket-base-1.jsonl \
    --checkpoint build/pocket-base-1.checkpoint --checkpoint-every 250 \
    --width 192 --layers 5 --heads 6 --ffn 512 --vocab 512 --context 1024 \
    --tokens 12000000 --batch-tokens 4096 --lr 2e-3 --lr-final 0.02 --warmup 200 \
    --decay 0.05 --clip 1 --beta1 0.9 --beta2 0.95 --optimizer adamw \
    --solved 0.62 --many 0.06 --check-after 0.04 --check-between 0.28 --claims 0 \
    --seed 1 --threads 2 --precision auto
exec "$ponder" train base --init build/pocket-base-1.gguf \
    --out models/pocket-base.gguf --name pocket-base --metrics models/pocket-base.jsonl \
    --checkpoint models/pocket-base.checkpoint --checkpoint-every 250 \
    --tokens 11000000 --batch-tokens 4096 --lr 1.5e-3 --lr-final 0.02 --warmup 50 \
    --decay 0.05 --clip 1 --beta1 0.9 --beta2 0.95 --optimizer adamw \
    --solved 0.62 --many 0.06 --check-after 0.04 --check-between 0.28 --claims 0 \
    --seed 2 --threads 2 --precision auto
