#include "cluster/agreement.h"

#include <algorithm>
#include <new>
#include <string>

#include "core/context_state.h"

namespace poise {
namespace {

// The first line in which two texts differ, split at its `=`.
struct Line {
  std::string_view name, value;
};

Line line_at(std::string_view text, std::size_t begin) {
  const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  const std::size_t equals = std::min(line.find('='), line.size());
  return {line.substr(0, equals), line.substr(std::min(equals + 1, line.size()))};
}

std::size_t first_difference(std::string_view a, std::string_view b) {
  const auto at = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  const std::size_t line = at == 0 ? std::string_view::npos : a.rfind('\n', at - 1);
  return line == std::string_view::npos ? 0 : line + 1;
}

}  // namespace

Agreement::Agreement(std::string_view call, Communicator& ranks, Context& context) : call_(call), ranks_(ranks) {
  std::vector<std::byte>& memory = context.state().headers;
  try {
    memory.resize(static_cast<std::size_t>(ranks.size()) * sizeof(Header));
  } catch (const std::bad_alloc&) {
    throw Error(Code::memory, fmt::format("[{}] ranks: expected memory for {} headers, got none", call, ranks.size()));
  }
  all_ = {reinterpret_cast<Header*>(memory.data()), static_cast<std::size_t>(ranks.size())};
  term("call", call);
}

void Agreement::fail(Code code, std::string_view message) noexcept {
  mine_ = {};
  mine_.failed = 1 + static_cast<std::int32_t>(code);
  std::copy_n(message.begin(), std::min(message.size(), mine_.text.size() - 1), mine_.text.begin());
}

void Agreement::exchange() { ranks_.all_gather(&mine_, sizeof mine_, all_.data()); }

void Agreement::judge() const {
  for (std::size_t r = 0; r < all_.size(); ++r) {
    if (all_[r].failed == 0) continue;
    throw Error(static_cast<Code>(all_[r].failed - 1),
                fmt::format("[{}] rank {}: expected no error, got {}", call_, r, all_[r].text.data()));
  }
  const std::string_view first = all_[0].text.data();
  for (std::size_t r = 1; r < all_.size(); ++r) {
    const std::string_view other = all_[r].text.data();
    if (first == other) continue;
    const std::size_t at = first_difference(first, other);
    const Line wanted = line_at(first, at), got = line_at(other, at);
    throw Error(Code::usage, fmt::format("[{}] {}: expected {} as on rank 0, got {} on rank {}", call_, wanted.name,
                                         wanted.value, got.value, r));
  }
}

}  // namespace poise
