#!/bin/sh
# Makes the runs that the figures of search and of verifiers are drawn from, in one store: 500 test questions,
# budgets of 4 to 256 generations. What is there already is not made again, so it can be interrupted at any
# moment and several copies can share the work. A search of 64 beams under one seed takes 5 to 13 minutes of one core, 256 samples of
# each question 40 to 60; all of it many hours.
#
#   paper/search.sh [STORE [SEEDS]]     SEEDS: of the searches of up to 64 generations, 4 if not given
#
# PONDER is the program, "ponder" if not set; THREADS of each copy, 0 (all) if not set.
set -e
store=${1:-paper/search/runs.db}
seeds=${2:-4}
ponder=${PONDER:-ponder}
threads=${THREADS:-0}
questions=pocket:test:500

evaluate() {
  "$ponder" eval --data $questions --store "$store" --threads "$threads" "$@" >/dev/null
}

# The samples of best-of-N, judged by both verifiers; and others, by which the questions are cut into fifths.
run=$("$ponder" eval --data $questions --store "$store" --threads "$threads" -n 256 --seed 1 --json |
  sed 's/.*"run":\([0-9]*\).*/\1/')
for verifier in prm orm; do
  "$ponder" score --samples "$store" --run "$run" --seed 1 --verifier $verifier --threads "$threads"
done
evaluate -n 256 --seed 1001

# The root of 16 is 4. A search's own N, and under how many seeds: its generations are N, of lookahead N (K + 1).
searches() {
  verifier=$1
  for n in 4 16 64 256; do
    several=$seeds
    [ $n -le 64 ] || several=1
    evaluate --search beam -n $n --width 4 --verifier "$verifier" --seeds "$several"
    [ $n -eq 16 ] || evaluate --search beam -n $n --width 0 --verifier "$verifier" --seeds "$several"
    evaluate --search dvts -n $n --width 4 --verifier "$verifier" --seeds "$several"
  done
  for n in 4 16 64; do
    several=$seeds
    [ $n -le 16 ] || several=1
    evaluate --search lookahead -n $n --width 4 --lookahead 3 --verifier "$verifier" --seeds "$several"
    [ $n -eq 16 ] || evaluate --search lookahead -n $n --width 0 --lookahead 3 --verifier "$verifier" --seeds "$several"
  done
  for n in 4 16 64; do
    several=$seeds
    [ $n -le 32 ] || several=1
    evaluate --search lookahead -n $n --width 0 --lookahead 1 --verifier "$verifier" --seeds "$several"
  done
}
searches oracle
searches prm
