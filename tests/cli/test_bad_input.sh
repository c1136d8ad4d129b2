#!/bin/sh
# Bad files and bad questions: one line that says what to do, and nothing half-written.
. "$(dirname "$0")/lib.sh"

run solve --model "$scratch/none.gguf" x
check "a_missing_model_is_named" 'refused 1 && contains "$err" none.gguf'
PONDER_MODELS_DIR=$scratch/empty PONDER_MODEL=$scratch/none.gguf run solve x
check "a_missing_model_of_the_environment_is_named" 'refused 1 && contains "$err" PONDER_MODEL'
cp "$PONDER" "$scratch/ponder" 2>/dev/null
saved=$PONDER
if ldd "$scratch/ponder" 2>/dev/null | grep -q libponder; then
  mkdir -p "$scratch/a/b"
  mv "$scratch/ponder" "$scratch/a/b/ponder"
  PONDER=$scratch/a/b/ponder
  export LD_LIBRARY_PATH=$(dirname "$(ldd "$saved" | sed -n 's/.*libponder[^ ]* => \([^ ]*\).*/\1/p')")
  PONDER_MODELS_DIR=$scratch/empty run solve x
  check "without_a_model_the_places_are_listed" 'refused 1 && contains "$err" "--model" && contains "$err" "$scratch/empty"'
  PONDER=$saved
else
  skip "without_a_model_the_places_are_listed" "libponder is not a shared library here"
fi

model=$(any_model)
if [ -z "$model" ]; then
  skip "bad_models_and_questions" "there is no model here"
  finish
fi
head -c 1000 "$model" >"$scratch/head.gguf"
run solve --model "$scratch/head.gguf" x
check "a_model_cut_in_its_header_is_refused" 'refused 1 && contains "$err" head.gguf'
size=$(wc -c <"$model")
head -c $((size - 5000)) "$model" >"$scratch/short.gguf"
run solve --model "$scratch/short.gguf" x
check "a_model_cut_in_its_tensors_is_refused" 'refused 1 && contains "$err" short.gguf'
sed '0,/llama/s//mamba/' "$model" >"$scratch/mamba.gguf"
run solve --model "$scratch/mamba.gguf" x
check "another_architecture_is_refused_by_name" 'refused 1 && contains "$err" mamba && contains "$err" llama'
echo "not a model" >"$scratch/text.gguf"
for command in solve "generate --prompt" "logits --prompt"; do
  run $command x --model "$scratch/text.gguf"
  check "a_text_file_is_no_model_for_${command%% *}" 'refused 1 && contains "$err" text.gguf'
done
run model "$scratch/text.gguf"
check "a_text_file_is_no_model_to_describe" 'refused 1 && contains "$err" text.gguf'
run solve --model "$scratch" x
check "a_folder_is_no_model" 'refused 1'

run solve --model "$model" --chat alpaca x
check "an_unknown_kind_of_chat_is_refused_with_those_there_are" 'refused 2 && contains "$err" alpaca && contains "$err" chatml'
run eval --model "$model" --chat none --shots "$scratch/none.jsonl"
check "examples_that_are_not_there_are_named" 'refused 1 && contains "$err" none.jsonl'
echo '{"question": "x", "answer": "7"}' >"$scratch/shots.jsonl"
run solve --model "$model" --chat none --shots "$scratch/shots.jsonl" x
check "examples_without_solutions_are_refused" 'refused 1 && contains "$err" shots.jsonl'
run solve --model "$model" --system brief --chat none x
check "a_system_prompt_without_a_chat_is_refused" 'refused 2 && contains "$err" --system'
run solve --model "$model" ""
check "an_empty_question_is_refused" 'refused 2 && contains "$err" empty'
run solve --model "$model" "  "
check "a_blank_question_is_refused" 'refused 2 && contains "$err" empty'
run solve --model "$model" -
check "an_empty_standard_input_is_refused" 'refused 2 && contains "$err" empty'
run solve --model "$model" "$(printf 'a\377b')"
check "a_question_that_is_no_utf8_is_refused" 'refused 2 && contains "$err" "not UTF-8"'
run solve --model "$model" "$(printf 'a\033[2Jb')"
check "a_control_character_in_the_question_is_refused" 'refused 2 && contains "$err" U+001B'
long=$(awk 'BEGIN { for (i = 0; i < 3000; i++) printf "seven times %d ", i }')
run solve --model "$model" "$long"
check "a_question_longer_than_the_context_says_by_how_much" 'refused 1 && contains "$err" context && contains "$err" tokens'
run generate --model "$model" --prompt "$long"
check "a_prompt_longer_than_the_context_is_refused" 'refused 1 && contains "$err" context'
run logits --model "$model" --prompt "$long"
check "logits_of_a_prompt_longer_than_the_context_are_refused" 'refused 1 && contains "$err" context'
run solve --model "$model" --precision f16 x
check "an_unknown_precision_is_refused" 'refused 2 && contains "$err" bf16'
run solve --model "$model" --precision bf16 --n 1 --max-tokens 2 x
check "bf16_works_or_the_cpu_is_named" '[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || { refused 1 && contains "$err" AVX-512; }'

