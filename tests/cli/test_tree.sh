#!/bin/sh
# Traces of every search, drawn; and traces that are none.
. "$(dirname "$0")/lib.sh"

good() {
  printf '{"format":"ponder trace","version":1,"question":"%s","settings":{"search":"beam","n":4},"nodes":[%s],"path":[%s],"answer":"7","ledger":{}}' "$1" "$2" "$3"
}
root='{"parent":null,"text":"q"}'
step='{"parent":0,"text":"s","state":"kept","score":0.5}'

good q "$root,$step" 0,1 >"$scratch/good.json"
run tree "$scratch/good.json"
check "a_trace_is_drawn" '[ $status -eq 0 ] && contains "$out" "0.50 ###--" && contains "$out" "* s" && contains "$out" "the result"'
check "a_locale_without_utf8_gets_ascii" '! LC_ALL=C grep -q "[^ -~]" "$scratch/out"'
"$PONDER" tree - <"$scratch/good.json" >"$scratch/from_stdin"
check "a_trace_may_come_from_standard_input" 'cmp -s "$scratch/out" "$scratch/from_stdin"'
LC_ALL=C.UTF-8 "$PONDER" tree "$scratch/good.json" >"$scratch/out"
check "a_utf8_locale_gets_box_drawing" 'grep -q "★ s" "$scratch/out" && ! grep -q "$(printf "\033")" "$scratch/out"'
run tree --json "$scratch/good.json"
check "json_holds_the_facts" '[ $status -eq 0 ] && [ $(wc -l <"$scratch/out") -eq 1 ] && contains "$out" "\"answer\":\"7\"" && contains "$out" "\"kept\":1" && contains "$out" "\"path\":[{\"node\":1,"'
run tree --all --winner "$scratch/good.json"
check "all_and_winner_exclude_each_other" 'refused 2 && contains "$err" "--winner"'
run tree
check "a_missing_file_name_is_named" 'refused 2 && contains "$err" FILE'

good '\u001b[2J\u0007' "$root,{\"parent\":0,\"text\":\"\\u001b]0;x\\u0007\\u202e\\u009b31m\",\"state\":\"ended\",\"answer\":\"\\u001b[31m\"}" 0,1 >"$scratch/hostile.json"
for flag in --all --winner --json; do
  LC_ALL=C.UTF-8 "$PONDER" tree $flag "$scratch/hostile.json" >"$scratch/out" 2>&1
  status=$?
  check "no_control_characters_reach_the_terminal$flag" '[ $status -eq 0 ] && ! LC_ALL=C grep -q "$(printf "[\001-\010\013-\037]")" "$scratch/out"'
done

# refuse NAME WANTED: bad.json is refused with a word on what is wrong.
refuse() {
  wanted=$2
  run tree "$scratch/bad.json"
  check "$1" 'refused 1 && contains "$err" bad.json && contains "$err" "$wanted"'
}
: >"$scratch/bad.json"
refuse "an_empty_file_is_refused" "byte 0"
echo '{"problem": "1+1", "answer": "2"}' >"$scratch/bad.json"
refuse "another_kind_of_file_is_refused" "ponder solve --trace"
good q "$root,{\"parent\":2,\"text\":\"s\",\"state\":\"kept\"},{\"parent\":1,\"text\":\"s\",\"state\":\"kept\"}" "" >"$scratch/bad.json"
refuse "a_cycle_is_refused" 'node 1: "parent"'
good q "$root,{\"text\":\"s\",\"state\":\"kept\"}" "" >"$scratch/bad.json"
refuse "a_missing_parent_is_refused" 'node 1: "parent"'
good q "$root,{\"parent\":0,\"text\":[],\"state\":\"kept\"}" "" >"$scratch/bad.json"
refuse "a_wrong_type_is_refused" 'node 1: "text"'
good q "$root,{\"parent\":0,\"text\":\"$(printf '\377')\",\"state\":\"kept\"}" "" >"$scratch/bad.json"
refuse "text_that_is_no_utf8_is_refused" "byte "
good q "$root,$step" 0,2 >"$scratch/bad.json"
refuse "a_path_out_of_the_tree_is_refused" "path: item 1"
head -c 150 "$scratch/good.json" >"$scratch/bad.json"
refuse "half_a_trace_is_refused" "byte "
run tree "$scratch/nowhere.json"
check "a_file_that_is_not_there_is_named" 'refused 1 && contains "$err" nowhere.json'
run tree "$scratch"
check "a_folder_is_refused" 'refused 1'

