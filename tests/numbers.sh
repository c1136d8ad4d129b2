#!/bin/sh
# tests/numbers.sh: src/ reads and prints fractions through core/number.h, buf_printf() and err_set(), which do
# not follow the host program's locale. Prints every line that does otherwise. TAP output.
set -u
cd "$(dirname "$0")/.." || exit 1

broken=$(
  grep -rnE '(^|[^a-z_])(strto(d|f|ld)|atof)\(' --include='*.c' src | grep -v '^src/core/number\.c:'
  # A call may go on in the next lines: its format is looked for up to the semicolon.
  find src -name '*.c' ! -path src/core/number.c | while read -r file; do
    awk -v file="$file" '
      { if (match($0, /(^|[^a-z_])(v?s?n?printf|fprintf|s?scanf|sscanf)\(/)) { call = ""; line = FNR; open = 1 } }
      open { call = call $0; if (/;$/) { open = 0
        if (call ~ /%[-+ #0-9.*]*(l|L)?[aefgAEFG]([^a-zA-Z]|$)/) print file ":" line ": " call } }' "$file"
  done
)
echo 1..1
if [ -n "$broken" ]; then
  printf '%s\n' "$broken" | sed 's/^/# /'
  echo 'not ok 1 - numbers_do_not_follow_the_locale'
  exit 1
fi
echo 'ok 1 - numbers_do_not_follow_the_locale'
