// How a plan explains itself in a line.

#include <fmt/format.h>

#include "core/plan.h"

namespace poise {
namespace {

std::string types(const Plan& plan) {
  const std::string x = name_of(plan.x_type);
  return plan.x_type == plan.y_type ? x : x + ">" + name_of(plan.y_type);
}

std::string rows(const Plan& plan) {
  const std::int64_t units = plan.units.elements(), runs = plan.runs.elements();
  return fmt::format("rows cells={} units={} runs={}x{} gamma={} closure={}", plan.cells.elements(), units, runs,
                     plan.length, plan.per_element ? "element" : "unit",
                     plan.together > 1 ? fmt::format("cells({})", plan.together) : "cell");
}

std::string columns(const Plan& plan) {
  const char* gamma = plan.gamma_by_row ? "row" : plan.gamma_by_element ? "element" : "unit";
  return fmt::format("columns cells={}x{} lanes={} rows={} gamma={} closure=lanes({}) fold={}", plan.cells.elements(),
                     plan.lane_cells.elements(), plan.lanes, plan.runs.elements(), gamma, plan.tile, plan.fold);
}

std::string pixels(const Plan& plan) {
  const Dim& channel = plan.channel;
  return fmt::format("pixels cells={} runs={}x{} channels={}{} of {} y={}", plan.cells.elements(), plan.runs.elements(),
                     plan.length, channel.size, channel.x < 0 ? " reversed" : "", plan.pixels.inner().x,
                     plan.packed ? "packed" : "planes");
}

std::string loops(const Plan& plan) {
  switch (plan.loop) {
    case Plan::Loop::empty:
      return "empty";
    case Plan::Loop::rows:
      return rows(plan);
    case Plan::Loop::columns:
      return columns(plan);
    case Plan::Loop::pixels:
      return pixels(plan);
    case Plan::Loop::strided:
      return fmt::format("strided cells={} elements={}", plan.cells.elements(), plan.cell_elements);
    case Plan::Loop::windows:
      return fmt::format("windows={} taps={} along={} others={} tile={}", plan.window, plan.taps, plan.cells.elements(),
                         plan.runs.elements(), plan.tile);
  }
  return {};
}

}  // namespace

std::string Plan::str() const {
  if (loop == Loop::empty) return fmt::format("{} {} empty", technique, types(*this));
  const char* order = statistic == Statistic::none ? "map" : fused ? "fused" : "measure+map";
  return fmt::format("{} {} {} {} stores={} {} threads={}", technique, types(*this), loops(*this), order,
                     streaming ? "streaming" : "cached", name_of(target), threads);
}

}  // namespace poise
