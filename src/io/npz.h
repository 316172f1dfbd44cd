#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <poise/tensor.h>

#include "io/atomic_file.h"
#include "io/byte_stream.h"
#include "io/npy_header.h"

namespace poise {

// Several npy arrays in one zip file, as numpy.savez writes them.
struct NpzArray {
  std::string name;  // of the member, without ".npy"
  Tensor values;
};

// All arrays, in the file's order, stored or deflated. Error{data} when the archive is damaged or cut short, a member
// is no npy array, claims more than the archive can hold, or a name occurs twice.
std::vector<NpzArray> read_npz(const std::string& path, const NpyOptions& options = {});

bool is_zip(std::span<const std::byte> head) noexcept;
// One array's npy file, read from the archive as it is needed; name without ".npy", empty for the first one.
// Error{data}: there is none of that name.
std::unique_ptr<ByteStream> open_npz_member(const std::string& path, const std::string& name);

struct NpzMember {
  std::string name;
  ConstTensorView values;
};

// Stored without compression and without a time: the same arrays give the same bytes. Appears whole or not at
// all.
void write_npz(const std::string& path, std::span<const NpzMember> members, bool force);
// The same bytes to a file that the caller commits.
void write_npz(AtomicFile& file, std::span<const NpzMember> members);

}  // namespace poise
