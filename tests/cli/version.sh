# What differs between machines is masked.
poise --version | sed -E 's/[0-9]+\.[0-9]+\.[0-9]+/VERSION/; s/(gcc|clang) VERSION/COMPILER VERSION/' |
  sed -E 's/(scalar|sse4|avx2|avx512)(, )?/TARGET\2/g; s/(TARGET, )*TARGET\)/TARGETS)/'
POISE_TARGET=scalar poise --version | grep -o 'instruction set: [a-z0-9]*'
POISE_TARGET=mmx code poise --version
