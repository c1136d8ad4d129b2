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
check "unknown_labels_are_refused" 'refused 2 && contains "$err" "steps, any, answer"'
# from the shipped one, since 24 solutions teach no other model enough to pass the probe that it will carry
run train prm --base "$shipped_verifier" --samples "$scratch/labels.jsonl" --out "$scratch/prm.gguf" --epochs 1 --heldout 0 --lr 1e-5
check "a_verifier_is_trained" '[ $status -eq 0 ] && contains "$out" parameters'
run model "$scratch/prm.gguf"
check "its_profile_is_in_its_file" 'contains "$out" ponder.verifier.template && contains "$out" ponder.verifier.good_token_id'
run train prm --base "$model" --store "$scratch/runs.db" --out "$scratch/none.gguf"
check "a_store_without_labels_says_what_makes_them" 'refused 1 && contains "$err" "ponder label"'
"$PONDER" label --model "$model" --data pocket:train:4 -n 4 --rollouts 2 --store "$scratch/runs.db" >/dev/null 2>&1
run train prm --base "$model" --store "$scratch/runs.db" --samples "$scratch/labels.jsonl" --out "$scratch/none.gguf"
check "labels_come_from_one_place" 'refused 2 && contains "$err" "one of them"'
run train prm --base "$model" --store "$scratch/runs.db" --run 1 --out "$scratch/none.gguf"
check "a_run_without_labels_is_refused" 'refused 2 && contains "$err" "run 1 has no labels"'
run train prm --base "$model" --store "$scratch/runs.db" --out "$scratch/soft.gguf" --epochs 1 --heldout 0 --patience 3
check "patience_without_held_out_questions_is_refused" 'refused 2 && contains "$err" "--patience"'
run train prm --base "$model" --store "$scratch/runs.db" --out "$scratch/soft.gguf" --epochs 4 --heldout 0.5 --heldout-every 1 --patience 2 --dropout 0.05
check "rollouts_of_a_store_are_learnt_and_the_best_step_is_named" '[ $status -eq 0 ] && contains "$out" "weights are those of step" && contains "$out" "held-out questions:"'
run runs export "$scratch/runs.db" 1 --format math-shepherd
check "a_run_without_labels_is_not_exported_as_one_with" 'refused 2 && contains "$err" "no labels" && [ -z "$out" ]'
run runs export "$scratch/runs.db" 2 --format shepherd
check "an_unknown_form_is_refused" 'refused 2 && contains "$err" math-shepherd'
run runs export "$scratch/runs.db" 2 --format math-shepherd
check "labels_are_exported_as_math_shepherd_has_them" '[ $status -eq 0 ] && contains "$out" "\"label\":" && contains "$out" "\"rollouts\":2"'
cp "$scratch/out" "$scratch/shepherd.jsonl"
hash_of() { "$PONDER" model "$1" | grep -o "samples-hash [0-9a-f]*"; }
run train prm --base "$model" --samples "$scratch/shepherd.jsonl" --out "$scratch/again.gguf" --epochs 1 --heldout 0
check "what_was_exported_is_learnt_as_the_store_is" '[ $status -eq 0 ] && [ "$(hash_of "$scratch/again.gguf")" = "$(hash_of "$scratch/soft.gguf")" ]'
printf '{"input": "Q", "label": "Q"}\n' >"$scratch/bad.jsonl"
run train prm --base "$model" --samples "$scratch/bad.jsonl" --out "$scratch/none.gguf"
check "a_line_that_is_no_labelled_solution_is_named" 'refused 1 && contains "$err" "bad.jsonl:1" && [ ! -e "$scratch/none.gguf" ]'
run train orm --base "$model" --store "$scratch/runs.db" --out "$scratch/orm.gguf"
check "a_store_of_two_runs_wants_one_named" 'refused 2 && contains "$err" "--run"'
run train orm --base "$model" --store "$scratch/runs.db" --run 1 --out "$scratch/orm.gguf" --epochs 1 --heldout 0
check "an_outcome_verifier_is_trained" '[ $status -eq 0 ] && "$PONDER" model "$scratch/orm.gguf" | grep -q "verifier.outcome"'
run score --verifier "prm:$scratch/orm.gguf" --samples "$scratch/labels.jsonl" --out "$scratch/outcomes.jsonl"
check "an_outcome_verifier_is_none_of_steps" 'refused 2 && contains "$err" "scores whole solutions"'
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
run score --verifier orm "What is a?" "$first
The answer is \\boxed{1}."
check "the_shipped_verifier_of_outcomes_scores_the_whole" '[ $status -eq 0 ] && [ $(grep -c "^[01][.][0-9]*  " "$scratch/out") -eq 1 ]'
run score --verifier "$scratch/prm.gguf" --json "What is a?" "$first"
check "a_scored_solution_is_json" '[ $status -eq 0 ] && contains "$out" "\"steps\":[{\"text\":" && contains "$out" "\"aggregate\":\"last\""'
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
if command -v gnuplot >/dev/null; then
  run score --samples "$scratch/scored.jsonl" --calibration "$scratch/plot.svg"
  check "scores_are_drawn_as_probabilities" '[ $status -eq 0 ] && contains "$out" "expected calibration error" && grep -q "</svg>" "$scratch/plot.svg"'
fi
run score --samples "$scratch/scored.jsonl" --calibration "$scratch"
check "a_folder_is_no_place_for_a_plot" 'refused 1 && contains "$err" "--calibration"'
run score --samples "$scratch/scored.jsonl" --json
check "score_gives_one_json_object" '[ $status -eq 0 ] && contains "$out" "\"auroc\"" && [ $(wc -l <"$scratch/out") -eq 1 ]'

# The samples of a stored run
run score --samples "$scratch/runs.db" --verifier prm
check "a_store_needs_the_run" 'refused 2 && contains "$err" "--run is missing"'
run score --samples "$scratch/runs.db" --run 1 --verifier prm --json
check "a_run_is_judged_as_a_run_of_its_own" '[ $status -eq 0 ] && contains "$out" "\"run\":3" && contains "$out" "\"resumed\":0"'
run score --samples "$scratch/runs.db" --run 1 --verifier prm --json
check "what_is_judged_is_not_judged_again" 'contains "$out" "\"resumed\":6" && contains "$out" "\"verifier_tokens\":0"'
run replay --samples "$scratch/runs.db" --run 3 --n 4
check "a_stored_verdict_is_chosen_by" '[ $status -eq 0 ] && contains "$out" "weighted, min"'
run score --samples "$scratch/runs.db" --run 3 --verifier prm
check "scores_are_not_put_on_scores" 'refused 2 && contains "$err" "scores already"'
finish
