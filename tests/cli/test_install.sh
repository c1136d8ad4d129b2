#!/bin/sh
# `meson install` into a folder of its own: the program finds its model there, and examples/solve.c compiles against
# what was installed with pkg-config alone. Needs PONDER_BUILD, the build folder.
. "$(dirname "$0")/lib.sh"
unset PONDER_MODELS_DIR

if ! command -v meson >/dev/null || ! command -v pkg-config >/dev/null; then
  skip "install" "there is no meson or no pkg-config here"
  finish
fi
place=$scratch/place
out=$(meson install -C "${PONDER_BUILD:?the build folder}" --no-rebuild --destdir "$place" 2>&1)
status=$?
check "everything_installs" '[ $status -eq 0 ]'
pc=$(find "$place" -name ponder.pc)
prefix=$place$(sed -n 's/^prefix=//p' "$pc")
for file in bin/ponder include/ponder.h include/ponder/solve.h share/man/man1/ponder.1 \
  share/bash-completion/completions/ponder; do
  check "$(basename $file)_is_installed_in_$(dirname $file | tr / _)" '[ -s "$prefix/$file" ]'
done
check "the_texts_name_no_build_folder" '! grep -rqF -e "$root" -e "$PONDER_BUILD" "$pc" "$prefix/share/man" "$prefix/share/bash-completion"'

lib=$(dirname "$(find "$place" -name libponder.so)")
export PKG_CONFIG_PATH="$(dirname "$pc")"
flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs ponder 2>&1)
for example in solve batch; do
  out=$(${CC:-cc} -Wall -Wextra -Werror "$root/examples/$example.c" $flags -o "$scratch/$example" 2>&1)
  status=$?
  check "the_example_${example}_compiles_against_the_installed_library" '[ $status -eq 0 ]'
done
if command -v "${CXX:-c++}" >/dev/null; then
  out=$(${CXX:-c++} -std=c++17 -Wall -Wextra -Werror "$root/examples/stream.cc" $flags -o "$scratch/stream" 2>&1)
  status=$?
  check "the_example_stream_compiles_as_cxx" '[ $status -eq 0 ]'
else
  skip "the_example_stream_compiles_as_cxx" "there is no C++ compiler here"
fi
if [ -f "$shipped" ]; then
  check "the_model_is_installed" 'cmp -s "$shipped" "$prefix/share/ponder/models/pocket-base.gguf"'
  PONDER=$prefix/bin/ponder
  run solve -n 4 "What is 3 + 4?"
  check "the_installed_program_finds_its_model" '[ $status -eq 0 ] || [ $status -eq 3 ]'
  export LD_LIBRARY_PATH="$lib" PONDER_MODELS_DIR="$prefix/share/ponder/models"
  out=$("$scratch/solve" "What is 3 + 4?" 2>&1)
  status=$?
  check "the_example_solve_answers" '[ $status -eq 0 ] && [ -n "$out" ]'
  out=$(printf 'What is 3 + 4?\nWhat is a+b if 3a+2=11 and 2b+5=9?\n' | "$scratch/batch" 2>&1)
  status=$?
  check "the_example_batch_answers_each_line" '[ $status -eq 0 ] && [ "$(printf "%s\n" "$out" | wc -l)" -eq 3 ] && contains "$out" "generations"'
  if [ -x "$scratch/stream" ]; then
    out=$("$scratch/stream" "What is a+b if 3a+2=11 and 2b+5=9?" 2>&1)
    status=$?
    check "the_example_stream_shows_what_is_kept" '[ $status -eq 0 ] && contains "$out" "+ kept" && contains "$out" "done"'
  fi
else
  skip "the_installed_model" "there is no models/pocket-base.gguf"
fi
finish
