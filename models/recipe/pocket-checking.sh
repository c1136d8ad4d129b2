#!/bin/sh
# Makes the model that the verifiers begin from, build/pilot/pocket-checking.gguf: a lesson in checking for
# models/pocket-base.gguf, over documents of the Pocket generator, most of them judged attempts. The other recipes call it.
# Run it in the project's folder, with the built program as $1 (build/cli/ponder by default); $2 is the folder. It can be
# stopped and started again at any time: 47 million tokens, 45 minutes of two cores with bf16.
#
# Six runs, each of which begins anew with a warmed-up rate and lets it fall: it is while the rate falls that the checking
# is learnt (loss at the tags .58 at first, .41 .39 .29 .26 .19 .15 at the runs' ends).
set -eu
ponder=${1:-build/cli/ponder}
dir=${2:-build/pilot}
mkdir -p "$dir"
from=${BASE:-models/pocket-base.gguf}
lesson() { # NUMBER TOKENS RATE FINAL BETWEEN CLAIMS
    to=$dir/pocket-checking-$1.gguf
    "$ponder" train base --init "$from" --out "$to" --name pocket-checking --metrics "$dir/checking-$1.jsonl" \
        --tokens "$2" --lr "$3" --lr-final "$4" --warmup 100 --solved 0.10 --many 0.02 --attempts 0 --check-after 0 \
        --check-between "$5" --claims "$6" --tag-weight 5 --seed $((3 + $1))
    from=$to
}
lesson 1  5000000 1.5e-3 0.10 0.80 0.08
lesson 2  4000000 1e-3   0.05 0.86 0.02
lesson 3  9000000 1.5e-3 0.03 0.86 0.02
lesson 4  9000000 1e-3   0.02 0.86 0.02
lesson 5 11000000 7e-4   0.02 0.86 0.02
lesson 6  9000000 4e-4   0.02 0.86 0.02
cp "$from" "$dir/pocket-checking.gguf"
