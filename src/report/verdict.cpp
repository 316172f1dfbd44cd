// What a reader must know first, and where the data comes from.

#include <algorithm>

#include <fmt/format.h>

#include "report/html.h"
#include "report/sections.h"

namespace poise {
namespace {

// "1 sample is", "2 samples are"
std::string samples_are(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "sample is" : "samples are");
}

// Which of its measures makes a channel's distance.
std::string reason_of(const StatisticsFile& file, std::size_t channel, const ChannelDrift& d) {
  const std::string most = file.statistics.channels() == 1
                               ? "T"
                               : "Most in " + channel_name(file, static_cast<std::int64_t>(channel)) + ": t";
  if (d.shift == d.distance()) return most + fmt::format("he mean moved by {:.3g} deviations.", d.shift);
  if (d.gap != d.distance()) return most + fmt::format("he std is {:.3g} times as large.", d.ratio);
  return most + fmt::format("here are {:.3g} % of the values elsewhere.", 100 * d.gap.value_or(0));
}

std::string drift_verdict(const StatisticsFile& a, const StatisticsFile& b, const std::string& both) {
  const Comparison comparison = compare(a, b);
  if (!comparison.refusal.empty()) {
    return paragraph("warn", both + ": cannot be compared. " + name_html(comparison.refusal));
  }
  const std::size_t at = comparison.farthest();
  const ChannelDrift& farthest = comparison.channels[at];
  if (farthest.distance() <= drift_threshold) {
    return paragraph("good", fmt::format("{}: no drift, the largest distance is {:.4g}.", both, farthest.distance()));
  }
  return paragraph("bad", fmt::format("{}: drift, a distance of {:.4g} where {} is allowed. {}", both,
                                      farthest.distance(), drift_threshold, reason_of(a, at, farthest)));
}

std::string leak_verdict(const StatisticsFile& a, const StatisticsFile& b, const std::string& both) {
  if (a.provenance.fingerprint == b.provenance.fingerprint) return paragraph("bad", both + ": the same samples.");
  const std::optional<std::uint64_t> shared = samples_in_both(a, b);
  if (!shared) {
    return paragraph("note", both +
                                 ": whether single samples are in both is known where both files were made with "
                                 "--samples.");
  }
  if (*shared == 0) return paragraph("good", both + ": no sample is in both.");
  return paragraph("bad", fmt::format("{}: {} in both.", both, samples_are(*shared)));
}

// Samples that are there again.
std::uint64_t repeated(const StatisticsFile& file) {
  std::uint64_t count = 0;
  for (std::size_t i = 1; file.samples && i < file.samples->size(); ++i) {
    count += (*file.samples)[i] == (*file.samples)[i - 1] ? 1 : 0;
  }
  return count;
}

std::string value_warnings(const StatisticsFile& file, const std::string& of) {
  const Statistics& statistics = file.statistics;
  std::string out;
  std::int64_t constant = 0;
  std::uint64_t special = 0;
  double clipped = 0;
  for (std::int64_t c = 0; c < statistics.channels(); ++c) {
    const ChannelSummary summary = statistics.summary(c);
    const Counts counts = statistics.counts(c);
    constant += summary.min == summary.max ? 1 : 0;
    if (!counts.empty()) clipped = std::max(clipped, share(counts, counts.size() - 1));
  }
  for (const FloatChannel& channel : statistics.floats()) {
    special += channel.nan + channel.positive_infinity + channel.negative_infinity;
  }
  const auto warn = [&](const std::string& text) { out += paragraph("warn", of + text); };
  if (constant > 0)
    warn(fmt::format("{} of {} {} are constant.", constant, statistics.channels(), channels_word(file)));
  if (special > 0) warn(fmt::format("{} NaN and infinite values are left out.", special));
  if (clipped > 0.05) warn(fmt::format("{:.3g} % of a channel's values are at the upper end, clipped.", 100 * clipped));
  return out;
}

// What a reader of the numbers would not expect.
std::string warnings_of(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  const std::string of = title_html(file) + ": ";
  std::string out;
  const auto warn = [&](const std::string& text) { out += paragraph("warn", of + text); };
  if (p.failed > 0) warn(fmt::format("{} of {} samples could not be read and are left out.", p.failed, p.seen));
  if (p.skipped > 0) warn(fmt::format("{} of {} files are no images and were skipped.", p.skipped, p.seen));
  if (const std::uint64_t again = repeated(file)) warn(samples_are(again) + " there more than once.");
  out += value_warnings(file, of);
  if (file.estimator != Estimator::pixel)
    warn("the std is not that of the pixels, but " + std::string(word_of(file.estimator)) + ".");
  if (!p.split) warn("does not say which split it is of.");
  return out;
}

std::string row(const char* name, Files files, std::string (*cell)(const StatisticsFile&)) {
  std::string out = fmt::format("<tr><th>{}</th>", name);
  for (const StatisticsFile& file : files) out += cell(file);
  return out + "</tr>\n";
}

std::string named(const std::string& text) { return text_cell(name_html(text, 60)); }

std::string values_of(const StatisticsFile& file) {
  const Provenance& p = file.provenance;
  std::string out = fmt::format("{}, {}", name_of(p.dtype), p.shape.empty() ? "sizes differ" : p.shape.str());
  if (p.images && p.mode != ColourMode::stored) out += fmt::format(", as {}", word_of(p.mode));
  if (p.images && p.alpha != Alpha::opaque) out += fmt::format(", alpha: {}", word_of(p.alpha));
  return text_cell(out);
}

}  // namespace

