#include "data/scan.h"

#include <fmt/format.h>
#include <poise/error.h>
#include <poise/version.h>

#include "data/measure.h"

namespace poise {
namespace {

Provenance provenance_of(const SourceInfo& info, const ScanOptions& options) {
  Provenance provenance;
  provenance.poise_version = version();
  provenance.name = info.name.substr(info.name.rfind('/') + 1);
  provenance.format = info.format;
  provenance.compression = info.compression;
  provenance.dtype = info.dtype;
  provenance.shape = info.shape;
  provenance.seen = static_cast<std::uint64_t>(info.samples());
  provenance.split = options.split;
  provenance.channel_axis = options.channel_axis;
  return provenance;
}

}  // namespace

StatisticsFile scan(DataSource& source, const ScanOptions& options) {
  const SourceInfo& info = source.info();
  if (options.split) check_split(*options.split);
  if (info.shape.product() == 0) {
    throw Error(Code::data, fmt::format("[stats] {}: expected values, got shape {}", info.name, info.shape.str()));
  }
  Provenance provenance = provenance_of(info, options);
  const auto measure = make_measure(info.dtype, channel_layout(info.shape, options.channel_axis));
  std::vector<std::byte> block = source.make_block();
  const std::size_t bytes = info.sample_bytes();
  while (const std::int64_t count = source.read(block)) {
    const auto samples = std::span<const std::byte>(block).first(static_cast<std::size_t>(count) * bytes);
    measure->add(samples);
    for (std::size_t at = 0; at < samples.size(); at += bytes) provenance.fingerprint.add(samples.subspan(at, bytes));
    provenance.used += static_cast<std::uint64_t>(count);
  }
  return {std::move(provenance), measure->finish()};
}

}  // namespace poise
