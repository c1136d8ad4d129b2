#!/bin/sh
# tests/includes.sh: a room of src/ includes only rooms before it, in the order
#   core <- {lm, tree, answer} <- task <- store <- engine <- verifier <- search <- session <- policy <- {train, eval}
# and cli/, server/ and examples/ see only include/. Prints every line that breaks this. TAP output.
set -u
cd "$(dirname "$0")/.." || exit 1

broken=$(
  grep -rn '^#include "' --include='*.[ch]' src | awk -F'[:"]' '
    BEGIN {
      rank["core"] = 0
      rank["lm"] = rank["tree"] = rank["answer"] = 1; rank["task"] = 1.5
      rank["store"] = 2; rank["engine"] = 3; rank["verifier"] = 4; rank["search"] = 5; rank["session"] = 5.5; rank["policy"] = 6
      rank["train"] = rank["eval"] = 7
      rank["ponder"] = -1
    }
    {
      split($1, from, "/"); split($4, to, "/")
      if ($4 == "ponder.h" || $4 ~ /\.def$/ || from[2] == to[1]) next
      if (!(from[2] in rank) || !(to[1] in rank)) print $0 ": not a room of the list in tests/includes.sh"
      else if (rank[to[1]] >= rank[from[2]]) print $0 ": points backwards"
    }'
  for folder in cli server examples; do
    [ -d "$folder" ] || continue
    grep -rn '^#include "' --include='*.[ch]' "$folder" | grep -vE '"(ponder\.h|ponder/[a-z_]+\.h|cli\.h|commands\.def)"' |
      sed 's/$/: only include\/ may be seen here/'
  done
)
echo 1..1
if [ -n "$broken" ]; then
  printf '%s\n' "$broken" | sed 's/^/# /'
  echo 'not ok 1 - includes_point_to_earlier_rooms'
  exit 1
fi
echo 'ok 1 - includes_point_to_earlier_rooms'
