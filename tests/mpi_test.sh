#!/usr/bin/env bash
# Ranks by MPI: the tests in tests/mpi, and the example, on 1, 2, 3 and 5 ranks of this machine.
set -euo pipefail

if [ -n "$POISE_SANITIZE" ]; then
  echo "skipped: MPI itself is not built with sanitizers"
  exit 77
fi
if [ ! -x "$POISE_BUILD_DIR/poise_mpi_tests" ] || ! command -v mpirun > /dev/null; then
  echo "skipped: no MPI here"
  exit 77
fi

# Ranks of one machine need no network, and more of them than processors must not spin; as root where a container is.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl=self,vader OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export POISE_THREADS=1

expected=
for ranks in 1 2 3 5; do
  echo "== $ranks ranks"
  timeout 120 mpirun -n "$ranks" "$POISE_BUILD_DIR/poise_mpi_tests" --gtest_brief=1
  losses=$(timeout 120 mpirun -n "$ranks" "$POISE_BUILD_DIR/examples/sync_batch_norm")
  [ -n "$expected" ] || echo "$losses"
  if [ "$losses" != "${expected:=$losses}" ]; then
    printf 'the example on %s ranks printed\n%s\n' "$ranks" "$losses" >&2
    exit 1
  fi
done
