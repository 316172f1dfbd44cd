#include "data/scan.h"

#include <algorithm>

#include <fmt/format.h>
#include <poise/error.h>
#include <poise/version.h>

#include "data/measure.h"
#include "data/pipeline.h"
#include "data/tally.h"

namespace poise {
namespace {

// More pixels would make the statistics larger than is of use.
constexpr std::int64_t max_pixels = std::int64_t{1} << 18;
// Each has 65,536 counts on each thread, half a megabyte.
constexpr std::int64_t max_channels16 = 64;

Provenance provenance_of(const SourceInfo& info, const ScanOptions& options) {
  Provenance provenance;
  provenance.poise_version = version();
  provenance.name = info.name.substr(info.name.rfind('/') + 1);
  provenance.format = info.format;
  provenance.compression = info.compression;
  provenance.dtype = info.dtype;
  provenance.shape = info.shape;
  provenance.split = options.split;
  provenance.channel_axis = options.per == Grouping::all ? -1 : options.channel_axis;
  provenance.per = options.per;
  return provenance;
}

// Of the values of one sample, where the samples are not the channels.
ChannelLayout layout_of(const SourceInfo& info, const ScanOptions& options) {
  if (options.per == Grouping::all) return {};
  const ChannelLayout layout = channel_layout(info.shape, options.channel_axis);
  if (options.per != Grouping::pixel) {
    if (info.dtype != ValueType::u16() || layout.channels <= max_channels16) return layout;
    throw Error(Code::shape, fmt::format("[stats] {}: expected at most {} channels of 16-bit data, got {}", info.name,
                                         max_channels16, layout.channels));
  }
  const std::int64_t values = info.sample_values();
  if (values > max_pixels || options.channel_axis == 0) {
    throw Error(Code::shape, fmt::format("[stats] per pixel: expected samples of at most {} values, got shape {}",
                                         max_pixels, info.shape.str()));
  }
  return {values, 1};
}

// What one thread knows of the samples it saw.
struct Worker {
  std::unique_ptr<Tally> tally;
  Fingerprint fingerprint;
  std::vector<Fingerprint> hashes;
  Outliers outliers;
  std::uint64_t used = 0;

  void merge(Worker& other) {
    tally->merge(*other.tally);
    fingerprint.merge(other.fingerprint);
    hashes.insert(hashes.end(), other.hashes.begin(), other.hashes.end());
    outliers.merge(other.outliers);
    used += other.used;
  }
};

struct Block {
  std::int64_t first = 0, count = 0;
  std::vector<std::byte> samples;
};

class ArrayScan {
 public:
  ArrayScan(DataSource& source, const ScanOptions& options)
      : source_(source), info_(source.info()), options_(options), layout_(layout_of(info_, options)) {}

  StatisticsFile run() {
    // Samples have statistics of their own where they hold the channels, with several values each.
    const bool whole = options_.channel_axis != 0;
    const std::int64_t channels = options_.per == Grouping::all ? 1 : layout_.channels;
    own_ = whole && options_.per != Grouping::pixel && info_.sample_values() > channels;
    return info_.dtype.is_integer() && whole ? scan_integers() : scan_in_order();
  }

 private:
  bool read(Block& block) {
    if (block.samples.empty()) block.samples = source_.make_block();
    block.first = read_;
    block.count = source_.read(block.samples);
    read_ += block.count;
    if (options_.progress) options_.progress(static_cast<std::uint64_t>(read_));
    return block.count > 0;
  }

  // f(sample, index) for the shard's.
  template <class F>
  void for_each(const Block& block, const F& f) const {
    const std::size_t bytes = info_.sample_bytes();
    for (std::int64_t i = 0; i < block.count; ++i) {
      if (!options_.shard.holds(block.first + i)) continue;
      f(std::span(block.samples).subspan(static_cast<std::size_t>(i) * bytes, bytes), block.first + i);
    }
  }

