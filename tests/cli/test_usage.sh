#!/bin/sh
# Help, the manual page, completion, and what is said to wrong use.
. "$(dirname "$0")/lib.sh"

commands=$("$PONDER" --help | sed -n 's/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p')
check "the_help_lists_the_commands" '[ $(printf "%s\n" "$commands" | wc -l) -ge 7 ]'
run --help
check "the_help_goes_to_stdout" '[ $status -eq 0 ] && [ -z "$err" ]'
check "the_help_fits_a_screen" '[ $(wc -l <"$scratch/out") -le 24 ] && [ $(awk "{ if (length(\$0) > w) w = length(\$0) } END { print w }" "$scratch/out") -le 80 ]'
run
check "without_a_command_the_help_goes_to_stderr" '[ $status -eq 2 ] && [ -z "$out" ] && contains "$err" Usage:'
run --version
check "the_version_is_printed" '[ $status -eq 0 ] && contains "$out" "ponder "'

"$PONDER" help --man >"$scratch/man"
"$PONDER" help --completion >"$scratch/completion"
printf '%s\n' "$commands" >"$scratch/commands"
while read -r command; do
  run $command --help
  lines=$(wc -l <"$scratch/out")
  widest=$(awk '{ if (length($0) > w) w = length($0) } END { print w }' "$scratch/out")
  check "the_help_of_${command}_fits_a_screen" '[ $status -eq 0 ] && [ $lines -le 24 ] && [ $widest -le 80 ]'
  check "the_help_of_${command}_begins_with_an_example" 'contains "$(head -n 1 "$scratch/out")" "Example: " && contains "$(head -n 1 "$scratch/out")" ponder'
  check "the_manual_has_${command}" 'grep -q "^\.SS ponder $command" "$scratch/man"'
  for option in $(grep -o -e '--[a-z][a-z0-9-]*' "$scratch/out" | sort -u); do
    case $option in --man | --completion | --help) [ "$command" = help ] || continue ;; esac
    roff=$(printf '%s' "$option" | sed 's/-/\\\\-/g')
    grep -q -e "$roff" "$scratch/man" || missing_man="$missing_man $command:$option"
    grep -q -e "$option" "$scratch/completion" || missing_completion="$missing_completion $command:$option"
  done
done <"$scratch/commands"
out=$missing_man$missing_completion
check "the_manual_has_every_option" '[ -z "$missing_man" ]'
check "completion_has_every_option" '[ -z "$missing_completion" ]'
if command -v man >/dev/null && man --help 2>&1 | grep -q -e --warnings; then
  check "the_manual_has_no_roff_warnings" '[ -z "$(man --warnings -E UTF-8 -l -Tutf8 -Z "$scratch/man" 2>&1 >/dev/null)" ]'
else
  skip "the_manual_has_no_roff_warnings" "there is no man-db here"
fi

if command -v bash >/dev/null; then
  complete() {
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ponder; echo "${COMPREPLY[*]}"' - "$scratch/completion" "$@"
  }
  out=$(complete ponder so)
  check "bash_completes_a_command" '[ "$out" = solve ]'
  out=$(complete ponder solve --max)
  check "bash_completes_an_option" '[ "$out" = --max-tokens ]'
  out=$(complete ponder bench d)
  check "bash_completes_the_second_word_of_a_command" '[ "$out" = decode ]'
  out=$(cd "$root" && complete ponder solve --model README)
  check "bash_completes_a_file" '[ "$out" = README.md ]'
else
  skip "bash_completes" "there is no bash here"
fi

run slove x
check "an_unknown_command_suggests_the_nearest" 'refused 2 && contains "$err" "ponder solve"'
run xyzzy
check "an_unknown_command_points_to_the_help" 'refused 2 && contains "$err" "ponder --help"'
run solve --temprature 1 x
check "an_unknown_option_suggests_the_nearest" 'refused 2 && contains "$err" --temperature'
run solve -3
check "text_that_looks_like_an_option_is_explained" 'refused 2 && contains "$err" "put -- before"'
run solve
check "a_missing_operand_is_named" 'refused 2 && contains "$err" QUESTION'
run solve what is this
check "several_words_without_quotes_are_explained" 'refused 2 && contains "$err" quotes'
run solve -n 0 x
check "n_of_0_is_refused_with_the_range" 'refused 2 && contains "$err" "1 to 4096"'
run solve -n 1000000 x
check "n_of_a_million_is_refused_with_the_range" 'refused 2 && contains "$err" "1 to 4096"'
run solve -n many x
check "a_word_is_no_number" 'refused 2 && contains "$err" "whole number"'
run solve -n
check "an_option_without_its_value_is_named" 'refused 2 && contains "$err" "--n N"'
run eval --width -1
check "beams_without_a_width_are_refused_with_the_range" 'refused 2 && contains "$err" "0 to 4096"'
run eval --against samples.jsonl
check "against_without_a_search_is_explained" 'refused 2 && contains "$err" "--search beam, lookahead, dvts or particles"'
run solve --engine vllm x
check "an_engine_that_is_none_is_refused" 'refused 2 && contains "$err" "neither local nor openai"'
run solve --engine openai x
check "a_server_needs_an_address" 'refused 2 && contains "$err" "--base-url http://"'
run solve --base-url http://localhost:1 x
check "an_address_needs_its_engine" 'refused 2 && contains "$err" "--engine openai"'
run solve --engine openai --base-url http://localhost:1 --api talk x
check "an_api_that_is_none_is_refused" 'refused 2 && contains "$err" "auto, completions, chat"'
run solve --engine openai --base-url http://me:secret@localhost:1 x
check "a_password_in_an_address_is_refused_and_not_said" 'refused 2 && ! contains "$err" secret'
run solve --engine openai --base-url http://localhost:1 --api-key-env PONDER_NO_SUCH_KEY x
check "a_key_that_is_not_there_is_named" 'refused 2 && contains "$err" PONDER_NO_SUCH_KEY'
run solve --engine openai --base-url http://localhost:1 --prompt-template "Q:" x
check "a_template_without_a_question_is_refused" 'refused 2 && contains "$err" "{question}"'
run solve --engine openai --base-url http://localhost:1,http://localhost:2 x
check "a_server_that_is_not_there_is_named" 'refused 1 && contains "$err" "http://localhost:1/v1/models"'
run generate operand
check "an_operand_too_many_is_refused" 'refused 2'
finish
