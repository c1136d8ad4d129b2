#!/bin/sh
# Chooses at which temperature models/pocket-base.gguf is sampled for each use, on 300 train questions, and writes it into the
# file's metadata (ponder.sampling.*); its weights stay as they are. Run it in the project's folder behind the other recipes,
# with the built program as $1 (build/cli/ponder by default); $2 is the folder. It can be stopped and started again at any
# time: half an hour of two cores with bf16.
set -eu
ponder=${1:-build/cli/ponder}
dir=${2:-build/pilot}
data=pocket:train:300:7
for verifier in prm orm; do
    "$ponder" eval --store "$dir/sampling.db" --data $data -n 16 -t 0,0.2,0.4,0.6,0.8,1 --search best_of_n --verifier $verifier
done
"$ponder" eval --store "$dir/sampling.db" --data $data -n 16 -t 0.4,0.6,0.8,1 --search dvts --width 4 --verifier prm
"$ponder" model models/pocket-base.gguf --keep-sampling "$dir/sampling.db" --data $data
# And how much its own questions surprise it at most, so that it says so of others.
exec "$ponder" model models/pocket-base.gguf --surprise pocket:train:2000:9 --keep-surprise \
    'questions of Pocket, small equations, fractions, polynomials, sequences, counting and numbers, as `ponder task pocket` prints them'
