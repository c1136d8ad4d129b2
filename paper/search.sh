#!/bin/sh
# Makes the runs that the figures of search and of verifiers are drawn from, in one store: train questions, which choose each
# method's temperature, and 500 test questions, on which the methods are shown. What is there already is not made again, so
# it can be interrupted at any moment and several copies can share the work. A temperature of 64 samples of 500 questions,
# judged by both verifiers, takes 8 to 15 minutes of two cores, a search of 64 beams 5 to 13; all of it many hours.
#
#   paper/search.sh [STORE [SEEDS]]     SEEDS: of the searches of up to 64 generations, 1 if not given
#
# PONDER is the program, "ponder" if not set; THREADS of each copy, 0 (all) if not set; ONLY one part: train, samples, searches.
set -e
store=${1:-paper/search/runs.db}
seeds=${2:-1}
ponder=${PONDER:-ponder}
threads=${THREADS:-0}
only=${ONLY:-train samples searches}
questions=pocket:test:500
choosing=pocket:train:300:7

evaluate() {
  "$ponder" eval --store "$store" --threads "$threads" "$@" >/dev/null
}

# What chooses: votes and choices of 64 by both verifiers, and searches of 16, at each temperature.
train() {
  for verifier in prm orm; do
    evaluate --data $choosing -n 64 -t 0,0.2,0.4,0.6,0.8,1 --search best_of_n --verifier $verifier
  done
  for search in dvts beam; do
    evaluate --data $choosing -n 16 -t 0.4,0.6,0.8,1 --search $search --width 4 --verifier prm
  done
}

# What is shown: the sweep over test questions; more samples at one temperature; and others, which cut the questions into fifths.
samples() {
  for verifier in prm orm; do
    evaluate --data $questions -n 64 -t 0,0.1,0.2,0.4,0.6,0.8,1 --search best_of_n --verifier $verifier
  done
  evaluate --data $questions -n 64 -t 0.8 --seed 1001
}

# The root of 16 is 4. A search's own N: its generations are N, of lookahead N (K + 1). At the temperature that the model says
# is best for a search.
searches() {
  for verifier in prm oracle; do
    for n in 4 16 64; do
      evaluate --data $questions --search beam -n $n --width 4 --verifier "$verifier" --seeds "$seeds"
      [ $n -eq 16 ] || evaluate --data $questions --search beam -n $n --width 0 --verifier "$verifier" --seeds "$seeds"
      evaluate --data $questions --search dvts -n $n --width 4 --verifier "$verifier" --seeds "$seeds"
    done
    for n in 4 16; do
      evaluate --data $questions --search lookahead -n $n --width 4 --lookahead 3 --verifier "$verifier" --seeds "$seeds"
    done
  done
}

for part in $only; do
  $part
done
