#!/bin/sh
# `ponder figure`: which runs of a store make which points.
. "$(dirname "$0")/lib.sh"

db=$scratch/runs.db
if [ ! -f "$shipped" ] || [ ! -f "$root/models/pocket-prm.gguf" ]; then
  skip "figures" "the shipped models are not here"
  finish
fi
run figure
check "figures_are_listed" '[ $status -eq 0 ] && contains "$out" "f3-right-oracle"'
run eval --data pocket:test:10 --limit 10 --search beam -n 4 --width 4 --verifier prm --store "$db"
run figure "$db" f3-left
check "a_store_without_samples_is_refused" 'refused 1 && contains "$err" "no run of samples"'

run eval --data pocket:test:10 -n 4 --store "$db"
run figure "$db" f13
check "a_figure_without_its_runs_is_refused" 'refused 1 && contains "$err" "none of the runs of f13"'
run score --samples "$db" --run 2 --verifier prm
run figure "$db" f3-left
check "a_figure_has_samples_and_searches" '[ $status -eq 0 ] && contains "$out" "| best-of-N weighted | 0.8 | 4 | 4 |" && contains "$out" "| beam, M = 4 | 0.6 | 4 | 4 |"'
run figure "$db" f3-right
check "scored_samples_cut_no_quintiles" 'refused 1 && contains "$err" "another --seed"'
run eval --data pocket:test:10 -n 4 --seed 2 --store "$db"
run figure "$db" f3-right --json
check "other_samples_cut_the_quintiles" '[ $status -eq 0 ] && contains "$out" "\"quintiles_samples\":4" && contains "$out" "5 (hardest)"'
accuracy=$("$PONDER" runs show "$db" 1 --json | sed 's/.*"accuracy":\([0-9.]*\).*/\1/')
run figure "$db" f3-left --json
check "a_search_has_the_figure_of_its_run" 'contains "${out##*beam, M = 4}" "\"accuracy\":{\"value\":$accuracy,"'
run eval --data pocket:test:10 --search dvts -n 4 --width 2 --verifier prm --store "$db"
run figure "$db" f3-left
check "a_search_of_another_width_gives_no_point" '[ $status -eq 0 ] && ! contains "$out" "dvts"'
run eval --data pocket:test:10 --search beam -n 4 --width 2 --verifier prm --store "$db"
run figure "$db" f3-left
check "a_width_that_is_the_root_is_of_both_series" '[ $status -eq 0 ] && contains "$out" "| beam, M = √N | 0.6 | 4 | 4 |"'

figure=$("$PONDER" figure "$db" f3-left)
run eval --data pocket:test:10 --search best_of_n -n 4 -t 0.8 --pool samples --verifier prm --store "$db"
run figure "$db" f3-left
check "a_search_of_whole_solutions_breaks_no_figure" '[ $status -eq 0 ] && [ "$out" = "$figure" ]'
run report "$db" --csv "$scratch/a.csv"
check "and_a_report_calls_it_what_it_is" '[ $status -eq 0 ] && grep -q ",best of 4 by prm,all,all,accuracy,1," "$scratch/a.csv" && ! grep -q ",best of 4 by prm,all,all,pass_1" "$scratch/a.csv"'
run figure "$db" f99
check "an_unknown_figure_is_refused" 'refused 2 && contains "$err" "is no figure"'
run figure "$root/README.md" f3-left
check "what_is_no_store_has_no_figures" 'refused 1 && contains "$err" "no store of runs"'
run figure "$db" f3-left --svg "$scratch/absent/f.svg"
check "a_drawing_to_nowhere_is_refused" 'refused 1 && contains "$err" "--svg"'
if command -v gnuplot >/dev/null; then
  run figure "$db" f3-right --svg "$scratch/f.svg"
  check "a_figure_is_drawn" '[ $status -eq 0 ] && grep -q "quintile 5 (hardest)" "$scratch/f.svg" && grep -q "</svg>" "$scratch/f.svg"'
else
  skip "a_figure_is_drawn" "there is no gnuplot here"
fi
finish
