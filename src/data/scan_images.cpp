#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <poise/error.h>
#include <poise/version.h>

#include "data/colour.h"
#include "data/pipeline.h"
#include "data/scan.h"
#include "data/tally.h"
#include "io/image.h"

namespace poise {
namespace {

// More pixels would make the statistics larger than is of use.
constexpr std::int64_t max_pixels = std::int64_t{1} << 18;

// What images must have in common to be measured together.
struct Kind {
  int channels = 0, bits = 0;
  std::int64_t height = 0, width = 0;  // per pixel only

  std::string str() const {
    const std::string size = height > 0 ? fmt::format("{} x {} ", width, height) : "";
    return fmt::format("{}{} channel{} of {} bits", size, channels, channels == 1 ? "" : "s", bits);
  }
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a 0 in it
  friend auto operator<=>(const Kind&, const Kind&) = default;
};

// The image that comes first in the set among those of which something is true.
struct First {
  std::int64_t place = -1;
  std::string path;

  void add(std::int64_t other, const std::string& other_path) {
    if (place >= 0 && place <= other) return;
    place = other;
    path = other_path;
  }
};

// What one thread knows of the images it saw.
struct Worker {
  std::optional<Kind> kind;  // of tally; images of another are known only as such
  std::unique_ptr<Tally> tally;
  std::map<Kind, First> kinds;
  First transparent;
  Fingerprint fingerprint;
  std::vector<Fingerprint> hashes;
  ImageSizes sizes;
  Classes classes;
  Outliers outliers;
  Failures failures;
  std::set<std::string> decoders;
  std::uint64_t used = 0, failed = 0;
  Image image;  // memory used again

  void merge(Worker& other) {
    if (!tally) {
      tally = std::move(other.tally);
      kind = other.kind;
    } else if (other.tally && kind == other.kind) {
      tally->merge(*other.tally);
    }
    for (const auto& [k, first] : other.kinds) kinds[k].add(first.place, first.path);
    if (other.transparent.place >= 0) transparent.add(other.transparent.place, other.transparent.path);
    fingerprint.merge(other.fingerprint);
    hashes.insert(hashes.end(), other.hashes.begin(), other.hashes.end());
    sizes.merge(other.sizes);
    classes.merge(other.classes);
    outliers.merge(other.outliers);
    failures.merge(other.failures.list);
    decoders.merge(other.decoders);
    used += other.used;
    failed += other.failed;
  }
};

class Scanner {
 public:
  Scanner(ImageSource& source, const ScanOptions& options) : source_(source), options_(options) {}

  ImageScan run() {
    std::vector<Worker> workers(static_cast<std::size_t>(std::max(options_.threads, 1)));
    Pipeline<EncodedImage> pipeline(options_.threads);
    pipeline.run([&](EncodedImage& image) { return read(image); },
                 [&](const EncodedImage& image, int w) { consume(image, workers[static_cast<std::size_t>(w)]); });
    for (std::size_t w = 1; w < workers.size(); ++w) workers[0].merge(workers[w]);
    return finish(workers[0]);
  }

 private:
  bool read(EncodedImage& image) {
    if (options_.progress) options_.progress(read_);
    ++read_;
    return source_.next(image);
  }

  void consume(const EncodedImage& encoded, Worker& worker) const {
    std::string error = encoded.error;
    if (error.empty()) {
      try {
        decode_image(worker.image, encoded.bytes, encoded.name);
      } catch (const Error& bad) {
        if (bad.code() != Code::data) throw;
        error = bad.what();
      }
    }
    if (!error.empty()) {
      ++worker.failed;
      worker.failures.merge({{encoded.name, error, encoded.path}});
      return;
    }
    worker.decoders.insert(image_format(encoded.bytes));
    add(encoded, worker);
  }

  void add(const EncodedImage& encoded, Worker& worker) const {
    Image& image = worker.image;
    Fingerprint hash;
    hash.add(image.pixels);
    worker.fingerprint.merge(hash);
    if (options_.samples) worker.hashes.push_back(hash);
    worker.sizes.add(image.height, image.width);
    ++worker.used;
    if (!convert_colour(image, options_.mode, options_.alpha)) {
      return worker.transparent.add(encoded.place, encoded.path);
    }
    const bool pixel = options_.per == Grouping::pixel;
    const Kind kind{image.channels, image.bits, pixel ? image.height : 0, pixel ? image.width : 0};
    worker.kinds[kind].add(encoded.place, encoded.path);
    // The message names two; memory must not grow with what comes after.
    if (worker.kinds.size() > 64) worker.kinds.erase(latest(worker.kinds));
    if (!worker.kind) start(worker, kind, image);
    if (worker.kind == kind) measure(encoded, worker);
  }

  static std::map<Kind, First>::iterator latest(std::map<Kind, First>& kinds) {
    return std::max_element(kinds.begin(), kinds.end(),
                            [](const auto& a, const auto& b) { return a.second.place < b.second.place; });
  }

