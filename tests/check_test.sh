#!/usr/bin/env bash
# tools/check finds what it says it finds: one fault each, planted in a tree of its own.
set -euo pipefail

if ! command -v clang-format > /dev/null || ! command -v git > /dev/null; then
  echo "skipped: clang-format or git is missing"
  exit 77
fi
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{tools,include/poise,src/{core,kernels,techniques},cli,tests}
cp "$POISE_SOURCE_DIR/tools/check" "$tree/tools"
cp "$POISE_SOURCE_DIR/.clang-format" "$tree"
git -C "$tree" init -q

# expect PATH TEXT MESSAGE: a file of this text is found with this message; without it, nothing is found.
expect() {
  printf '%b' "$2" > "$tree/$1"
  if "$tree/tools/check" > "$tree/output"; then echo "passed, though $1 has a fault: $3"; exit 1; fi
  grep -F "$1:" "$tree/output" | grep -qF "$3" || { echo "expected '$3' for $1, got:"; cat "$tree/output"; exit 1; }
  rm "$tree/$1" "$tree/output"
  "$tree/tools/check" > /dev/null
}

lines() { for ((i = 0; i < $1; i++)); do printf '%s' "$2"; done; }

expect src/core/a.cpp 'int  a;\n' 'clang-format -i'
expect src/core/a.cpp "$(lines 501 '\n')" 'at most 500'
expect include/poise/a.h "$(lines 121 '\n')" 'at most 120'
expect src/core/a.cpp "namespace n {\nvoid f() {\n$(lines 61 '  g();\n')}\n}  // namespace n\n" 'a function of 63 lines'
expect src/core/a.cpp "S::S() : a{1}, b{2} {\n$(lines 61 '  g();\n')}\n" 'a function of 63 lines'
expect src/core/a.cpp '#include <hwy/highway.h>\n' 'Highway outside src/kernels'
expect src/core/a.cpp '#include "kernels/loops.h"\n' 'does not belong under src/core'
expect include/poise/a.h '#include <fmt/format.h>\n' 'does not belong under include/poise'
expect include/poise/a.h '#include <omp.h>\n' 'does not belong under include/poise'
expect include/poise/a.h '#include "core/moments.h"\n' 'does not belong under include/poise'
expect cli/a.cpp '#include "kernels/loops.h"\n' 'does not belong under cli'
expect cli/a.cpp '// /home'/x/y'\n' 'an absolute path'
expect cli/a.cpp '// TO''DO: more\n' 'unfinished'
expect tools/faults 'FAULTS = [("a", "tools/check", "no such" " line", "", "")]\n' 'occurs 0 times in tools/check'
expect CHANGELOG.md '- faster\n' 'start the line with'

echo 'int group_norm();' > "$tree/include/poise/group_norm.h"
echo 'int x;' > "$tree/tests/group_norm_test.cpp"
printf 'T table[] = {\n    group_norm_technique,  //\n};\n' > "$tree/src/techniques/table.cpp"
expect src/techniques/group_norm.cpp "$(lines 121 '\n')" 'at most 120'
mv "$tree/tests/group_norm_test.cpp" "$tree/kept"
printf 'int y;\n' > "$tree/src/techniques/group_norm.cpp"
if "$tree/tools/check" > "$tree/output"; then echo "passed without a test"; exit 1; fi
grep -qF 'write tests/group_norm_test.cpp' "$tree/output"
mv "$tree/kept" "$tree/tests/group_norm_test.cpp"
echo 'extern T group_norm_technique;' > "$tree/src/techniques/table.cpp"
if "$tree/tools/check" > "$tree/output"; then echo "passed without a line in the table"; exit 1; fi
grep -qF 'add its line to src/techniques/table.cpp' "$tree/output"