std::string verdict_section(Files files) {
  std::string out = "<section id=\"verdict\">\n";
  for (const StatisticsFile& file : files.subspan(1)) {
    const std::string both = title_html(file) + " against " + title_html(files[0]);
    out += drift_verdict(files[0], file, both) + leak_verdict(files[0], file, both);
  }
  std::string warnings;
  for (const StatisticsFile& file : files) warnings += warnings_of(file);
  if (files.size() == 1 && warnings.empty()) {
    out += paragraph("good", fmt::format("All {} samples were read; nothing stands out.", files[0].provenance.used));
  }
  return out + warnings + "</section>\n";
}

std::string provenance_section(Files files) {
  using File = const StatisticsFile&;
  std::string out = "<table class=\"facts\">\n";
  out += row("data", files, [](File f) { return text_cell(name_html(f.provenance.name)); });
  out += row("split", files, [](File f) { return text_cell(f.provenance.split.value_or("not said")); });
  out += row("seen", files, [](File f) { return count_cell("seen", f.provenance.seen); });
  out += row("used", files, [](File f) { return count_cell("used", f.provenance.used); });
  out += row("skipped", files, [](File f) { return count_cell("skipped", f.provenance.skipped); });
  out += row("failed", files, [](File f) { return count_cell("failed", f.provenance.failed); });
  out += row("format", files, [](File f) {
    const Provenance& p = f.provenance;
    return named(p.compression == "none" ? p.format : p.format + ", " + p.compression);
  });
  out += row("values", files, values_of);
  if (std::any_of(files.begin(), files.end(), [](File f) { return f.provenance.images; })) {
    out += row("decoder", files, [](File f) { return named(f.provenance.images ? f.provenance.decoder : "-"); });
  }
  out += row("std is", files, [](File f) { return text_cell(word_of(f.estimator)); });
  out += row("mean weighs each", files, [](File f) { return text_cell(word_of(f.weight)); });
  out += row("content", files, [](File f) { return text_cell(f.provenance.fingerprint.str()); });
  out += row("measured by", files, [](File f) { return named("Poise " + f.provenance.poise_version); });
  out += row("measured at", files, [](File f) { return named(f.run ? f.run->time : "-"); });
  return section("provenance", "Where it comes from", out + "</table>\n");
}

}  // namespace poise
