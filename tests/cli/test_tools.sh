#!/bin/sh
# generate, tokenize, logits and model, on real weights.
. "$(dirname "$0")/lib.sh"

if [ -f "$stories" ]; then
  "$PONDER" generate --model "$stories" --max-tokens 256 --precision f32 >"$scratch/out" 2>"$scratch/err"
  status=$?
  check "stories260K_tells_its_documented_text" '[ $status -eq 0 ] && cmp -s "$scratch/out" "$(dirname "$stories")/expected_greedy.txt"'
else
  skip "stories260K_tells_its_documented_text" "no $stories"
fi

model=$(any_model)
if [ -z "$model" ]; then
  skip "tools" "there is no model here"
  finish
fi
text='What is 3 + 4?
Answer: "\boxed{7}"	fin'
ids=$(printf '%s' "$text" | "$PONDER" tokenize --model "$model")
check "token_ids_stand_on_one_line" '[ $(printf "%s\n" "$ids" | wc -l) -eq 1 ] && ! printf "%s" "$ids" | grep -q "[^0-9 ]"'
back=$(echo "$ids" | "$PONDER" tokenize --model "$model" --decode; echo .)
check "text_comes_back_from_its_ids" '[ "$back" = "$text." ]'
printf '\377\000\303(\346\227\245' >"$scratch/bytes"
"$PONDER" tokenize --model "$model" <"$scratch/bytes" | "$PONDER" tokenize --model "$model" --decode >"$scratch/back"
check "any_bytes_come_back_from_their_ids" 'cmp -s "$scratch/bytes" "$scratch/back"'

run logits --model "$model" --prompt "3 + 4" --top 2 --json
check "logits_gives_one_json_object" '[ $status -eq 0 ] && contains "$out" "\"next_logprob\":-" && contains "$out" "\"next_logprob\":null" && [ $(wc -l <"$scratch/out") -eq 1 ]'
run logits --model "$model" --prompt "3 + 4" --top 2
check "logits_prints_a_table" '[ $status -eq 0 ] && contains "$out" "next logprob"'
run model "$model" --json
check "model_describes_metadata_and_tensors" '[ $status -eq 0 ] && contains "$out" "\"general.architecture\":\"llama\"" && contains "$out" "\"token_embd.weight\""'

run generate --model "$model" --prompt "3 + 4" -n 3 --temperature 1 --seed 5 --max-tokens 20 --exact
first=$out
run generate --model "$model" --prompt "3 + 4" -n 3 --temperature 1 --seed 5 --max-tokens 20 --exact
check "the_same_seed_gives_the_same_texts" '[ $status -eq 0 ] && [ "$out" = "$first" ]'
run generate --model "$model" --prompt "3 + 4" -n 3 --temperature 1 --seed 6 --max-tokens 20 --exact
check "another_seed_gives_other_texts" '[ $status -eq 0 ] && [ "$out" != "$first" ]'
run generate --model "$model" --prompt "3 + 4" --max-tokens 12 --precision f32
first=$out
run generate --model "$model" --prompt "3 + 4" --max-tokens 12 --precision f32 --weights-memory 1
check "weights_that_find_no_memory_give_the_same_text" '[ $status -eq 0 ] && [ -n "$out" ] && [ "$out" = "$first" ]'
finish
