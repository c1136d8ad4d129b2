#!/bin/sh
# solve and eval with the shipped model.
. "$(dirname "$0")/lib.sh"

if [ ! -f "$shipped" ]; then
  skip "solve_with_the_shipped_model" "there is no models/pocket-base.gguf"
  finish
fi
question=$("$PONDER" task pocket --split test --count 1 --seed 1 2>/dev/null | sed -n 's/.*"problem": *"\([^"\\]*\)".*/\1/p')
[ -n "$question" ] || question="What is 3 + 4?"

run solve -n 32 "$question"
check "solve_prints_answer_votes_steps_and_ledger" '[ $status -eq 0 ] && ! contains "$err" ponder: && contains "$out" vote && contains "$out" Steps && contains "$out" FLOP'
check "no_escape_sequences_reach_a_pipe" '! grep -q "$(printf "\033")" "$scratch/out"'
printed=$(sed -n '1s/  .*//p' "$scratch/out")
run solve -n 32 --json "$question"
check "json_holds_answer_votes_candidates_and_ledger" '[ $status -eq 0 ] && [ $(wc -l <"$scratch/out") -eq 1 ] && contains "$out" "\"answer\":" && contains "$out" "\"votes\":" && contains "$out" "\"candidates\":" && contains "$out" "\"ledger\":{" && contains "$out" "\"generations\":32"'
echo "$question" | "$PONDER" solve -n 4 - >"$scratch/out" 2>"$scratch/err"
status=$?
check "a_question_may_come_from_standard_input" '[ $status -eq 0 ] || [ $status -eq 3 ]'

run solve -n 64 --exact --seed 9 --json "$question"
all=$(printf '%s' "$out" | sed 's/"ledger".*//')
run solve -n 64 --exact --seed 9 --json --threads 1 "$question"
check "exact_gives_the_same_candidates_with_other_threads" '[ "$(printf "%s" "$out" | sed "s/\"ledger\".*//")" = "$all" ]'

run solve -n 1 "$question"
check "no_alarm_at_a_question_that_the_model_knows" '! contains "$err" "no question of the kind"'
run solve -n 1 "Write a poem about a mill by a river."
check "a_question_of_another_kind_is_said_to_be_that" '[ $status -ne 1 ] && contains "$err" "no question of the kind that the model knows: questions of Pocket" && contains "$err" "-m FILE"'
run solve -n 8 -t 0 --json "$question"
check "eight_greedy_solutions_are_one_and_that_is_said" '[ $status -eq 0 ] && contains "$out" "\"generations\":1," && contains "$err" "all 8 solutions would be the same text"'
run solve -n 4 --max_tokens 90 --search best-of-n "$question"
check "names_are_read_with_either_dash" '[ $status -ne 2 ]'
run solve --help
for option in model n search verifier budget; do
  check "the_help_of_solve_shows_$option" 'grep -q -e "--$option [A-Z]*  *[a-zA-Z0-9]" "$scratch/out"'
done

run solve -n 8 --trace "$scratch/trace.json" "$question"
check "a_trace_counts_every_solution" '[ $(sed -n "s/.*\"samples\":\([0-9]*\).*/\1/p" "$scratch/trace.json" | awk "{ sum += \$1 } END { print sum }") -eq 8 ]'
run solve -n 1 --max-tokens 4 --chat chatml --system Brief. --trace "$scratch/trace.json" "$question"
check "a_chat_template_is_filled_in" 'contains "$(cat "$scratch/trace.json")" "<|im_start|>system\\nBrief.<|im_end|>\\n<|im_start|>user\\n"'
for number in 1 2 3 4; do
  printf '{"question": "What is %d+1?", "answer": "%d+1=%d\\n#### %d"}\n' $number $number $((number + 1)) $((number + 1))
done >"$scratch/shots.jsonl"
run solve -n 1 --max-tokens 4 --chat none --shots "$scratch/shots.jsonl" --trace "$scratch/trace.json" "$question"
check "worked_examples_stand_before_the_question" '[ "$(grep -o "Solution:" "$scratch/trace.json" | wc -l)" -eq 5 ]'
run solve -n 8 --search dvts "$question"
check "a_search_prints_its_score_and_what_the_verifier_took" '{ [ $status -eq 0 ] || [ $status -eq 3 ]; } && contains "$out" "verifier tokens"'
run solve -n 8 --search beam --exact --json "$question"
all=$(printf '%s' "$out" | sed 's/"ledger".*//')
run solve -n 8 --search beam --exact --json --threads 1 "$question"
check "exact_gives_the_same_search_of_one_question" '[ "$(printf "%s" "$out" | sed "s/\"ledger\".*//")" = "$all" ] && contains "$out" "\"verifier_tokens\":"'
run solve -n 6 --search beam "$question"
check "beams_that_do_not_come_out_even_are_refused" 'refused 2 && contains "$err" "multiple of the width"'
for p in 0 1.5; do
  run eval --data pocket:test:3 -n 4 --top-p $p --store "$scratch/none.db"
  check "top_p_${p}_is_refused_before_a_run_begins" 'refused 2 && contains "$err" "top-p $p: it is more than 0 and at most 1" && [ ! -e "$scratch/none.db" ]'
