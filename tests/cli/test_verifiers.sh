#!/bin/sh
# Which verifiers there are, how they are told to read, and that a bad one is found before anything is sampled.
. "$(dirname "$0")/lib.sh"

model=$root/models/pocket-base.gguf
prm=$root/models/pocket-prm.gguf
question="Positive integers a and b satisfy a(a+1)=12 and b(b+5)=50. What is a+b?"
solution="a(a+1)=12: a=3, 3+1=4, 3*4=12."

# profile NAME GOOD BAD [MORE]: how our own verifiers read, but for these.
profile() {
  printf '{"template": "Judge: {question}\\nA:\\n", "tag": "<|step|>", "good": "%s", "bad": "%s"%s}\n' "$2" "$3" "$4" >"$scratch/$1.json"
}
probe=', "probe": {"question": "What is 2+3?", "right": "2+3=5.", "wrong": "%s"}'
real_probe=', "probe": {"question": "Positive integers a and b satisfy a(a+1)=12 and b(b+5)=50. What is a+b?", "right": "a(a+1)=12: a=3, 3+1=4, 3*4=12.", "wrong": "a(a+1)=12: a=4, 4+1=5, 4*5=12."}'

# bad NAME WHAT ARGUMENTS..: each command that takes a verifier refuses it, says WHAT, and samples nothing.
bad() {
  name=$1 what=$2
  shift 2
  rm -f "$scratch/bad.db"
  run solve --model "$model" --search beam -n 4 "$@" "$question"
  check "solve_refuses_${name}" '[ $status -ne 0 ] && [ -z "$out" ] && contains "$err" "$what"'
  run eval --model "$model" --data pocket:test:1 --search beam -n 4 --store "$scratch/bad.db" "$@"
  check "eval_refuses_${name}" '[ $status -ne 0 ] && [ -z "$out" ] && contains "$err" "$what" && [ ! -e "$scratch/bad.db" ]'
  run score "$@" "$question" "$solution"
  check "score_refuses_${name}" '[ $status -ne 0 ] && [ -z "$out" ] && contains "$err" "$what"'
}

if ! [ -f "$model" ] || ! [ -f "$prm" ]; then
  skip "verifiers" "the shipped models are not here"
  finish
fi
bad "a_missing_file" "nowhere.gguf" --verifier prm:nowhere.gguf
bad "a_name_that_is_none" "judge, oracle" --verifier nowhere.gguf
bad "a_file_that_is_no_model" "GGUF" --verifier "prm:$root/README.md"
profile tag "<|good|>" "<|bad|>"
sed -i 's/<|step|>/two words/' "$scratch/tag.json"
bad "a_tag_of_several_tokens" "its tag, 'two words', is" --verifier "prm:$prm" --verifier-profile "$scratch/tag.json"
profile label "quite right" "<|bad|>"
bad "a_label_of_several_tokens" "its good token, 'quite right', is" --verifier "prm:$prm" --verifier-profile "$scratch/label.json"
profile inverted "<|bad|>" "<|good|>" "$real_probe"
bad "an_inverted_probe" "inverted" --verifier "prm:$prm" --verifier-profile "$scratch/inverted.json"
profile flat "<|good|>" "<|bad|>" "$(printf "$probe" 2+3=5.)"
bad "a_flat_probe" "flat" --verifier "prm:$prm" --verifier-profile "$scratch/flat.json"
bad "a_profile_of_another_kind" "name it prm:" --verifier "orm:$prm"
bad "an_unknown_profile" "math-shepherd" --verifier "prm:$prm" --verifier-profile nobody
bad "a_profile_of_another_models_tokens" "is 5 tokens" --verifier "prm:$prm" --verifier-profile math-shepherd
sed -n '/^```json$/,/^```$/p' "$root/docs/file-formats.md" | grep -v '```' >"$scratch/shown.json"
run score --verifier "prm:$prm" --verifier-profile "$scratch/shown.json" "$question" "$solution"
check "the_profile_that_the_documentation_shows_is_read" 'refused 2 && contains "$err" "its tag, '"' ки'"', is 5 tokens"'
bad "a_server_that_is_not_there" "http://127.0.0.1:1/" --verifier remote:http://127.0.0.1:1 --verifier-profile judge
bad "a_server_without_a_profile" "--verifier-profile is missing" --verifier remote:http://127.0.0.1:1
bad "a_key_that_is_not_there" "PONDER_NO_KEY" --verifier remote:http://127.0.0.1:1 --verifier-profile judge --verifier-key-env PONDER_NO_KEY
bad "a_program_that_is_not_there" "./no-such" --verifier command:./no-such
bad "a_profile_for_what_is_no_model" "no model" --verifier oracle --verifier-profile pocket