run solve --model "$model" --trace "$scratch/no/such/folder.json" x
check "a_trace_that_cannot_be_written_is_refused_before_the_work" 'refused 1 && contains "$err" folder.json'
run solve --model "$model" --trace "$scratch" x
check "a_trace_that_is_a_folder_is_refused" 'refused 1'
run eval --model "$model" --data "$scratch/none.jsonl"
check "a_missing_question_set_is_named" 'refused 1 && contains "$err" none.jsonl'
printf '{"problem": "a", "answer": "1"}\n{"problem": "b"}\n' >"$scratch/bad.jsonl"
run eval --model "$model" --data "$scratch/bad.jsonl" --store "$scratch/runs.db"
check "a_bad_line_of_a_question_set_is_named" 'refused 1 && contains "$err" ":2:" && [ ! -e "$scratch/runs.db" ]'
run eval --model "$model" --data "$scratch/bad.jsonl" --skip-bad -n 1 --max-tokens 4
check "a_bad_line_is_skipped_and_told_where_asked" '[ $status -eq 0 ] && contains "$err" "skipped" && contains "$err" ":2:"'
run eval --model "$model" --data pocket:nothing
check "an_unknown_question_set_is_refused" 'refused 2 && contains "$err" pocket:test:500'
run eval --model "$model" --search steps
check "an_unknown_search_is_refused_with_those_there_are" 'refused 2 && contains "$err" "best_of_n, beam, lookahead, dvts, particles"'
run eval --model "$model" --search particles:heat=2
check "an_option_that_a_strategy_does_not_have_is_named" 'refused 2 && contains "$err" "heat" && contains "$err" "--search particles"'
run eval --model "$model" --search particles:ess=2
check "an_option_of_a_strategy_has_its_range" 'refused 2 && contains "$err" "ess" && contains "$err" "0 to 1"'
run eval --model "$model" --search best_of_n:width=2
check "a_strategy_without_options_of_its_own_says_so" 'refused 2 && contains "$err" "no options of its own"'
run eval --model "$model" --search beam --verifier nobody
check "an_unknown_verifier_is_refused_with_what_there_is" 'refused 2 && contains "$err" "none of vote, prm"'
printf '{"problem": "What is love?", "answer": "1"}\n' >"$scratch/foreign.jsonl"
run solve --model "$model" --search beam --verifier oracle "What is love?"
check "a_question_that_the_oracle_cannot_judge_is_named" 'refused 2 && contains "$err" "oracle judges Pocket" && contains "$err" love'
run eval --model "$model" --search beam --data pocket:test:5 --against "$scratch/none.jsonl"
check "missing_samples_to_compare_with_are_named" 'refused 1 && contains "$err" none.jsonl'
run eval --model "$model" --search beam --data pocket:test:5 --against "$scratch/foreign.jsonl"
check "a_file_that_holds_no_samples_is_no_comparison" 'refused 1 && contains "$err" "foreign.jsonl:1:"'
run eval --model "$model" --data pocket:test:5 --store "$scratch/foreign.jsonl"
check "a_foreign_file_is_not_taken_for_a_store" 'refused 1 && contains "$err" "no store of runs" && grep -q love "$scratch/foreign.jsonl"'
run runs list "$scratch/none.db"
check "a_missing_store_is_named_and_not_made" 'refused 1 && contains "$err" none.db && [ ! -e "$scratch/none.db" ]'
run runs show "$scratch/foreign.jsonl" first
check "a_word_is_no_number_of_a_run" 'refused 2 && contains "$err" "runs list"'
out=$(echo "1 2 x" | "$PONDER" tokenize --model "$model" --decode 2>&1)
check "a_word_is_no_token_id" 'contains "$out" "no token id"'
out=$(echo "99999999" | "$PONDER" tokenize --model "$model" --decode 2>&1)
check "an_id_outside_the_vocabulary_is_refused" 'contains "$out" vocabulary'
if [ -c /dev/full ]; then
  "$PONDER" model "$model" >/dev/full 2>"$scratch/err"
  status=$?
  err=$(cat "$scratch/err")
  out=
  check "a_full_disk_behind_stdout_is_told" 'refused 1'
else
  skip "a_full_disk_behind_stdout_is_told" "there is no /dev/full here"
fi
finish