done
run solve -n 8 --max-tokens 1 "$question"
check "without_an_answer_the_exit_status_is_3" '[ $status -eq 3 ] && contains "$out" "No answer"'
run solve -n 8 --max-tokens 1 --json "$question"
check "without_an_answer_json_says_null" '[ $status -eq 3 ] && contains "$out" "\"answer\":null"'
run solve -n 4096 --timeout 0.5 "$question"
check "a_timeout_prints_the_best_so_far" '{ [ $status -eq 0 ] || [ $status -eq 3 ]; } && contains "$err" "--timeout" && [ -n "$out" ]'

# In a background job of a shell that is not interactive SIGINT is ignored, so a shell that resets it starts the program.
bash -c 'trap - INT; exec "$@"' - "$PONDER" solve -n 4096 --temperature 1.5 --json "$question" >"$scratch/out" 2>"$scratch/err" &
pid=$!
sleep 1
kill -INT $pid
wait $pid
status=$?
out=$(cut -c1-300 "$scratch/out")
check "an_interrupt_prints_the_best_so_far" '[ $status -eq 130 ] && contains "$(cat "$scratch/out")" "\"ledger\":"'

rm -f "$scratch/cut.db"
bash -c 'trap - INT; exec "$@"' - "$PONDER" eval --data pocket:test:300 -n 16 --store "$scratch/cut.db" >"$scratch/out" 2>"$scratch/err" &
pid=$!
while kill -0 $pid 2>/dev/null && ! "$PONDER" runs list "$scratch/cut.db" 2>/dev/null | grep -q "[1-9][0-9]* done of 300"; do sleep 0.1; done
kill -INT $pid
wait $pid
status=$?
check "an_interrupted_eval_shows_and_keeps_what_was_done" '[ $status -eq 130 ] && contains "$(cat "$scratch/out")" "maj@16" && contains "$(cat "$scratch/err")" "stopped early"'

run eval --data pocket:test:10 -n 4
check "eval_prints_a_table" '[ $status -eq 0 ] && contains "$out" "maj@4" && contains "$out" "quintile" && contains "$out" "paired"'
"$PONDER" task pocket --count 5 | gzip >"$scratch/set.jsonl.gz"
run eval --data "$scratch/set.jsonl.gz" -n 4 --limit 3 --json
check "eval_reads_gzip_and_its_limit" '[ $status -eq 0 ] && contains "$out" "\"n_questions\":3" && contains "$out" "\"gain\":{" && contains "$out" "\"accuracy_ci95\":["'
check "what_the_questions_cost_is_what_the_engine_counted" '[ "$(echo "$out" | sed "s/.*\"ledger\":{\(.*\),\"seconds.*\"spent\".*/\1/")" = "$(echo "$out" | sed "s/.*\"spent\":{\(.*\),\"seconds.*/\1/")" ]'

# The search, beside the samples of the same model.
search="eval --search beam -n 2 --width 2 --verifier oracle --data pocket:test:20 --exact"
"$PONDER" eval --data pocket:test:20 -n 8 --exact --store "$scratch/runs.db" >/dev/null 2>&1
"$PONDER" runs export "$scratch/runs.db" 1 >"$scratch/unbroken.jsonl"
run $search --against "$scratch/unbroken.jsonl"
check "the_search_is_shown_beside_best_of_n" '[ $status -eq 0 ] && contains "$out" "best of 8" && contains "$out" "beam - best of 8" && contains "$out" "3 and 4" && contains "$out" "40 generations"'
run $search --against "$scratch/unbroken.jsonl" --json
check "the_search_gives_json" '[ $status -eq 0 ] && [ $(wc -l <"$scratch/out") -eq 1 ] && contains "$out" "\"difference\":{" && contains "$out" "\"best_of\":{\"2\":{"'
all=$(printf '%s' "$out" | sed 's/"ledger".*//')
run $search --against "$scratch/unbroken.jsonl" --json --threads 1
check "exact_gives_the_same_search_with_other_threads" '[ "$(printf "%s" "$out" | sed "s/\"ledger\".*//")" = "$all" ]'
run $search
check "the_search_may_stand_alone" '[ $status -eq 0 ] && contains "$out" "beam:  0."'
run $search --verifier prm --limit 6 --json
check "a_model_may_judge_the_steps_and_is_charged" '[ $status -eq 0 ] && contains "$out" "\"verifier\":\"prm\"" && ! contains "$out" "\"verifier_tokens\":0,"'
all=$(printf '%s' "$out" | sed 's/"ledger".*//')
run $search --verifier prm --limit 6 --json --threads 1
check "exact_gives_the_same_judged_search_with_other_threads" '[ "$(printf "%s" "$out" | sed "s/\"ledger\".*//")" = "$all" ]'
run $search -n 4 --against "$scratch/unbroken.jsonl"
check "too_few_samples_to_compare_with_are_refused" 'refused 2 && contains "$err" "-n 16 or more"'
finish
