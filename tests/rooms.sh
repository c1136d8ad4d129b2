#!/bin/sh
# tests/rooms.sh [BUILD]: a room of src/ includes only rooms before it, in the order of src/meson.build, and calls
# only those (by the symbols of BUILD's libraries of rooms); cli/, server/ and examples/ see only include/; a room
# has 30 files at most, but task; and no static function of one word is in three files, so that a backtrace tells
# whose it is. Prints every line that breaks this. TAP output.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
rooms=$(sed -n "/^foreach room/,/\]/p" src/meson.build | grep -o "'[a-z]*'" | tr -d "'" | tr '\n' ' ')

includes() {
  grep -rn '^#include "' --include='*.[ch]' src | awk -F'[:"]' -v rooms="$rooms" '
    BEGIN { n = split(rooms, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i; rank["ponder"] = 0 }
    {
      split($1, from, "/"); split($4, to, "/")
      if ($4 == "ponder.h" || $4 ~ /\.def$/ || $4 == "peer_source.h" || from[2] == to[1]) next
      if (!(from[2] in rank) || !(to[1] in rank)) print $0 ": not a room of src/meson.build"
      else if (rank[to[1]] >= rank[from[2]]) print $0 ": points backwards"
    }'
  for folder in cli server examples; do
    [ -d "$folder" ] || continue
    grep -rn '^#include "' --include='*.[ch]' "$folder" | grep -vE '"(ponder\.h|ponder/[a-z_]+\.h|cli\.h|commands\.def)"' |
      sed 's/$/: only include\/ may be seen here/'
  done
}

# What a room defines, and what it leaves undefined that only a later room has.
calls() {
  for room in $rooms; do
    nm -A "$build/src/lib$room.a" 2>/dev/null | sed "s/^/$room /"
  done | awk -v rooms="$rooms" '
    BEGIN { n = split(rooms, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i }
    { type = $(NF - 1); symbol = $NF }
    type ~ /^[TDBRVW]$/ { home[symbol] = $1 }
    type == "U" { user[++uses] = $1; used[uses] = symbol }
    END {
      for (i = 1; i <= uses; i++)
        if (used[i] in home && rank[home[used[i]]] > rank[user[i]])
          print "src/" user[i] " calls " used[i] " of src/" home[used[i]] ", a later room"
    }' | sort -u
}

crowded() {
  for room in $rooms; do
    count=$(ls "src/$room" | grep -cE '\.([ch]|def)$')
    [ "$room" = task ] || [ "$count" -le 30 ] || echo "src/$room has $count files, and a room has 30 at most"
  done
}

nameless() {
  grep -rnoE '^static [^=;]*[ *]([a-z0-9]+)\(' --include='*.c' src cli |
    sed -E 's/^([^:]*):[0-9]*:.*[ *]([a-z0-9]+)\($/\2 \1/' | sort -u |
    awk '{ count[$1]++; files[$1] = files[$1] " " $2 } END { for (n in count) if (count[n] > 2) print n ":" files[n] }'
}

echo 1..4
failed=0
check() { # NUMBER NAME COMMAND
  broken=$($3)
  if [ -n "$broken" ]; then
    printf '%s\n' "$broken" | sed 's/^/# /'
    echo "not ok $1 - $2"
    failed=1
  else
    echo "ok $1 - $2"
  fi
}
check 1 includes_point_to_earlier_rooms includes
check 2 calls_point_to_earlier_rooms calls
check 3 no_room_is_crowded crowded
check 4 statics_have_names_of_their_own nameless
exit $failed
