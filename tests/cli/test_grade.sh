#!/bin/sh
# grade and extract: the public cases, other fields kept, and what is refused.
. "$(dirname "$0")/lib.sh"

printf '{"id": 7, "gold": "1/2", "pred": "so it is \\\\boxed{0.5}"}\n' >"$scratch/one.jsonl"
run grade --in "$scratch/one.jsonl"
check "an_answer_in_a_text_is_graded_and_fields_are_kept" 'contains "$out" "\"equal\":true" && contains "$out" "\"id\": 7"'
check "the_count_goes_to_standard_error" 'contains "$err" "1 of 1 equal"'
printf '{"text": "It is 4, no: the answer is 5."}\n{"text": "None."}\n' >"$scratch/texts.jsonl"
run extract --in "$scratch/texts.jsonl"
check "an_answer_is_found" 'contains "$out" "\"answer\":\"5\""'
check "a_text_without_one_says_null" 'contains "$out" "\"answer\":null"'
run extract --box-only --in "$scratch/texts.jsonl"
check "with_box_only_nothing_else_counts" '[ "$(grep -c "\"answer\":null" "$scratch/out")" -eq 2 ]'
printf '{"gold": "1", "pred": "1"}\n\n{"gold": "1"}\n' >"$scratch/bad.jsonl"
run grade --in "$scratch/bad.jsonl"
check "a_bad_line_is_named_and_those_before_it_are_written" \
  '[ $status -eq 1 ] && contains "$err" "line 3" && contains "$err" "pred" && contains "$out" "\"equal\":true"'
printf '[1]\n' >"$scratch/array.jsonl"
run extract --in "$scratch/array.jsonl"
check "what_is_no_object_is_refused" '[ $status -eq 1 ] && contains "$err" "no object"'

if [ -f "$data/grader/dev_cases.jsonl" ]; then
  sed 's/"equal":/"want":/' "$data/grader/dev_cases.jsonl" >"$scratch/dev.jsonl"
  run grade --in "$scratch/dev.jsonl"
  check "the_public_cases_of_equality_pass" \
    '[ "$(grep -cE "\"want\": (true|false).*\"equal\":" "$scratch/out")" -gt 50 ] &&
     ! grep -qE "\"want\": true.*\"equal\":false|\"want\": false.*\"equal\":true" "$scratch/out"'
  swap='s/"gold":/"_":/; s/"pred":/"gold":/; s/"_":/"pred":/'
  sed "$swap" "$scratch/dev.jsonl" >"$scratch/swapped.jsonl"
  run grade --in "$scratch/swapped.jsonl"
  check "and_swapped_too" \
    '! grep -qE "\"want\": true.*\"equal\":false|\"want\": false.*\"equal\":true" "$scratch/out"'
else
  skip "the_public_cases_of_equality_pass" "no test data"
  skip "and_swapped_too" "no test data"
fi
printf '{"gold": 3, "pred": null}\n{"gold": 3.0, "pred": "3"}\n' >"$scratch/null.jsonl"
run grade --in "$scratch/null.jsonl"
check "null_is_no_answer_and_numbers_are_answers" '[ $status -eq 0 ] && contains "$out" "\"equal\":false,\"how\":\"no answer\"" && contains "$err" "1 of 2 equal"'
finish
