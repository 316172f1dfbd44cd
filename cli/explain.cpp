#include <sys/mman.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <poise/context.h>
#include <poise/technique.h>
#include <CLI/CLI.hpp>

#include "cli/cli.h"
#include "cli/options.h"
#include "core/element.h"
#include "techniques/parameters.h"
#include "techniques/problem.h"

namespace poise {
namespace {

struct Request {
  const Technique* technique = nullptr;
  Given given;  // a file is an operand to plan with; its path is not used
  std::string shape, dtype = "f32", y_dtype, layout = "nchw", y_layout;
};

// Addresses for x and y of a call that touches neither: reserved, with no memory behind them, whatever the size.
class Reserved {
 public:
  explicit Reserved(std::size_t bytes)
      : bytes_(std::max<std::size_t>(bytes, 1)),
        data_(mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (data_ == MAP_FAILED) {
      throw Error(Code::memory, fmt::format("[explain] shape: expected what fits in addresses, got {} bytes", bytes));
    }
  }
  ~Reserved() { munmap(data_, bytes_); }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  void* data() const noexcept { return data_; }

 private:
  std::size_t bytes_;
  void* data_;
};

class Plans {
 public:
  // The plan's line for this problem with these operands.
  std::string line(const Problem& problem, const Given& given) {
    Parameters parameters = problem.parameters;
    const DType operand_type = problem.x == DType::u8 ? DType::f32 : problem.x;
    for (const auto& [name, unused] : given.files) {
      const Dims sizes = problem.technique->shape_of(name, problem.sizes, parameters);
      const bool bytes = name == "mask" || name == "labels" || name == "style_labels";
      const DType type = bytes ? DType::u8 : operand_type;
      const Tensor& ones = operands_.emplace_back(type, sizes);
      for (std::int64_t i = 0; i < ones.elements(); ++i) set_element(ones.data<void>(), type, i, 1);
      *operand_named(parameters, name) = ones;
    }
    Context context;
    context.threads = globals().threads;
    context.explain_only = true;
    problem.technique->run(view(problem.y, problem.sizes, problem.y_strides),
                           view(problem.x, problem.sizes, problem.strides), parameters, {}, context);
    return context.plan();
  }

 private:
  TensorView view(DType dtype, const Dims& sizes, const Dims& strides) {
    const std::size_t bytes = static_cast<std::size_t>(sizes.product()) * size_of(dtype);
    return {memory_.emplace_back(std::make_unique<Reserved>(bytes))->data(), dtype, sizes, strides};
  }

  std::vector<std::unique_ptr<Reserved>> memory_;
  // Validation reads these: one is a valid value of each.
  std::deque<Tensor> operands_;
};

Problem problem_of(const Request& request) {
  Problem problem;
  problem.technique = request.technique;
  problem.x = dtype_named(request.dtype);
  problem.y = request.y_dtype.empty() ? default_y(problem.x) : dtype_named(request.y_dtype);
  problem.sizes = sizes_from(request.shape, ',');
  problem.strides = layout_strides(request.layout, problem.sizes);
  problem.y_strides = request.y_layout.empty() ? problem.strides : layout_strides(request.y_layout, problem.sizes);
  problem.parameters = request.given.parameters(*request.technique);
  problem.gamma = request.given.files.count("gamma") != 0;
  problem.beta = request.given.files.count("beta") != 0;
  return problem;
}

// `  name        text`, the text broken between words at 100 columns.
void print_item(std::string_view name, std::string_view text) {
  constexpr std::size_t width = 100, indent = 14;
  if (text.empty()) return;
  fmt::print("  {:<{}}", name, indent - 2);
  std::size_t column = indent;
  for (bool first = true; !text.empty(); first = false) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!first && column + 1 + word.size() > width) {
      fmt::print("\n{:{}}", "", indent);
      column = indent;
    } else if (!first) {
      fmt::print(" ");
      ++column;
    }
    fmt::print("{}", word);
    column += word.size();
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  fmt::print("\n");
}

std::string options_of(const Technique& technique) {
  std::string names;
  for (const Parameter* p : technique.parameters) names.append(names.empty() ? "" : " ").append(option_name(*p));
  return names;
}

void explain(const Request& request) {
  const Technique& technique = *request.technique;
  std::string plan, problem_text;
  if (!request.shape.empty()) {
    const Problem problem = problem_of(request);
    plan = Plans().line(problem, request.given);
    problem_text = problem.str();
  }
  fmt::print("{} ({})\n", technique.title, technique.name);
  print_item("formula", technique.formula);
  print_item("paper", technique.paper);
  print_item("cell", technique.cell);
  print_item("problem", problem_text);
  print_item("plan", plan);
  print_item("use", technique.use);
  print_item("beware", technique.beware);
  print_item("options", options_of(technique));
  print_item("statistics", fmt::format("{}", fmt::join(technique.results, ", ")));
}

void add_technique(CLI::App& verb, const Technique& technique) {
  CLI::App* command = verb.add_subcommand(technique.name, technique.title);
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  request->technique = &technique;
  command->add_option("--shape", request->shape, "x's sizes; without them there is no plan")->type_name("8,256,56,56");
  command->add_option("--dtype", request->dtype, "x's type, f32 by default")->type_name("f32|f64|bf16|f16|u8");
  command->add_option("--y-dtype", request->y_dtype, "y's type; by default x's, or f32 where x is u8")
      ->type_name("f32|f64|bf16|f16");
  command->add_option("--layout", request->layout, "nhwc: the channels lie innermost")->type_name("nchw|nhwc");
  command->add_option("--y-layout", request->y_layout, "y's layout; by default x's")->type_name("nchw|nhwc");
  add_text_options(*command, technique, request->given);
  add_operand_flags(*command, technique, request->given);
  command->callback([request] { explain(*request); });
}

}  // namespace

void add_explain(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("explain", "What a technique does, and how it would run on a shape");
  verb->require_subcommand(1);
  for (const Technique& technique : techniques()) add_technique(*verb, technique);
}

}  // namespace poise
