#!/bin/sh
# task check, train prm and score, in a chain over a few questions of the shipped model.
. "$(dirname "$0")/lib.sh"

"$PONDER" task pocket --count 5 | "$PONDER" task check >"$scratch/checked"
check "solutions_of_the_generator_are_right" '[ $(grep -c "\"first_wrong\":null" "$scratch/checked") -eq 5 ]'
printf '{"problem": "Who?", "text": "1"}\n' >"$scratch/other.jsonl"
run task check --in "$scratch/other.jsonl"
check "a_line_that_is_no_pocket_question_is_named" 'refused 1 && contains "$err" "line 1"'
run task check --in "$scratch/other.jsonl" --skip
check "such_lines_are_left_out_where_asked" '[ $status -eq 0 ] && [ -z "$out" ] && contains "$err" "1 of 1"'
run task check --in "$scratch/none.jsonl"
check "missing_samples_are_named" 'refused 1 && contains "$err" none.jsonl'
run score --samples "$scratch/checked"
check "a_file_without_samples_says_what_writes_them" 'refused 1 && contains "$err" "runs export"'
run score "one operand"
check "a_question_without_a_solution_is_refused" 'refused 2 && contains "$err" SOLUTION'
run score
check "score_wants_samples" 'refused 2 && contains "$err" --samples'
run train prm --samples "$scratch/checked" --out "$scratch/prm.gguf"
check "train_prm_wants_a_base" 'refused 2 && contains "$err" --base'

shipped_verifier=$root/models/pocket-prm.gguf
model=$(any_model)
if [ -z "$model" ] || ! "$PONDER" model "$model" | grep -q ponder.prompt; then
  skip "verifier" "the shipped model is not here"
  finish
fi
"$PONDER" eval --model "$model" --data pocket:test:6 -n 4 --store "$scratch/runs.db" >/dev/null 2>&1
"$PONDER" runs export "$scratch/runs.db" 1 >"$scratch/samples.jsonl"
"$PONDER" task check --in "$scratch/samples.jsonl" >"$scratch/labels.jsonl"
check "every_sample_gets_labels" '[ $(grep -o "\"answer_right\"" "$scratch/labels.jsonl" | wc -l) -eq 24 ]'
run train prm --base "$model" --samples "$scratch/samples.jsonl" --out "$scratch/prm.gguf"
check "samples_without_labels_say_what_adds_them" 'refused 1 && contains "$err" "task check" && [ ! -e "$scratch/prm.gguf" ]'
run train prm --base "$model" --samples "$scratch/labels.jsonl" --out "$scratch/prm.gguf" --labels votes
check "unknown_labels_are_refused" 'refused 2 && contains "$err" "steps nor answer"'
run train prm --base "$model" --samples "$scratch/labels.jsonl" --out "$scratch/prm.gguf" --epochs 1 --heldout 0
check "a_verifier_is_trained" '[ $status -eq 0 ] && contains "$out" parameters'
run model "$scratch/prm.gguf"
check "its_profile_is_in_its_file" 'contains "$out" ponder.verifier.template && contains "$out" ponder.verifier.good_token_id'
run score --verifier "$scratch/prm.gguf" --samples "$scratch/labels.jsonl" --out "$scratch/scored.jsonl"
check "a_verifier_is_reported_on" '[ $status -eq 0 ] && contains "$out" AUROC && contains "$out" weighted'
whole=$out
head -n 3 "$scratch/scored.jsonl" >"$scratch/part.jsonl"
head -c 100 "$scratch/scored.jsonl" >>"$scratch/part.jsonl"
run score --verifier "$scratch/prm.gguf" --samples "$scratch/labels.jsonl" --out "$scratch/part.jsonl"
check "scores_go_on_where_they_were_cut" '[ $status -eq 0 ] && cmp -s "$scratch/scored.jsonl" "$scratch/part.jsonl"'
tac "$scratch/scored.jsonl" >"$scratch/mixed.jsonl"
run score --verifier "$scratch/prm.gguf" --samples "$scratch/labels.jsonl" --out "$scratch/mixed.jsonl"
check "scores_of_other_samples_are_refused" 'refused 1 && contains "$err" another'
first='x^2-12x+11: a=1, 12-1=11, 1*11=11.'
run score --verifier "$scratch/prm.gguf" "What is a?" "$first
The answer is \\boxed{1}."
check "a_solution_is_scored_step_by_step" '[ $status -eq 0 ] && [ $(grep -c "^[01][.]" "$scratch/out") -eq 3 ] && contains "$out" "$first" && contains "$out" "2 steps"'
run score --verifier "$scratch/prm.gguf" --json "What is a?" "$first"
check "a_scored_solution_is_json" '[ $status -eq 0 ] && contains "$out" "\"steps\":[{\"text\":" && contains "$out" "\"aggregate\":\"min\""'
run score --verifier "$scratch/prm.gguf" "What is a?" ""
check "an_empty_solution_is_refused" 'refused 2 && contains "$err" "a line each"'
run score --verifier "$scratch/prm.gguf" --samples "$scratch/labels.jsonl" --out "$scratch/labels.jsonl"
check "scores_do_not_replace_the_samples" 'refused 2 && contains "$err" "what --samples reads"'
printf '{"a": 1}' >"$scratch/notes.json"
run score --verifier "$scratch/prm.gguf" --samples "$scratch/labels.jsonl" --out "$scratch/notes.json"
check "a_file_without_a_whole_line_is_left_as_it_is" 'refused 1 && [ "$(cat "$scratch/notes.json")" = "{\"a\": 1}" ]'
run score --verifier "$shipped_verifier" --samples "$scratch/labels.jsonl" --out "$scratch/scored.jsonl"
check "scores_of_another_verifier_are_not_gone_on_with" 'refused 1 && contains "$err" "by this verifier"'
run score --samples "$scratch/scored.jsonl" --aggregate median
check "an_unknown_aggregate_is_refused" 'refused 2 && contains "$err" "last, min, prod or mean"'
run score --samples "$scratch/scored.jsonl" --json
check "score_gives_one_json_object" '[ $status -eq 0 ] && contains "$out" "\"auroc\"" && [ $(wc -l <"$scratch/out") -eq 1 ]'
finish
