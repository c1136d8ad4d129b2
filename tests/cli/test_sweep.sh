#!/bin/sh
# Temperatures: what is taken where none is given, sweeps, and how a model keeps what was best.
. "$(dirname "$0")/lib.sh"

db=$scratch/runs.db
if [ ! -f "$shipped" ] || [ ! -f "$root/models/pocket-prm.gguf" ]; then
  skip "sweeps" "the shipped models are not here"
  finish
fi
model=$scratch/model.gguf
cp "$shipped" "$model"

# What a run in a store was sampled at.
temperature_of() { "$PONDER" runs show "$db" "$1" --json | sed 's/.*"temperature":\([0-9.]*\).*/\1/'; }

run eval -m "$model" --data pocket:test:6 -n 4 -t 0,0.4,1 --store "$db"
check "a_sweep_shows_each_method_at_each_temperature" '[ $status -eq 0 ] && contains "$out" "N = 4 " && contains "$out" "majority" && contains "$out" "pass@N" && contains "$out" "greedy" && contains "$out" "best here: a vote"'
check "each_temperature_is_a_run" '[ "$(temperature_of 1)" = 0.0 ] && [ "$(temperature_of 2)" = 0.4 ] && [ "$(temperature_of 3)" = 1.0 ]'
check "at_temperature_0_one_solution_is_sampled" 'contains "$("$PONDER" runs show "$db" 1 --json)" "\"n\":1,"'
run eval -m "$model" --data pocket:test:6 -n 4 -t 0.4 --store "$db"
check "one_temperature_goes_on_with_the_run_of_a_sweep" '[ $status -eq 0 ] && contains "$out" "all were done before"'
run eval -m "$model" --data pocket:test:6 -n 4 -t 0,0.4,0.7,1 --verifier prm --store "$db"
check "temperatures_and_a_verifier_can_be_added_later" '[ $status -eq 0 ] && contains "$out" "weighted by prm" && contains "$out" "0.7"'
run eval -m "$model" --data pocket:test:6 -n 4 -t 0,0.4,0.7,1 --json --store "$db"
check "a_sweep_as_json" '[ $status -eq 0 ] && contains "$out" "\"name\":\"temperature\"" && contains "$out" "\"temperature\":0.7"'
run eval -m "$model" --data pocket:test:4 -n 2 -t 0,1
check "a_sweep_needs_no_store_and_leaves_none" '[ $status -eq 0 ] && contains "$out" "majority" && [ -z "$(ls "${TMPDIR:-/tmp}"/ponder-sweep-* 2>/dev/null)" ]'
run figure "$db" temperature
check "a_sweep_is_a_figure" '[ $status -eq 0 ] && contains "$out" "| weighted by prm | 0.7 | 4 | 4 |"'
if command -v gnuplot >/dev/null; then
  run figure "$db" temperature --svg "$scratch/t.svg"
  check "a_sweep_is_drawn" '[ $status -eq 0 ] && grep -q "N = 4" "$scratch/t.svg"'
  run report "$db" -o "$scratch/report.html"
  check "a_report_has_the_sweep" '[ $status -eq 0 ] && grep -q "Which temperature" "$scratch/report.html"'
else
  skip "a_sweep_is_drawn" "there is no gnuplot here"
  skip "a_report_has_the_sweep" "there is no gnuplot here"
fi

for wrong in 0,x 0.4,0.2 0,,1 0,11 "" ,; do
  run eval -m "$model" --data pocket:test:6 -t "$wrong"
  check "the_list_is_refused: $wrong" 'refused 2 && contains "$err" "--temperature"'
done

run model "$model" --keep-sampling "$db"
check "a_model_keeps_what_was_best" '[ $status -eq 0 ] && contains "$out" "ponder.sampling.vote.temperature" && contains "$("$PONDER" model "$model" --json)" "ponder.sampling.weighted.temperature"'
vote=$("$PONDER" model "$model" --json | sed 's/.*"ponder.sampling.vote.temperature":\([0-9.]*\).*/\1/')
run eval -m "$model" --data pocket:test:6 -n 2 --store "$db" --json
last=$(echo "$out" | sed 's/.*"run":\([0-9]*\).*/\1/')
check "where_no_temperature_is_given_the_models_own_is_taken" '[ "$(printf %.3s "$(temperature_of "$last")")" = "$(printf %.3s "$vote")" ]'
run eval -m "$model" --data pocket:test:6 -n 4 -t 0.4 --store "$db"
check "what_a_file_says_of_sampling_is_no_part_of_what_runs_know_it_by" '[ $status -eq 0 ] && contains "$out" "all were done before"'
run solve -m "$model" -n 1 "Let a and b be the smaller roots of x^2-5x+4 and x^2-9x+14. What is a+b?"
once=$out
run solve -m "$model" -n 1 -s 7 "Let a and b be the smaller roots of x^2-5x+4 and x^2-9x+14. What is a+b?"
check "one_answer_is_the_greedy_one" '[ "${once%%generations*}" = "${out%%generations*}" ]'
run solve -m "$model" -n 4 --pool none "1+1"
check "an_unknown_pool_is_refused" 'refused 2 && contains "$err" "--pool"'
run model "$model" --keep-surprise "sums"
check "what_a_model_knows_is_kept_with_the_questions_that_say_so" 'refused 2 && contains "$err" "--surprise SET"'
cp "$model" "$scratch/copy.gguf"
run model "$scratch/copy.gguf" --surprise pocket:test:20 --keep-surprise "sums of Pocket"
check "how_much_its_questions_surprise_a_model_is_kept" '[ $status -eq 0 ] && contains "$out" "20 questions" && contains "$("$PONDER" model "$scratch/copy.gguf" --json)" "sums of Pocket"'
run model "$model" --keep-sampling "$scratch/none.db"
check "a_store_that_is_not_there_changes_no_model" 'refused 1'
finish
