#!/bin/sh
# budgets.sh [RUNS]: `ponder solve` under that many random budgets (1,000) of generations, tokens, FLOPs or seconds, by every search,
# with the shipped model and verifier; none may be passed, seconds by more than 0.2. Takes some minutes of a quiet machine.
# PONDER names the program.
set -eu
: "${PONDER:=build/cli/ponder}"
runs=${1:-1000}
question='If a(a+3)=18, b(b+4)=96 and c(c+1)=12 for positive integers a, b and c, what is a+b+c?'
awk -v runs="$runs" 'BEGIN {
    srand(7)
    split("best_of_n beam lookahead dvts", search, " ")
    for (i = 0; i < runs; i++) {
        width = 1 + int(rand() * 4)
        n = width * (1 + int(rand() * 8))
        kind = int(rand() * 4)
        if (kind == 0) budget = sprintf("%dg", 1 + rand() * 40)
        if (kind == 1) budget = sprintf("%dt", 1 + rand() * 4000)
        if (kind == 2) budget = sprintf("%de6f", 1 + rand() * 20000)
        if (kind == 3) budget = sprintf("%.2fs", 0.05 + rand() * 0.5)
        print search[1 + i % 4], n, width, budget, i
    }
}' | while read -r search n width budget seed; do
    "$PONDER" solve --search "$search" -n "$n" --width "$width" --lookahead 2 --verifier prm --budget "$budget" --seed "$seed" --json \
        "$question" 2>/dev/null | sed 's/.*"ledger"://' | tr -d '{}"' | tr ',:' '  ' |
        awk -v budget="$budget" -v what="$search -n $n --width $width --seed $seed --budget $budget" '
            { for (i = 1; i < NF; i += 2) at[$i] = $(i + 1) }
            END {
                limit = budget; unit = substr(budget, length(budget)); sub(/[a-z]$/, "", limit); limit += 0
                tokens = at["prompt_tokens"] + at["generated_tokens"] + at["verifier_tokens"]
                spent = unit == "g" ? at["generations"] : unit == "t" ? tokens : unit == "f" ? at["flops"] : at["seconds"] - 0.2
                print (NR == 1 && spent <= limit ? "kept" : "PASSED"), what, spent
            }'
done | awk '
    { count[$1]++; if ($1 != "kept") print }
    END { printf "%d budgets kept, %d passed\n", count["kept"], count["PASSED"]; exit count["PASSED"] > 0 }'