  void take_hash(Worker& worker, std::span<const std::byte> sample) const {
    Fingerprint hash;
    hash.add(sample);
    worker.fingerprint.merge(hash);
    if (options_.samples) worker.hashes.push_back(hash);
    ++worker.used;
  }

  void consume(const Block& block, Worker& worker, const std::string& name) const {
    for_each(block, [&](std::span<const std::byte> sample, std::int64_t index) {
      take_hash(worker, sample);
      const Tally::Own& own = worker.tally->add(sample);
      if (own_ && worker.outliers.wants(own.mean, own.std)) {
        worker.outliers.add(fmt::format("{}:{}", name, index), own.mean, own.std);
      }
    });
  }

  StatisticsFile scan_integers() {
    std::vector<Worker> workers(static_cast<std::size_t>(std::max(options_.threads, 1)));
    for (Worker& w : workers) {
      w.tally = std::make_unique<Tally>(info_.dtype, layout_, info_.sample_values(), options_.per, own_);
    }
    const std::string name = info_.name.substr(info_.name.rfind('/') + 1);
    Pipeline<Block> pipeline(options_.threads);
    pipeline.run([&](Block& block) { return read(block); },
                 [&](const Block& block, int w) { consume(block, workers[static_cast<std::size_t>(w)], name); });
    for (std::size_t w = 1; w < workers.size(); ++w) workers[0].merge(workers[w]);
    return finish(workers[0], workers[0].tally->finish());
  }

  // Moments of floats depend on their order.
  StatisticsFile scan_in_order() {
    if (options_.shard.count > 1 && options_.channel_axis == 0) {
      throw Error(Code::usage, "[stats] shard: expected another channel axis than the samples', got 0");
    }
    const auto measure = make_measure(info_.dtype, layout_);
    Worker worker;
    Block block;
    while (read(block)) {
      const bool all = options_.shard.count == 1;
      const std::size_t bytes = static_cast<std::size_t>(block.count) * info_.sample_bytes();
      if (all) measure->add(std::span<const std::byte>(block.samples).first(bytes));
      for_each(block, [&](std::span<const std::byte> sample, std::int64_t) {
        if (!all) measure->add(sample);
        take_hash(worker, sample);
      });
    }
    return finish(worker, measure->finish());
  }

  StatisticsFile finish(Worker& worker, Statistics statistics) const {
    if (worker.used == 0) throw Error(Code::data, fmt::format("[stats] {}: expected samples, got none", info_.name));
    StatisticsFile file(provenance_of(info_, options_), std::move(statistics));
    Provenance& p = file.provenance;
    p.fingerprint = worker.fingerprint;
    p.seen = p.used = worker.used;
    if (!p.shape.empty()) p.shape[0] = static_cast<std::int64_t>(worker.used);
    file.estimator = options_.estimator;
    file.weight = options_.weight;
    const bool chosen = file.estimator != Estimator::pixel || file.weight != Weight::pixel;
    if (chosen && file.statistics.samples().empty()) {
      throw Error(Code::usage,
                  fmt::format("[stats] estimator: expected pixel for {}, whose samples have no statistics of "
                              "their own, got {}",
                              info_.name, word_of(file.estimator)));
    }
    if (own_ && !file.statistics.samples().empty()) file.outliers = std::move(worker.outliers);
    std::sort(worker.hashes.begin(), worker.hashes.end());
    if (options_.samples) file.samples = std::move(worker.hashes);
    return file;
  }

  DataSource& source_;
  const SourceInfo& info_;
  const ScanOptions& options_;
  ChannelLayout layout_;
  bool own_ = false;
  std::int64_t read_ = 0;
};

}  // namespace

StatisticsFile scan(DataSource& source, const ScanOptions& options) {
  const SourceInfo& info = source.info();
  if (options.split) check_split(*options.split);
  if (info.shape.product() == 0) {
    throw Error(Code::data, fmt::format("[stats] {}: expected values, got shape {}", info.name, info.shape.str()));
  }
  return ArrayScan(source, options).run();
}

}  // namespace poise
