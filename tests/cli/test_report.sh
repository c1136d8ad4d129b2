#!/bin/sh
# `ponder report`: the page and the tables of a store. What needs plots is skipped where there is no gnuplot.
. "$(dirname "$0")/lib.sh"

db=$scratch/runs.db
page=$scratch/report.html
if [ ! -f "$shipped" ]; then
  skip "report_of_runs" "there is no models/pocket-base.gguf"
  finish
fi
run eval --data pocket:test:20 -n 4 --exact --store "$db"
run eval --data pocket:test:20 --limit 8 --search beam -n 4 --width 2 --store "$db"
check "there_are_two_runs" '[ $status -eq 0 ]'

run report "$db"
check "a_report_to_nowhere_is_wrong_use" 'refused 2 && contains "$err" "--output"'
run report "$db" 1 x -o "$page"
check "what_is_no_number_of_a_run_is_wrong_use" 'refused 2 && contains "$err" "no number of a run"'
run report "$db" 9 -o "$page"
check "a_run_that_is_not_there_is_named" 'refused 1 && contains "$err" "there is no run 9" && [ ! -e "$page" ]'
run report "$root/README.md" -o "$page"
check "a_file_that_is_no_store_is_refused" 'refused 1 && [ ! -e "$page" ]'
run report "$db" -o "$scratch/absent/report.html"
check "a_folder_that_is_not_there_is_refused_before_the_work" 'refused 1 && contains "$err" "--output"'

out=$(PATH=$scratch/nothing "$PONDER" report "$db" -o "$page" --csv "$scratch/a.csv" 2>"$scratch/err")
status=$?
err=$(cat "$scratch/err")
check "without_gnuplot_the_package_is_named_and_nothing_written" 'refused 1 && contains "$err" "apt install gnuplot-nox" && [ ! -e "$page" ] && [ ! -e "$scratch/a.csv" ]'
out=$(PATH=$scratch/nothing "$PONDER" report "$db" --csv "$scratch/a.csv" --json "$scratch/a.json" 2>"$scratch/err")
status=$?
check "tables_need_no_gnuplot" '[ $status -eq 0 ] && [ -s "$scratch/a.json" ] && [ "$(head -n 1 "$scratch/a.csv" | cut -d, -f1-9)" = run,minus,label,by,group,measure,k,value,low ]'
accuracy=$("$PONDER" runs show "$db" 1 --json | sed 's/.*"accuracy":\([0-9.]*\).*/\1/')
check "the_table_has_the_figures_of_the_run" 'grep -q "^1,,best of 4,all,all,accuracy,4,$accuracy" "$scratch/a.csv"'

if ! command -v gnuplot >/dev/null; then
  skip "the_page" "there is no gnuplot here"
  finish
fi
run report "$db" -o "$page"
check "the_page_is_written" '[ $status -eq 0 ] && [ -z "$err" ] && contains "$out" "2 runs, 20 questions"'
percent=$(awk "BEGIN { printf \"%.1f\", 100 * $accuracy }")
check "the_page_has_the_figures_of_the_runs" 'grep -q "is right for <b>$percent%</b>" "$page" && grep -q "beam of 4" "$page"'
check "the_page_has_seven_plots_with_their_names" '[ $(grep -c "role=\"img\" aria-label=" "$page") -eq 7 ] && [ $(grep -c "^<figure><figcaption>" "$page") -eq 7 ]'
check "the_page_has_every_question_with_its_samples" '[ $(grep -c "<section class=\"q\"" "$page") -eq 20 ] && [ $(grep -c "<article>" "$page") -eq 88 ]'
check "the_page_has_settings_and_fingerprint" 'grep -q ">temperature<" "$page" && grep -q ">computed by<" "$page" && grep -q "version 0" "$page"'
check "the_page_asks_nothing_of_anybody" '! grep -qiE "https?:|<script|<link|<img|<iframe|url\(|@import|xlink|javascript:| on[a-z]+=" "$page" && grep -q "default-src .none." "$page"'
check "no_id_is_there_twice" '[ -z "$(grep -oE " id=\"[^\"]*\"" "$page" | sort | uniq -d)" ]'
check "every_link_leads_somewhere" '[ -z "$(grep -oE "href=\"#[^\"]*\"" "$page" | sed "s/.*#//;s/\"//" | sort -u | while read -r id; do grep -q "id=\"$id\"" "$page" || echo "$id"; done)" ]'
run report "$db" -o "$scratch/again.html"
check "the_same_store_gives_the_same_page" 'cmp -s "$page" "$scratch/again.html"'
run report "$db" 2 -o "$scratch/one.html" --title "A <b>title</b>" --samples 0 --questions 3
check "one_run_can_be_shown_with_less" '[ $status -eq 0 ] && contains "$out" "1 run, 8 questions, the first 3" && grep -q "<h1>A &#60;b&#62;title" "$scratch/one.html" && ! grep -q "<article>" "$scratch/one.html"'

mkdir "$scratch/full"
out=$(trap '' XFSZ; ulimit -f 100; "$PONDER" report "$db" -o "$scratch/full/report.html" 2>"$scratch/err")
status=$?
err=$(cat "$scratch/err")
check "a_page_that_cannot_be_written_leaves_nothing" 'refused 1 && contains "$err" "cannot write" && [ -z "$(ls "$scratch/full")" ]'
finish
