#!/bin/sh
# Makes the model that the verifiers begin from, build/pilot/pocket-checking.gguf: a lesson in checking for
# models/pocket-base.gguf, three runs over documents of the Pocket generator, most of them judged attempts. The other
# recipes call it. Run it in the project's folder, with the built program as $1 (build/cli/ponder by default); $2 is the
# folder. It can be stopped and started again at any time: 18 million tokens, 20 minutes of two cores with bf16.
set -eu
ponder=${1:-build/cli/ponder}
dir=${2:-build/pilot}
mkdir -p "$dir"
"$ponder" train base --init "${BASE:-models/pocket-base.gguf}" --out "$dir/pocket-checking-1.gguf" --name pocket-checking \
    --metrics "$dir/checking-1.jsonl" --tokens 5000000 --lr 1.5e-3 --lr-final 0.1 --warmup 100 \
    --solved 0.10 --many 0.02 --attempts 0 --check-after 0 --check-between 0.80 --claims 0.08 --tag-weight 5 --seed 4
"$ponder" train base --init "$dir/pocket-checking-1.gguf" --out "$dir/pocket-checking-2.gguf" --name pocket-checking \
    --metrics "$dir/checking-2.jsonl" --tokens 4000000 --lr 1e-3 --lr-final 0.05 --warmup 100 \
    --solved 0.10 --many 0.02 --attempts 0 --check-after 0 --check-between 0.86 --claims 0.02 --tag-weight 5 --seed 5
exec "$ponder" train base --init "$dir/pocket-checking-2.gguf" --out "$dir/pocket-checking.gguf" --name pocket-checking \
    --metrics "$dir/checking.jsonl" --tokens 9000000 --lr 1.5e-3 --lr-final 0.03 --warmup 100 \
    --solved 0.10 --many 0.02 --attempts 0 --check-after 0 --check-between 0.86 --claims 0.02 --tag-weight 5 --seed 6
