#pragma once

#include <poise/communicator.h>
#include <poise/context.h>
#include <poise/error.h>

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string_view>
#include <utility>

namespace poise {

// What every rank must say alike before a call works on them together: each validates its own arguments and names its
// terms (types, channels, options); then all gather one small header from all. An error on one rank, or a term on which
// two differ, is an Error on every rank, so that none is left waiting in the collective that follows.
//
//     Agreement agreement("sync_batch_norm", ranks, context);
//     agreement.reach([&] {
//       ...                                    validation, which may throw
//       agreement.term("eps", options.eps);
//     });
class Agreement {
 public:
  // Takes the room for all headers: a rank without memory for that is the one that the others would wait for.
  Agreement(std::string_view call, Communicator& ranks, Context& context);

  template <class T>
  void term(std::string_view name, T&& value) noexcept {
    // What a header has no room for is not compared.
    const auto room = mine_.text.size() - 1 - used_;
    const auto end = fmt::format_to_n(mine_.text.data() + used_, room, "{}={}\n", name, std::forward<T>(value));
    used_ += end.size < room ? end.size : room;
  }

  // Collective. Rethrows what validate threw; on the other ranks, and for terms that differ, throws the same Error
  // everywhere.
  template <class F>
  void reach(F&& validate) {
    try {
      validate();
    } catch (const Error& error) {
      fail(error.code(), error.what());
      exchange();
      throw;
    } catch (const std::exception& error) {
      fail(Code::memory, error.what());
      exchange();
      throw;
    }
    exchange();
    judge();
  }

 private:
  // Bytes as they travel, zero where nothing is said. text: the terms, `name=value` a line, or the error.
  struct Header {
    std::int32_t failed = 0;  // 1 + Code; 0: no error
    std::array<char, 1020> text{};
  };

  void fail(Code code, std::string_view message) noexcept;
  void exchange();
  void judge() const;

  std::string_view call_;
  Communicator& ranks_;
  Header mine_;
  std::size_t used_ = 0;
  std::span<Header> all_;
};

}  // namespace poise
