#!/usr/bin/env bash
# An installed Poise serves a project of its own: through find_package, shared and static, and through pkg-config, from
# a prefix that was moved after the installation.
set -euo pipefail

if [ -n "$POISE_SANITIZE" ]; then
  echo "skipped: what is installed is not built with sanitizers"
  exit 77
fi

work=$POISE_BUILD_DIR/install_test
rm -rf "$work"
cmake --install "$POISE_BUILD_DIR" --prefix "$work/staged" > "$work.log"
mv "$work/staged" "$work/prefix"
example=$POISE_SOURCE_DIR/examples/installed

cmake -S "$example" -B "$work/example" -G Ninja -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_PREFIX_PATH="$work/prefix" >> "$work.log"
cmake --build "$work/example" >> "$work.log"
expected=$("$work/example/normalize")
echo "$expected"
[ "$("$work/example/normalize_static")" = "$expected" ]

PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name poise.pc)")
export PKG_CONFIG_PATH
libdir=$(dirname "$PKG_CONFIG_PATH")
read -ra flags <<< "$(pkg-config --cflags --libs poise)"
"$CXX" -std=c++20 "$example/main.cpp" "${flags[@]}" -Wl,-rpath,"$libdir" -o "$work/with_pkg_config"
[ "$("$work/with_pkg_config")" = "$expected" ]

read -ra private <<< "$(pkg-config --cflags --libs --static poise)"
"$CXX" -std=c++20 "$example/main.cpp" "${private[@]/-lpoise/$libdir/libpoise.a}" -o "$work/with_pkg_config_static"
[ "$("$work/with_pkg_config_static")" = "$expected" ]

# Only what carries POISE_API leaves the shared library.
if nm -DC --defined-only "$libdir/libpoise.so" | grep -E ' [TWVBDR] ' | grep -vE 'poise::|std::|__gnu|operator (new|delete)'; then
  echo "exported without POISE_API: see above" >&2
  exit 1
fi
