#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "cli/cli.h"

namespace poise {

Progress::Progress() : wanted_(!globals().quiet && isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::uint64_t samples) {
  samples_ = samples;
  // The clock is read only now and then where samples are many.
  if (!wanted_ || Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::milliseconds(100);
  const std::uint64_t all = before_ + samples;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  fmt::print(stderr, "\r\x1b[K{} samples, {:.0f} a second", all, static_cast<double>(all) / seconds);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::next_file() {
  before_ += samples_;
  samples_ = 0;
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace poise
