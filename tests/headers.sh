#!/bin/sh
# tests/headers.sh: each public header can be included alone, from C and from C++, and its functions have C's names
# in C++. Skipped without compilers. TAP output.
set -u
cd "$(dirname "$0")/.." || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
headers="ponder.h $(cd include && echo ponder/*.h)"
flags="-Iinclude -Wall -Wextra -Werror"
number=0
failed=0

verdict() { # name, what is wrong
  number=$((number + 1))
  [ -z "$2" ] || { printf '%s\n' "$2" | sed 's/^/# /'; failed=1; printf 'not '; }
  echo "ok $number - $1"
}

skip() { # name, reason
  number=$((number + 1))
  echo "ok $number - $1 # SKIP $2"
}

alone() { # compiler, language
  for header in $headers; do
    printf '#include <%s>\nextern int used; int used;\n' "$header" >"$scratch/alone.$2"
    $1 $flags -fsyntax-only -x "$2" "$scratch/alone.$2" 2>&1 | head -n 3
  done
}

# The functions that a header declares, their addresses taken: what the linker would look for.
mangled() { # compiler
  for header in $headers; do
    {
      echo "#include <$header>"
      echo 'extern void (*const all[])(void); void (*const all[])(void) = {'
      $1 -Iinclude -E -P -x c++ "include/$header" | grep -oE '(^|[^a-z_])ponder_[a-z0-9_]+ ?\(' |
        sed 's/[^a-z0-9_]//g; s/.*/(void (*)(void))&,/' | sort -u
      echo '0};'
    } >"$scratch/all.cc"
    if $1 $flags -Wno-cast-function-type -c "$scratch/all.cc" -o "$scratch/all.o" 2>"$scratch/err"; then
      nm -u "$scratch/all.o" | grep _Z | sed "s|^ *U|$header: no extern \"C\":|"
    else
      head -n 3 "$scratch/err"
    fi
  done
}

echo 1..3
cc=${CC:-cc}
if command -v "${cc%% *}" >/dev/null; then
  verdict each_header_can_be_included_alone_from_c "$(alone "$cc -std=c11" c)"
else
  skip each_header_can_be_included_alone_from_c "there is no C compiler"
fi
cxx=${CXX:-c++}
if command -v "${cxx%% *}" >/dev/null && command -v nm >/dev/null; then
  verdict each_header_can_be_included_alone_from_cpp "$(alone "$cxx" c++)"
  verdict functions_have_their_c_names_in_cpp "$(mangled "$cxx")"
else
  skip each_header_can_be_included_alone_from_cpp "there is no C++ compiler"
  skip functions_have_their_c_names_in_cpp "there is no C++ compiler, or no nm"
fi
exit $failed