run score --json "$question" "$solution"
check "the_probe_of_one_solution_is_told" '[ $status -eq 0 ] && contains "$out" "\"probe_tokens\":" && ! contains "$out" "\"probe_tokens\":0}"'
probed=$(printf '%s' "$out" | sed 's/.*"probe_tokens"://; s/[^0-9].*//')
verified() { printf '%s' "$out" | sed "s/.*\"$1\":{[^}]*\"verifier_tokens\"://; s/[^0-9].*//"; }
profile silent "<|good|>" "<|bad|>" ', "aggregate": "last"'
run solve --model "$model" --search beam -n 4 --exact --json --verifier "prm:$prm" "$question"
with=$(verified ledger)
run solve --model "$model" --search beam -n 4 --exact --json --verifier "prm:$prm" --verifier-profile "$scratch/silent.json" "$question"
check "solve_pays_for_the_probe_once" '[ $((with - $(verified ledger))) -eq "$probed" ]'
spent() { printf '%s' "$out" | sed 's/.*"ledger"//' | grep -o -e '"[a-z]*_tokens":[0-9]*' | grep -v recomputed | awk -F: '{ sum += $2 } END { print sum + 0 }'; }
run solve --model "$model" --search beam -n 4 --budget 900t --json --verifier "prm:$prm" "$question"
check "a_budget_pays_for_the_probe" '[ $(spent) -le 900 ] && [ $(spent) -ge "$probed" ]'
run solve --model "$model" --search beam -n 4 --budget 100t --json --verifier "prm:$prm" "$question"
check "a_budget_that_is_less_than_the_probe_is_not_passed" '[ $status -ne 2 ] && [ $(spent) -le 100 ]'

run eval --model "$model" --data pocket:test:1 --search beam -n 4 --exact --store "$scratch/runs.db" --json
first=$(verified ledger)
check "eval_spends_what_it_reports" '[ $status -eq 0 ] && [ "$first" -eq "$(verified spent)" ] && contains "$out" "\"resumed\":0"'
run eval --model "$model" --data pocket:test:1 --search beam -n 4 --exact --store "$scratch/runs.db" --json
check "a_run_that_is_done_costs_its_probe_alone" '[ "$(verified ledger)" -eq "$first" ] && [ "$(verified spent)" -eq "$probed" ] && contains "$out" "\"resumed\":1"'
run eval --model "$model" --data pocket:test:1 --search beam -n 4 --exact --store "$scratch/runs.db" --json --verifier-profile "$scratch/silent.json"
check "the_same_reading_by_another_file_goes_on" '[ $status -eq 0 ] && contains "$out" "\"resumed\":1"'
profile other "<|good|>" "<|bad|>" ', "aggregate": "min"'
run eval --model "$model" --data pocket:test:1 --search beam -n 4 --exact --store "$scratch/runs.db" --json --verifier-profile "$scratch/other.json"
check "a_run_is_not_gone_on_with_under_another_profile" '[ $status -eq 0 ] && contains "$out" "\"resumed\":0"'

run score --json --verifier "judge:$model" "$question" "$solution"
check "any_model_of_ours_can_be_a_judge" '[ $status -eq 0 ] && contains "$out" "\"aggregate\":\"prod\""'
if [ -f "$stories" ]; then
  printf '{"kind": "judge", "template": "{question}\\n{solution}\\nIt", "good": " was", "bad": " the", "outcome": true}' >"$scratch/stories.json"
  run solve --model "$model" --search best_of_n --verifier "judge:$stories" --verifier-profile "$scratch/stories.json" -n 4 --json "$question"
  check "proposer_and_verifier_keep_their_own_tokenizers" '[ $status -ne 1 ] && [ $status -ne 2 ] && contains "$out" "\"score\":0."'
  run score --verifier "judge:$stories" "$question" "$solution"
  check "a_judge_of_another_vocabulary_is_told_to_say_its_words" 'refused 2 && contains "$err" "--verifier-profile"'
else
  skip "proposer_and_verifier_keep_their_own_tokenizers" "the model is not here"
fi

# An outcome model says one thing of a whole solution.
profile orm "<|good|>" "<|bad|>" ', "outcome": true'
run score --json --verifier "orm:$prm" --verifier-profile "$scratch/orm.json" "$question" "$solution
3+5=8."
check "an_outcome_model_says_one_thing" '[ $status -eq 0 ] && [ "$(printf "%s" "$out" | grep -o "\"text\":" | wc -l)" -eq 1 ]'
finish
