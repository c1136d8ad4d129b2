#!/bin/sh
# `ponder bench`: what each of them prints, on a tiny model with random weights. No times.
. "$(dirname "$0")/lib.sh"

tiny="--width 32 --layers 2 --heads 2 --ffn 64 --vocab 272 --threads 1 --repeats 2"
small="$tiny --branches 4 --prompt-tokens 40 --tokens 8"

# has KEY VALUE: the JSON in $out has it.
has() {
  contains "$out" "\"$1\": $2,"
}

# positive KEY: .. and it is a number above 0.
positive() {
  printf '%s\n' "$out" | grep -qE "\"$1\": ([1-9]|0\.0*[1-9])"
}

run bench
check "bench_alone_lists_its_commands" '[ $status -eq 2 ] && contains "$err" "bench tree" && contains "$err" "bench score"'

run bench train $tiny --rows 2 --row-tokens 16 --json
check "train_prints_one_json_object" '[ $status -eq 0 ] && [ -z "$err" ] && [ $(wc -l <"$scratch/out") -eq 1 ] && positive tokens_per_s && positive peak_share && has tokens 32 && has repeats 2'

run bench decode $small --json
check "decode_counts_the_tokens_of_all_branches" '[ $status -eq 0 ] && positive tokens_per_s && positive peak_share && has tokens 32 && has prompt_tokens 40 && has threads 1'
check "decode_states_its_memory" 'positive rss_bytes_max && positive weights_bytes && has kv_bytes_max 28672'
check "decode_without_a_peer_has_no_ratio" '! contains "$out" peer_ && ! contains "$out" ratio'
run bench decode $small
check "decode_prints_what_it_measured" '[ $status -eq 0 ] && contains "$out" "tokens/s (median of 2" && contains "$out" "times weights"'
run bench decode $small --arch qwen3 --kv-heads 1 --kv-type f32 --exact --json
check "decode_takes_other_shapes" '[ $status -eq 0 ] && has kv_bytes_max 28672 && contains "$out" "\"precision\": \"f32\""'

# A block of 16 positions is 4,096 bytes; the prompt has three, a branch one.
run bench tree $small --json
check "tree_measures_powers_of_two" '[ $status -eq 0 ] && [ $(grep -o "\"branches\"" "$scratch/out" | wc -l) -eq 3 ] && ! contains "$out" null'
check "branches_hold_a_shared_prompt_once" 'contains "$out" "\"kv_bytes\": 16384}" && contains "$out" "\"kv_bytes\": 20480}, " && contains "$out" "\"kv_bytes\": 28672}, "'
check "branches_with_copies_hold_one_each" 'contains "$out" "\"kv_bytes\": 32768}}" && contains "$out" "\"kv_bytes\": 65536}}"'
check "tree_measures_the_tokens_behind_the_first" 'has tokens 32 && has prompt_tokens 40'
run bench tree $small --branches 3
check "tree_ends_with_the_number_asked_for" '[ $status -eq 0 ] && printf "%s\n" "$out" | grep -q "^ *3  " && ! printf "%s\n" "$out" | grep -q "^ *4  "'
run bench tree $tiny --branches 32 --prompt-tokens 400 --tokens 8 --kv-mib 2 --json
check "copies_that_do_not_fit_are_left_out_and_told" '[ $status -eq 0 ] && contains "$err" "left out" && contains "$out" "\"tokens_per_s\": null, \"kv_bytes\": "'
if command -v gnuplot >/dev/null; then
  run bench tree $small --branches 2 --svg "$scratch/tree.svg"
  check "tree_is_drawn" '[ $status -eq 0 ] && grep -q "without sharing" "$scratch/tree.svg" && grep -q "</svg>" "$scratch/tree.svg"'
else
  skip "tree_is_drawn" "there is no gnuplot here"
fi
run bench tree $small --svg "$scratch/none/tree.svg"
check "a_drawing_that_cannot_be_written_is_refused_at_once" 'refused 1 && contains "$err" "--svg"'

run bench score $tiny --random --solutions 3 --steps 2 --step-tokens 5 --prompt-tokens 20 --json
check "score_counts_prompt_and_steps" '[ $status -eq 0 ] && has tokens 50 && positive tokens_per_s && positive steps_per_s && positive weights_bytes && positive kv_bytes_max'
if [ -f "$root/models/pocket-prm.gguf" ]; then
  run bench score --threads 1 --repeats 1 --solutions 2 --steps 1 --step-tokens 4 --prompt-tokens 8 --json
  check "score_takes_the_shipped_verifier" '[ $status -eq 0 ] && has tokens 16 && has parameters 2312256'