  void start(Worker& worker, const Kind& kind, const Image& image) const {
    const std::int64_t values = image.height * image.width * image.channels;
    const bool pixel = options_.per == Grouping::pixel;
    if (pixel && values > max_pixels) {
      throw Error(Code::data, fmt::format("[stats] per pixel: expected images of at most {} values, got {}", max_pixels,
                                          kind.str()));
    }
    worker.kind = kind;
    worker.tally = std::make_unique<Tally>(ValueType::of_bits(kind.bits), ChannelLayout{image.channels, 1},
                                           pixel ? values : 0, options_.per, !pixel);
  }

  void measure(const EncodedImage& encoded, Worker& worker) const {
    const Tally::Own& own = worker.tally->add(worker.image.pixels);
    if (options_.per == Grouping::pixel) return;
    if (worker.outliers.wants(own.mean, own.std)) worker.outliers.add(encoded.name, own.mean, own.std);
    if (!encoded.label.empty()) worker.classes.add(encoded.label, {1, own.count, own.sums});
  }

  // One kind, known in all of it, or an error that names the first image that differs.
  void check_kinds(const Worker& all) const {
    if (all.transparent.place >= 0) {
      throw Error(Code::data,
                  fmt::format("[stats] {}: expected opaque images, got {}, which is partly transparent (--alpha "
                              "drop or keep)",
                              source_.name(), all.transparent.path));
    }
    if (all.kinds.size() < 2) return;
    std::vector<std::pair<First, Kind>> firsts;
    for (const auto& [kind, first] : all.kinds) firsts.emplace_back(first, kind);
    std::sort(firsts.begin(), firsts.end(), [](const auto& a, const auto& b) { return a.first.place < b.first.place; });
    const auto& [a, kind_a] = firsts[0];
    const auto& [b, kind_b] = firsts[1];
    const bool colour = kind_a.channels != kind_b.channels;
    throw Error(Code::data, fmt::format("[stats] {}: expected images of one kind, got {} ({}) and {} ({}){}",
                                        source_.name(), kind_a.str(), a.path, kind_b.str(), b.path,
                                        colour ? "; --mode grey or rgb makes them one" : ""));
  }

  Provenance provenance(const Worker& all) const {
    Provenance p;
    p.poise_version = version();
    p.name = std::string_view(source_.name()).ends_with('/') ? source_.name().substr(0, source_.name().size() - 1)
                                                             : source_.name();
    p.name = p.name.substr(p.name.rfind('/') + 1);
    p.format = source_.format();
    p.compression = source_.compression();
    p.dtype = ValueType::of_bits(all.kind->bits);
    p.fingerprint = all.fingerprint;
    p.used = all.used;
    p.skipped = source_.skipped();
    p.failed = all.failed;
    p.seen = p.used + p.skipped + p.failed;
    p.split = options_.split;
    p.images = true;
    p.decoder = fmt::format("{}", fmt::join(all.decoders, " + "));
    p.mode = options_.mode;
    p.alpha = options_.alpha;
    p.per = options_.per;
    p.channel_axis = options_.per == Grouping::all ? -1 : 3;
    const ImageSizes& s = all.sizes;
    if (s.min_height == s.max_height && s.min_width == s.max_width) {
      p.shape = {static_cast<std::int64_t>(all.used), s.min_height, s.min_width, all.kind->channels};
    }
    return p;
  }

  ImageScan finish(Worker& all) const {
    ImageScan scan{{}, source_.skipped(), all.failed, all.failures};
    check_kinds(all);
    if (!all.kind) return scan;
    StatisticsFile file(provenance(all), all.tally->finish());
    file.estimator = options_.estimator;
    file.weight = options_.weight;
    file.sizes = std::move(all.sizes);
    if (!all.classes.by_name.empty() || all.classes.too_many) file.classes = std::move(all.classes);
    if (options_.per != Grouping::pixel) file.outliers = std::move(all.outliers);
    file.failures = std::move(all.failures);
    std::sort(all.hashes.begin(), all.hashes.end());
    if (options_.samples) file.samples = std::move(all.hashes);
    scan.file = std::move(file);
    return scan;
  }

  ImageSource& source_;
  const ScanOptions& options_;
  std::uint64_t read_ = 0;
};

}  // namespace

void ImageScan::merge(ImageScan&& other) {
  const std::uint64_t own_skipped = skipped, own_failed = failed;
  const Failures own_failures = failures;
  skipped += other.skipped;
  failed += other.failed;
  failures.merge(other.failures.list);
  if (file && other.file) return poise::merge(*file, *other.file);
  const bool mine = file.has_value();
  if (!mine) file = std::move(other.file);
  if (!file) return;
  // The side without statistics still counts.
  Provenance& p = file->provenance;
  p.skipped += mine ? other.skipped : own_skipped;
  p.failed += mine ? other.failed : own_failed;
  p.seen = p.used + p.skipped + p.failed;
  file->failures.merge(mine ? other.failures.list : own_failures.list);
}

ImageScan scan(ImageSource& source, const ScanOptions& options) {
  if (options.split) check_split(*options.split);
  if (options.per == Grouping::pixel && (options.estimator != Estimator::pixel || options.weight != Weight::pixel)) {
    throw Error(Code::usage, fmt::format("[stats] estimator: expected pixel where per is pixel, got {}",
                                         word_of(options.estimator)));
  }
  return Scanner(source, options).run();
}

}  // namespace poise
