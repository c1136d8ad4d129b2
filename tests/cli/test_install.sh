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
out=$(${CC:-cc} -Wall -Wextra -Werror "$root/examples/solve.c" $flags -o "$scratch/solve" 2>&1)
status=$?
check "the_example_compiles_against_the_installed_library" '[ $status -eq 0 ]'
if [ -f "$shipped" ]; then
  check "the_model_is_installed" 'cmp -s "$shipped" "$prefix/share/ponder/models/pocket-base.gguf"'
  PONDER=$prefix/bin/ponder
  run solve -n 4 "What is 3 + 4?"
  check "the_installed_program_finds_its_model" '[ $status -eq 0 ] || [ $status -eq 3 ]'
  out=$(LD_LIBRARY_PATH=$lib PONDER_MODEL=$prefix/share/ponder/models/pocket-base.gguf "$scratch/solve" "What is 3 + 4?" 2>&1)
  status=$?
  check "the_example_answers" '[ $status -eq 0 ] && [ -n "$out" ]'
else
  skip "the_installed_model" "there is no models/pocket-base.gguf"
fi
finish