# 100 MB of brackets, of nodes, and of text: each ends soon, in little memory. PONDER_ASAN leaves that out for a program
# built with the address sanitizer, which takes more address space than the limit here.
large() {
  wanted=$2
  (
    ulimit -v 2000000
    timeout 60 "$PONDER" tree "$scratch/large.json" >"$scratch/out" 2>"$scratch/err"
  )
  status=$?
  out=$(head -c 300 "$scratch/out")
  err=$(cat "$scratch/err")
  check "$1" '[ $status -eq 1 ] && [ -z "$out" ] && contains "$err" "$wanted"'
}
if [ -z "${PONDER_ASAN:-}" ]; then
  { printf '{"nodes":['; yes '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[' | head -c 100000000; } >"$scratch/large.json"
  large "100_MB_of_brackets_are_refused" "nested too deep"
  { printf '{"nodes":[%s' "$root"; yes ",$step" | head -c 100000000; } >"$scratch/large.json"
  large "100_MB_of_nodes_are_refused" "more than 1048576 nodes"
  { printf '{"nodes":[{"parent":null,"text":"'; head -c 100000000 /dev/zero | tr '\0' x; } >"$scratch/large.json"
  large "100_MB_of_text_are_refused" "too large a value"
  { head -c 150000000 /dev/zero | tr '\0' ' '; } >"$scratch/large.json"
  large "a_file_over_the_limit_is_refused" "limit of 134217728 bytes"
  rm "$scratch/large.json"
fi

if [ ! -f "$shipped" ]; then
  skip "traces_of_searches" "there is no models/pocket-base.gguf"
  finish
fi
question='Let a, b and c be the smaller roots of x^2-15x+54, x^2-12x+27 and x^2-9x+8. What is a+b+c?'
for search in "best_of_n" "best_of_n --verifier prm" "beam" "lookahead" "dvts" "particles:entropy=0.5"; do
  name=$(echo "$search" | tr -d -- '-' | tr ' :=.' _)
  run solve -n 8 --search $search --trace "$scratch/t.json" "$question"
  answer=$(sed -n '1s/  .*//p' "$scratch/out")
  check "${name}_writes_a_trace" '[ $status -eq 0 ] && [ -s "$scratch/t.json" ] && [ -z "$(ls "$scratch" | grep tmp)" ]'
  for flag in "" --all --winner "--columns 40" "--columns 120"; do
    LC_ALL=C.UTF-8 run tree $flag "$scratch/t.json"
    widest=$(awk '{ gsub(/[\200-\277]/, ""); if (length($0) > w) w = length($0) } END { print w }' "$scratch/out")
    columns=$(echo "$flag 80" | sed 's/.*--columns \([0-9]*\).*/\1/; s/.* //')
    check "${name}_is_drawn_with_its_answer_in_${columns}_columns_$(echo $flag | tr -d ' -')" '[ $status -eq 0 ] && [ "$widest" -le "$columns" ] && contains "$out" "★" && contains "$out" " $answer  "'
  done
  run tree --json "$scratch/t.json"
  check "${name}_gives_facts" '[ $status -eq 0 ] && contains "$out" "\"answer\":\"$answer\"" && contains "$out" "\"search\":\"${search%%[: ]*}\""'
done
run solve -n 8 --search beam --budget 300t --trace "$scratch/t.json" "$question"
run tree "$scratch/t.json"
check "a_search_that_ends_early_says_why" '[ $status -eq 0 ] && contains "$out" "the budget was spent"'
"$PONDER" tree "$scratch/t.json" >/dev/full 2>"$scratch/err"
status=$?
err=$(cat "$scratch/err")
check "a_full_disk_is_told" '[ $status -eq 1 ] && contains "$err" "standard output"'
finish
