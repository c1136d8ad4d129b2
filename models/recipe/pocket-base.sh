#!/bin/sh
# Trains models/pocket-base.gguf from nothing. Run it in the project's folder, with the built program as $1
# (build/cli/ponder by default). It can be stopped and started again at any time.
set -eu
ponder=${1:-build/cli/ponder}
exec "$ponder" train base \
    --out models/pocket-base.gguf --name pocket-base --metrics models/pocket-base.jsonl \
    --checkpoint models/pocket-base.checkpoint --checkpoint-every 250 \
    --width 192 --layers 5 --heads 6 --ffn 512 --vocab 512 --context 1024 \
    --tokens 9000000 --batch-tokens 4096 --lr 2e-3 --lr-final 0.02 --warmup 200 \
    --decay 0.05 --clip 1 --beta1 0.9 --beta2 0.95 \
    --solved 0.75 --many 0.15 --check-after 0.05 --check-between 0.05 \
    --seed 1 --threads 2 --precision bf16