else
  skip "score_takes_the_shipped_verifier" "it is not here"
fi

# A compiler that stands for llama.cpp's: what it makes prints a rate, or does as it is told.
mkdir -p "$scratch/peer/bin"
compiler=$scratch/peer/bin/cc-llama
compiler_that() {
  printf '#!/bin/sh\n%s\n' "$1" >"$compiler"
  chmod +x "$compiler"
}
program_that() {
  compiler_that "grep -q llama_decode \"\$2\" || exit 1
printf '#!/bin/sh\n$1\n' >\"\$1\"; chmod +x \"\$1\""
}
program_that 'head -c 4 "$1" | grep -q GGUF && [ "$2$3$4$5" = 44081 ] && case $7 in (split+flash) echo "12.5 $7";; (split) exit 1;; (*) echo "3 $7";; esac'
run bench decode $small --peer "$scratch/peer" --json
check "the_fastest_way_of_a_peer_is_told" 'contains "$err" "fastest with split+flash: 12.5 tokens/s"'
check "a_peer_runs_the_same_file_and_work" '[ $status -eq 0 ] && has peer_tokens_per_s 12.5 && has peer_mode "\"split+flash\"" && positive ratio'
run bench decode $small --peer "$scratch/peer" --save-model "$scratch/kept.gguf"
check "the_file_that_both_ran_may_be_kept" '[ $status -eq 0 ] && [ -s "$scratch/kept.gguf" ] && contains "$out" "llama.cpp (split+flash): 12 tokens/s"'
program_that 'echo no such tensor >&2; exit 1'
run bench decode $small --peer "$scratch/peer"
check "a_peer_that_fails_says_why" 'refused 1 && contains "$err" "llama.cpp failed: no such tensor"'
program_that 'echo fast'
run bench decode $small --peer "$scratch/peer"
check "a_peer_that_prints_no_rate_is_refused" 'refused 1 && contains "$err" "no rate: fast"'
compiler_that 'echo "llama.h: no such file" >&2; echo stopped >&2; exit 1'
run bench decode $small --peer "$scratch/peer"
check "a_compiler_that_fails_is_quoted" 'refused 1 && contains "$err" "cc-llama failed: llama.h: no such file|stopped"'
compiler_that 'true'
run bench decode $small --peer "$scratch/peer"
check "a_compiler_that_makes_nothing_is_told" 'refused 1 && contains "$err" "made no program"'
run bench decode $small --peer "$scratch/nowhere"
check "a_folder_without_a_compiler_is_named" 'refused 1 && contains "$err" "there is no program $scratch/nowhere/bin/cc-llama"'
run bench decode $small --peer "$scratch/peer" --kv-type f32
check "a_peer_needs_the_same_keys_and_values" 'refused 2 && contains "$err" "leave --kv-type f16"'
TMPDIR=$scratch/absent run bench decode $small --peer "$scratch/peer"
check "a_temporary_folder_that_cannot_be_made_is_named" 'refused 1 && contains "$err" "$scratch/absent"'

run bench tree $small --arch gpt2
check "an_unknown_architecture_is_refused" 'refused 2 && contains "$err" "llama, qwen2 or qwen3"'
run bench decode --branches 0
check "no_branches_are_refused_with_the_range" 'refused 2 && contains "$err" "1 to 4096"'
run bench tree --branches 5000
check "too_many_branches_are_refused_with_the_range" 'refused 2 && contains "$err" "1 to 4096"'
run bench decode $tiny --branches 1000 --tokens 1000 --kv-mib 10
check "what_does_not_fit_its_memory_is_refused" 'refused 2 && contains "$err" "--kv-mib allows 10"'
run bench score $tiny --random --model "$scratch/kept.gguf"
check "a_model_and_random_weights_are_refused" 'refused 2 && contains "$err" "--model and --random"'
run bench decode --model "$scratch/kept.gguf" --prompt-tokens 400 --threads 1
check "a_context_too_short_is_told" 'refused 2 && contains "$err" "the model'"'"'s context is 112"'
run bench train $tiny --rows 1 --row-tokens 8 --save-model "$scratch/bare.gguf"
run bench decode --model "$scratch/bare.gguf" --threads 1
check "a_model_without_a_tokenizer_is_refused" 'refused 1 && contains "$err" tokenizer'
finish
