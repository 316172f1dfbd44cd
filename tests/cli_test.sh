#!/bin/bash
# Runs the command as users see it: each tests/cli/NAME.sh in an empty folder, with poise and npy (tests/cli/npy) in the
# path. What it prints and its exit code must be NAME.stdout, NAME.stderr and NAME.exit; a missing one means empty, or 0.
#
#     tests/cli_test.sh [--rewrite] [NAME...]      --rewrite makes what is printed now the expectation
#
# POISE says where the command is (default build/release/poise).
set -u
here=$(cd "$(dirname "$0")" && pwd)
poise=$(realpath "${POISE:-$here/../build/release/poise}")
[ -x "$poise" ] || { echo "cli: no command at $poise" >&2; exit 1; }
rewrite=0
[ "${1:-}" = --rewrite ] && rewrite=1 && shift

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/default"
: >"$work/default/stdout"
: >"$work/default/stderr"
echo 0 >"$work/default/exit"
ln -s "$poise" "$work/bin/poise"
ln -s "$here/cli/npy" "$work/bin/npy"
export PATH="$work/bin:$PATH" LC_ALL=C POISE_THREADS=2 POISE_SANITIZE="${POISE_SANITIZE:-}"
unset POISE_TARGET

# code COMMAND...: runs it, and prints its exit code when that is not 0.
code() { "$@" || echo "exit $?"; }
export -f code

# Replaces an expectation by what was printed; the default has no file.
renew() { if cmp -s "$1" "$3"; then rm -f "$2"; else cp "$1" "$2"; fi; }

failed=0 ran=0 skipped=0
for script in "$here"/cli/*.sh; do
  name=$(basename "$script" .sh)
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
  got="$work/case/$name"
  mkdir -p "$got" "$got/folder"
  (cd "$got/folder" && exec bash "$script") >"$got/stdout" 2>"$got/stderr" </dev/null
  status=$?
  if [ $status = 77 ]; then
    skipped=$((skipped + 1))
    continue
  fi
  ran=$((ran + 1))
  echo $status >"$got/exit"
  for part in stdout stderr exit; do
    expected="$here/cli/$name.$part"
    default="$work/default/$part"
    if [ $rewrite = 1 ]; then
      renew "$got/$part" "$expected" "$default"
      continue
    fi
    [ -e "$expected" ] || expected="$default"
    if ! diff -u --label "$name.$part expected" --label "$name.$part printed" "$expected" "$got/$part"; then
      failed=$((failed + 1))
    fi
  done
done
echo "cli: $ran transcripts, $failed differences, $skipped skipped"
[ $ran -gt 0 ] && [ $failed = 0 ]
