#!/bin/sh
# Draws every figure that the store has the runs for: a table and a drawing each, beside it. Each method is shown at the
# temperature that train questions chose for it; the second panel has all of them at 0.8.
#
#   paper/figures.sh [STORE]            PONDER is the program, "ponder" if not set
set -e
store=${1:-paper/search/runs.db}
ponder=${PONDER:-ponder}
folder=$(dirname "$store")
for name in $("$ponder" figure | cut -d' ' -f1); do
  if "$ponder" figure "$store" "$name" --data pocket:test:500 --chosen-on pocket:train:300:7 --temperature 0.8 \
    --svg "$folder/$name.svg" >"$folder/$name.md.new"; then
    mv "$folder/$name.md.new" "$folder/$name.md"
    echo "$folder/$name.md $folder/$name.svg"
  else
    rm -f "$folder/$name.md.new"
  fi
done
