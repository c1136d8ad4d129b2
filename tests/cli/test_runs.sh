#!/bin/sh
# eval --store with the shipped model, and what `ponder runs` shows of it.
. "$(dirname "$0")/lib.sh"

if [ ! -f "$shipped" ]; then
  skip "runs_of_the_shipped_model" "there is no models/pocket-base.gguf"
  finish
fi
db=$scratch/runs.db
exact="eval --data pocket:test:20 -n 8 --exact"
without_seconds() { "$PONDER" runs export "$1" "$2" | sed 's/"seconds":[^}]*//'; }

run $exact --store "$scratch/unbroken.db"
unbroken=$(sed '/generations,/,$d' "$scratch/out")
without_seconds "$scratch/unbroken.db" 1 >"$scratch/unbroken.jsonl"
check "an_export_has_every_sample" '[ $(wc -l <"$scratch/unbroken.jsonl") -eq 20 ] && [ $(grep -o "\"finish\":" "$scratch/unbroken.jsonl" | wc -l) -eq 160 ]'

# kill -9 in the middle, twice, then the same command again.
for _ in 1 2; do
  "$PONDER" $exact --store "$db" >/dev/null 2>&1 &
  pid=$!
  before=$("$PONDER" runs list "$db" 2>/dev/null)
  while kill -0 $pid 2>/dev/null && [ "$("$PONDER" runs list "$db" 2>/dev/null)" = "$before" ]; do sleep 0.05; done
  kill -KILL $pid 2>/dev/null
  wait $pid 2>/dev/null
done
run $exact --store "$db"
check "a_killed_eval_goes_on_to_the_same_table" '[ $status -eq 0 ] && [ "$(sed "/generations,/,\$d" "$scratch/out")" = "$unbroken" ] && contains "$out" "were done before"'
without_seconds "$db" 1 >"$scratch/parts.jsonl"
check "a_killed_eval_goes_on_to_the_same_export" 'cmp -s "$scratch/parts.jsonl" "$scratch/unbroken.jsonl"'
run $exact --store "$db"
check "a_finished_run_is_reported_without_sampling" '[ $status -eq 0 ] && contains "$out" "nothing was sampled"'

# Two processes at once do each question once.
"$PONDER" $exact --seed 2 --store "$db" >/dev/null 2>&1 &
pid=$!
run $exact --seed 2 --store "$db"
wait $pid
check "two_processes_share_a_run" '[ $status -eq 0 ] && contains "$out" "20 questions" && contains "$("$PONDER" runs list "$db")" "40 done of 20 questions x 2 seeds"'

run $exact -n 2 --store "$db"
run runs list "$db"
check "runs_are_listed" '[ $status -eq 0 ] && contains "$out" "pocket:test:20" && contains "$out" "\"n\":8" && contains "$out" "\"n\":2"'
run runs show "$db" 1
check "a_run_is_shown_with_what_computed_it" '[ $status -eq 0 ] && contains "$out" "\"version\":" && contains "$out" "2 seeds" && contains "$out" "maj@8"'
run runs show "$db" 1 --json
check "a_run_is_shown_as_json" '[ $status -eq 0 ] && [ $(wc -l <"$scratch/out") -eq 1 ] && contains "$out" "\"accuracy\":"'
run runs diff "$db" 1 2
check "two_runs_are_compared" '[ $status -eq 0 ] && contains "$out" "{\"n\":[8,2]}" && contains "$out" "20 questions in common" && contains "$out" "run 2 - run 1"'
run eval --data pocket:test:5 --search beam -n 2 --width 2 --store "$db" --json
first=$(printf '%s' "$out" | sed 's/.*"ledger"/"ledger"/; s/,"spent".*"n/,"n/')
run eval --data pocket:test:5 --search beam -n 2 --width 2 --store "$db" --json
check "a_search_is_kept_too" '[ $status -eq 0 ] && contains "$out" "\"resumed\":5" && contains "$out" "\"spent\":{\"generations\":0," && [ "$(printf "%s" "$out" | sed "s/.*\"ledger\"/\"ledger\"/; s/,\"spent\".*\"n/,\"n/")" = "$first" ]'
searched=$("$PONDER" runs list "$db" | sed -n 's/^ *\([0-9]*\) .*  search .*/\1/p')
check "a_run_is_listed_with_its_kind" '[ -n "$searched" ] && contains "$("$PONDER" runs list "$db")" "  samples  " && contains "$("$PONDER" runs show "$db" 1 --json)" "\"kind\":\"samples\""'
run runs export "$db" "$searched"
check "what_a_search_saw_is_exported" '[ $status -eq 0 ] && [ $(grep -c "\"chosen\":[0-9]*,\"candidates\":\[{" "$scratch/out") -eq 5 ] && contains "$out" "\"repeats\":"'
run tree --store "$db" --run "$searched" --question 5
check "the_tree_of_a_stored_search_is_drawn" '[ $status -eq 0 ] && contains "$out" "beam, N = 2, width 2" && contains "$out" "the result"'
run tree --store "$db" --run "$searched" --question 6
check "a_question_that_the_run_does_not_have_is_refused" 'refused 2 && contains "$err" "questions 1 to 5"'
run tree --store "$db" --run 1
check "a_run_of_samples_has_no_tree" 'refused 2 && contains "$err" "is of samples"'
run tree --store "$db"
check "a_tree_of_a_store_wants_a_run" 'refused 2 && contains "$err" "--run is missing"'
cp "$root/tests/data/store_version_1.db" "$scratch/old.db"
run runs show "$scratch/old.db" 3
check "a_store_of_version_1_is_shown" '[ $status -eq 0 ] && contains "$out" "  search  " && contains "$out" "4 questions"'
check "and_left_as_it_is" 'cmp -s "$root/tests/data/store_version_1.db" "$scratch/old.db"'
run tree --store "$scratch/old.db" --run 3
check "a_search_of_version_1_has_no_tree" 'refused 1 && contains "$err" "by an earlier version"'
run runs delete "$scratch/old.db" 2
check "a_store_of_version_1_is_brought_up_by_who_writes" '[ $status -eq 0 ] && ! contains "$("$PONDER" runs list "$scratch/old.db")" "  judged  " && contains "$("$PONDER" runs list "$scratch/old.db")" "  rollouts  "'
run runs delete "$scratch/absent.db" 2
check "nothing_is_made_where_something_is_to_be_deleted" 'refused 1 && [ ! -e "$scratch/absent.db" ]'
run replay --samples "$db" --run 1 --n 8
check "a_run_is_replayed" '[ $status -eq 0 ] && contains "$out" "16 samples each"'
run report "$db" 1 --csv "$db"
check "a_report_does_not_replace_the_store" 'refused 2 && contains "$err" "is the store"'
run eval --data pocket:test:3 --search beam --verifier "$scratch/none.gguf" --store "$scratch/none.db"
check "a_search_that_is_refused_begins_no_run" 'refused 2 && [ ! -e "$scratch/none.db" ]'
run runs delete "$db" 2
run runs show "$db" 2
check "a_deleted_run_is_gone" 'refused 1 && contains "$err" "there is no run 2"'
finish
