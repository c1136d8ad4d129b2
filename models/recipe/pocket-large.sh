#!/bin/sh
# Trains the 14-times larger sibling of models/pocket-base.gguf on the same documents, for comparisons of a larger
# model with more thinking; it is not shipped. $1 is the built program, further arguments are passed on
# (e.g. --steps 20 to see what a step costs). It can be stopped and started again at any time.
set -eu
ponder=${1:-build/cli/ponder}
[ $# -eq 0 ] || shift
exec "$ponder" train base \
    --out build/pocket-large.gguf --name pocket-large --metrics build/pocket-large.jsonl \
    --checkpoint build/pocket-large.checkpoint --checkpoint-every 100 \
    --width 640 --layers 6 --heads 10 --ffn 1920 --vocab 512 --context 1024 \
    --tokens 27000000 --batch-tokens 1024 --lr 1e-3 --lr-final 0.02 --warmup 200 \
    --decay 0.05 --clip 1 --beta1 0.9 --beta2 0.98 --optimizer adamw \
    --solved 0.60 --many 0.06 --attempts 0.14 --check-after 0.03 --check-between 0.13 --claims 0.04 --tag-weight 3 \
    --seed 1 --threads 2 --precision auto "$@"
