#!/bin/sh
# replay: the table, --json, what is refused, and the published figures where the shared data is.
. "$(dirname "$0")/lib.sh"

cat >"$scratch/s.jsonl" <<'LINES'
{"unique_id": "a", "problem": "p", "answer": "1", "samples": [{"text": "\\boxed{1}", "scores": [0.9]}, {"text": "\\boxed{2}", "scores": [0.2]}, {"text": "\\boxed{2}", "scores": [0.3]}]}
{"unique_id": "b", "problem": "q", "answer": "1", "samples": [{"text": "\\boxed{1}", "scores": [0.9]}, {"text": "\\boxed{1}", "scores": [0.2]}, {"text": "", "scores": []}]}
LINES
run replay --samples "$scratch/s.jsonl" --aggregate min
check "the_table_names_methods_and_sizes" \
  '[ $status -eq 0 ] && contains "$out" "2 questions, 3 samples" && contains "$out" "N = 3" && grep -q "weighted, min  *1.000 1.000-1.000" "$scratch/out"'
check "samples_without_an_answer_are_told" 'contains "$out" "16.7% of samples without an answer"'
sed 's/{"text"/{"correct": false, "text"/g' "$scratch/s.jsonl" >"$scratch/judged.jsonl"
run replay --samples "$scratch/judged.jsonl" --n 3
check "our_own_verdicts_are_made_anew" 'contains "$out" "verdicts of now, 3 of 6"'
run replay --samples "$scratch/judged.jsonl" --n 3 --verdicts recorded
check "and_taken_as_recorded_where_asked" 'contains "$out" "verdicts as recorded, 3 of 6" && grep -q "pass  *0.000" "$scratch/out"'
run replay --samples "$scratch/s.jsonl" --json --n 1,3
check "json_is_one_object" '[ $status -eq 0 ] && [ "$(wc -l <"$scratch/out")" -eq 1 ] && contains "$out" "\"n\":[1,3]"'
"$PONDER" replay --samples - --n 3 <"$scratch/s.jsonl" >"$scratch/out" 2>&1
check "standard_input_is_read" 'grep -q "N = 3" "$scratch/out"'
run replay --samples "$scratch/s.jsonl" --first --n 2 --answers "$scratch/picks.jsonl"
check "picked_answers_are_written" '[ $status -eq 0 ] && [ "$(grep -c "\"method\":\"majority\"" "$scratch/picks.jsonl")" -eq 2 ]'

run replay
check "without_samples_the_option_is_named" 'refused 2 && contains "$err" "--samples FILE"'
run replay --samples "$scratch/s.jsonl" --n 4
check "more_than_is_recorded_is_refused" 'refused 2 && contains "$err" "from 1 to 3"'
run replay --samples "$scratch/none.jsonl"
check "a_missing_file_is_named" 'refused 1 && contains "$err" none.jsonl'
run replay --samples "$scratch"
check "a_folder_is_refused" 'refused 1'
sed '2s/0.2/7/' "$scratch/s.jsonl" >"$scratch/bad.jsonl"
run replay --samples "$scratch/bad.jsonl"
check "a_bad_line_is_named" 'refused 1 && contains "$err" "bad.jsonl:2: sample 2: step score 1"'
run replay --samples "$scratch/s.jsonl" --answers "$scratch/x.jsonl"
check "answers_without_an_order_are_explained" 'refused 2 && contains "$err" "--first" && [ ! -e "$scratch/x.jsonl" ]'

# The value of METHOD[, SCORE] at N, from --json.
value() {
  sed 's/{"method"/\n&/g' "$scratch/out" | grep "\"method\":\"$1\"" | sed "s/.*{\"n\":$2,\"exact\":true,\"accuracy\":{\"value\":\([0-9.]*\).*/\1/" | head -n 1
}
within() {
  awk "BEGIN { exit !($1 >= $2 && $1 <= $3) }"
}
if [ -f "$data/samples/qwen_orm_math100x8.jsonl" ]; then
  run replay --samples "$data/samples/qwen_orm_math100x8.jsonl" --json
  check "majority_of_8_is_as_published" 'within "$(value majority 8)" 0.92 0.94'
  check "best_of_8_is_as_published" 'within "$(value best_of_n 8)" 0.93 0.95'
  check "pass_at_8_is_as_published" 'within "$(value pass 8)" 0.95 0.97'
else
  skip "the_published_figures_come_out" "no test data"
fi
file=$data/samples/search_and_learn_beam16_llama3.2-3b_q100.jsonl
if [ -f "$file" ]; then
  run replay --samples "$file" --first --aggregate last --extract number --json
  same=$(grep -o '"same":[0-9]*' "$scratch/out" | sed 's/.*://' | sort -n)
  check "answers_are_those_search_and_learn_picked" '[ $(echo "$same" | wc -l) -eq 15 ] && [ "$(echo "$same" | head -n 1)" -ge 97 ]'
else
  skip "answers_are_those_search_and_learn_picked" "no test data"
fi
finish
