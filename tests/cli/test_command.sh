#!/bin/sh
# A program as the verifier: what it is given, what it may say, and what is said of one that fails.
. "$(dirname "$0")/lib.sh"

# judge NAME LINES: a program of the shell that reads its input first.
judge() {
  printf '#!/bin/sh\ninput=$(cat)\n%s\n' "$2" >"$scratch/$1"
  chmod +x "$scratch/$1"
}
# scored NAME [ARGUMENTS..]: one question and a solution of two steps.
scored() {
  program=$1
  shift
  run score --json --verifier "command:$scratch/$program" "$@" 'What is "x"?' 'x=1.

y=2.'
}
says() { refused 1 && contains "$err" "$1"; }

judge half 'echo 0.5'
scored half
check "a_number_is_the_solutions_score" '[ $status -eq 0 ] && contains "$out" "\"score\":0.5,\"aggregate\"" && contains "$out" "\"probe_tokens\":0"'
judge tell 'printf "%s" "$input" >"$0.in"; echo 1'
scored tell
check "question_solution_and_steps_come_as_json" '[ "$(cat "$scratch/tell.in")" = "{\"question\":\"What is \\\"x\\\"?\",\"solution\":\"x=1.\\n\\ny=2.\",\"steps\":[\"x=1.\",\"y=2.\"],\"ended\":true}" ]'
judge steps 'echo "[1, 0.25]"'
scored steps
check "an_array_has_a_score_a_step" '[ $status -eq 0 ] && contains "$out" "{\"text\":\"y=2.\",\"score\":0.25}" && contains "$out" "\"doubtful\":1,\"score\":0.25,\"aggregate\":\"min\""'
scored steps --aggregate prod
check "its_steps_are_summed_up_as_asked" 'contains "$out" "\"aggregate\":\"prod\""'
judge word 'echo "[\"$1\", 3]" >&2; [ "$1" = "a b" ] && echo 0.1'
run score --json --verifier "command:$scratch/word 'a b'" Q S
check "quotes_keep_an_argument_together" '[ $status -eq 0 ] && contains "$out" "\"score\":0.1"'
judge name 'exit 0'
run score --verifier "command:$scratch/none" Q S
check "a_program_that_is_missing_is_named" 'refused 1 && contains "$err" "there is no program $scratch/none"'
run score --verifier "command:ponder-no-such" Q S
check "a_program_that_is_not_in_the_path_says_so" 'refused 1 && contains "$err" PATH'
chmod -x "$scratch/name"
run score --verifier "command:$scratch/name" Q S
check "a_program_that_may_not_run_says_what_allows_it" 'refused 2 && contains "$err" "chmod +x"'
run score --verifier "command:" Q S
check "a_command_wants_a_program" 'refused 2 && contains "$err" "command:PROGRAM"'
run score --verifier "command:$scratch/half 'x" Q S
check "an_open_quote_is_refused" 'refused 2 && contains "$err" "left open"'

judge fail 'echo first >&2; echo "no such model" >&2; exit 3'
scored fail
check "a_failure_comes_with_its_last_line" 'says "exit status 3 instead of 0: no such model"'
judge signal 'kill -SEGV $$'
scored signal
check "a_signal_is_named" 'says "signal 11"'
judge slow 'sleep 20'
scored slow --verifier-timeout 0.3
check "one_that_is_late_says_what_gives_it_time" 'says "more than 0.3 s for a solution; --verifier-timeout"'
judge much 'while :; do echo 0123456789; done'
scored much
check "endless_output_is_cut_off" 'says "more than 65536 bytes"'
judge empty 'true'
scored empty
check "no_output_says_what_is_wanted" 'says "a score from 0 to 1"'
judge words 'echo very good'
scored words
check "a_word_is_no_score" 'says "very good"'
judge range 'echo 1.5'
scored range
check "a_score_is_at_most_1" 'says "printed 1.5, and a score is from 0 to 1"'
judge nan 'echo NaN'
scored nan
check "not_a_number_is_no_score" 'says "NaN"'
judge few '[ 1 ] && echo "[0.5]"'
scored few
check "a_score_is_wanted_for_each_step" 'says "1 scores for 2 steps"'
judge mixed 'echo "[0.5, \"x\"]"'
scored mixed
check "steps_are_numbers" 'says "more than numbers"'
printf 'echo 1\n' >"$scratch/bare"
chmod +x "$scratch/bare"
scored bare
check "a_script_without_its_first_line_says_what_it_lacks" 'says "#!"'
judge memory 'ulimit -v >&2; exit 1'
scored memory --verifier-memory 100
check "memory_is_limited" 'says ": 102400"'

model=$root/models/pocket-base.gguf
if ! [ -f "$model" ]; then
  skip "search" "the shipped model is not here"
  finish
fi
question="Positive integers a and b satisfy a(a+1)=12 and b(b+5)=50. What is a+b?"
judge length 'n=$(printf "%s" "$input" | wc -c); case $input in *"\"ended\":false"*) touch "$0.open" ;; esac; echo "0.$((1000 + n))"'
run solve --model "$model" --search best_of_n -n 4 --verifier "command:$scratch/length" --json "$question"
check "a_program_judges_whole_solutions" '[ $status -eq 0 ] && contains "$out" "\"score\":0.1" && contains "$out" "\"verifier_tokens\":0" && [ ! -e "$scratch/length.open" ]'
run solve --model "$model" --search beam -n 4 --verifier "command:$scratch/length" --json "$question"
check "a_program_judges_beginnings_too" '[ $status -eq 0 ] && [ -e "$scratch/length.open" ]'
run solve --model "$model" --search beam -n 4 --verifier "command:$scratch/slow" --budget 2s --json "$question"
check "a_search_ends_by_its_deadline_however_slow_the_program" '[ $status -ne 1 ] && [ $status -ne 2 ] && contains "$out" "\"seconds\":2"'
run eval --model "$model" --data pocket:test:1 --search beam -n 4 --store "$scratch/runs.db" --json --verifier "command:$scratch/length"
check "eval_takes_a_program" '[ $status -eq 0 ] && contains "$out" "\"resumed\":0"'
echo '#' >>"$scratch/length"
run eval --model "$model" --data pocket:test:1 --search beam -n 4 --store "$scratch/runs.db" --json --verifier "command:$scratch/length"
check "a_run_is_not_gone_on_with_under_another_program" '[ $status -eq 0 ] && contains "$out" "\"resumed\":0"'
finish
