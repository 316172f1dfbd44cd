#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <poise/context.h>
#include <poise/error.h>
#include <poise/technique.h>
#include <CLI/CLI.hpp>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "io/interrupt.h"
#include "io/npy.h"
#include "io/npz.h"
#include "techniques/parameters.h"
#include "techniques/problem.h"

namespace poise {
namespace {

// One `poise run TECHNIQUE ...`, as given.
struct Request {
  const Technique* technique = nullptr;
  Given given;
  std::string x, y, dtype, stats, sum;
  std::string dy;
  std::map<std::string, std::string> gradients;  // by name, the files they go to
  NpyOptions npy;
  bool force = false;
};

// Where statistics go: members of one npz file, or a file each in a folder.
class StatsFiles {
 public:
  StatsFiles(Outputs& outputs, const std::string& path, const std::vector<std::string>& names) : names_(names) {
    if (path.empty()) return;
    if (std::filesystem::path(path).extension() == ".npz") {
      npz_ = &outputs.open(path);
      return;
    }
    outputs.create_folder(path);
    for (const std::string& name : names) npy_.push_back(&outputs.open(fmt::format("{}/{}.npy", path, name)));
  }

  void write(const std::deque<Tensor>& values) {
    std::vector<NpzMember> members;
    for (std::size_t i = 0; i < names_.size(); ++i) members.push_back({names_[i], values[i]});
    if (npz_) write_npz(*npz_, members);
    for (std::size_t i = 0; i < npy_.size(); ++i) {
      write_npy(values[i], [&](std::span<const std::byte> bytes) { npy_[i]->write(bytes); });
    }
  }

 private:
  std::vector<std::string> names_;
  AtomicFile* npz_ = nullptr;
  std::vector<AtomicFile*> npy_;
};

// The files of the operands, kept while the parameters' views show them.
std::deque<Tensor> read_operands(const Request& request, Parameters& parameters) {
  std::deque<Tensor> operands;
  for (const auto& [name, path] : request.given.files) {
    *operand_named(parameters, name) = operands.emplace_back(read_npy(path, request.npy));
  }
  return operands;
}

// Running statistics exist only where the old ones are given; spectral norm's vectors start by themselves.
std::vector<std::string> results_of(const Request& request) {
  if (request.stats.empty()) return {};
  std::vector<std::string> names;
  for (const char* name : request.technique->results) {
    const bool running = std::string_view(name).starts_with("running_");
    if (!running || request.given.files.count(name)) names.emplace_back(name);
  }
  return names;
}

std::deque<Tensor> make_results(const Technique& technique, const std::vector<std::string>& names, const Dims& x,
                                Parameters& parameters, Results& results) {
  std::deque<Tensor> tensors;
  for (const std::string& name : names) {
    // What continues an operand is of its type.
    const ConstTensorView* old = takes(technique, name) ? operand_named(parameters, name) : nullptr;
    const DType dtype = old != nullptr && old->present() ? old->dtype() : DType::f64;
    *result_named(results, name) = tensors.emplace_back(dtype, technique.shape_of(name, x, parameters));
  }
  return tensors;
}

// The file an operand's gradient goes to, with the operand's shape, and its type where it is a file of its own.
Tensor gradient_memory(const Technique& technique, const std::string& name, const Tensor& x, Parameters& parameters) {
  if (name == "dx") return {x.dtype(), x.sizes()};
  if (name == "dresidual") return {x.dtype(), x.sizes()};
  const std::string operand = name.substr(1);
  const ConstTensorView* view = operand_named(parameters, operand);
  if (view != nullptr && view->present()) return {view->dtype(), view->sizes()};
  return {x.dtype() == DType::f64 ? DType::f64 : DType::f32, technique.shape_of(operand, x.sizes(), parameters)};
}

// The backward call: --dy and the gradients that are asked for, in place of -o.
void run_backward(const Request& request) {
  const Technique& technique = *request.technique;
  Parameters parameters = request.given.parameters(technique);
  Outputs outputs(request.force);
  std::map<std::string, AtomicFile*> files;
  for (const auto& [name, path] : request.gradients) files[name] = &outputs.open(path);

  const Tensor x = read_npy(request.x, request.npy), dy = read_npy(request.dy, request.npy);
  const std::deque<Tensor> operands = read_operands(request, parameters);
  std::map<std::string, Tensor> tensors;
  Gradients gradients;
  for (const auto& [name, path] : request.gradients) {
    Tensor& tensor = tensors[name] = gradient_memory(technique, name, x, parameters);
    *gradient_named(gradients, name) = tensor;
  }
  Context context;
  context.threads = globals().threads;
  technique.run_backward(gradients, dy, x, parameters, {}, context);
  check_interrupt();

  for (const auto& [name, tensor] : tensors) {
    write_npy(tensor, [&, file = files[name]](std::span<const std::byte> bytes) { file->write(bytes); });
  }
  outputs.commit();
  if (globals().verbose) fmt::print(stderr, "poise: {}\n", context.plan());
}

void refuse(const Technique& technique, const char* option, const char* expected, const char* got) {
  throw Error(Code::usage, fmt::format("[{}] {}: expected {}, got {}", technique.name, option, expected, got));
}

// Which of the two it is, by what is given.
bool is_backward(const Request& request) {
  const Technique& technique = *request.technique;
  const bool backward = !request.dy.empty();
  if (!request.sum.empty() && request.given.files.count("residual") == 0) {
    refuse(technique, "--sum", "a residual to add", "none");
  }
  if (!backward && !request.gradients.empty()) refuse(technique, "--dy", "the gradient of y", "none");
  if (!backward && request.y.empty()) refuse(technique, "-o", "an output file", "none");
  if (!backward) return false;
  if (!request.y.empty()) refuse(technique, "-o", "none with --dy", "one");
  if (!request.stats.empty()) refuse(technique, "--save-stats", "none with --dy", "one");
  if (!request.dtype.empty()) refuse(technique, "--dtype", "none with --dy", "one");
  if (request.given.files.count("residual") > 0)
    refuse(technique, "--residual", "none with --dy, but the sum as X", "one");
  if (request.gradients.empty()) refuse(technique, "--dy", "at least one gradient to write, such as --dx", "none");
  return true;
}

void run(const Request& request) {
  if (is_backward(request)) return run_backward(request);
  const Technique& technique = *request.technique;
  Parameters parameters = request.given.parameters(technique);
  const DType dtype = request.dtype.empty() ? DType::f32 : dtype_named(request.dtype);
  const std::vector<std::string> names = results_of(request);
  Outputs outputs(request.force);
  AtomicFile& y_file = outputs.open(request.y);
  AtomicFile* sum_file = request.sum.empty() ? nullptr : &outputs.open(request.sum);
  StatsFiles stats_files(outputs, request.stats, names);

  const Tensor x = read_npy(request.x, request.npy);
  const std::deque<Tensor> operands = read_operands(request, parameters);
  const Tensor y(request.dtype.empty() ? default_y(x.dtype()) : dtype, x.sizes());
  Tensor sum;
  if (parameters.residual.present()) parameters.sum = sum = Tensor(x.dtype(), x.sizes());
  Results results;
  const std::deque<Tensor> stats = make_results(technique, names, x.sizes(), parameters, results);
  Context context;
  context.threads = globals().threads;
  std::int64_t skipped = 0;
  results.non_finite = &skipped;
  technique.run(y, x, parameters, results, context);
  check_interrupt();
  if (skipped > 0) fmt::print(stderr, "poise: {} elements that are not finite did not count\n", skipped);

  write_npy(y, [&](std::span<const std::byte> bytes) { y_file.write(bytes); });
  if (sum_file != nullptr) write_npy(sum, [&](std::span<const std::byte> bytes) { sum_file->write(bytes); });
  stats_files.write(stats);
  outputs.commit();
  if (globals().verbose) fmt::print(stderr, "poise: {}\n", context.plan());
}

std::string option_of_gradient(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

void add_technique(CLI::App& verb, const Technique& technique) {
  CLI::App* command = verb.add_subcommand(technique.name, technique.title);
  // The callback below keeps it as long as the command.
  const auto request = std::make_shared<Request>();
  request->technique = &technique;
  command->add_option("X", request->x, "The input, an npy file")->required()->type_name("X.npy");
  command->add_option("-o,--output", request->y, "The output, an npy file; required without --dy")->type_name("Y.npy");
  add_text_options(*command, technique, request->given);
  add_file_options(*command, technique, request->given);
  command->add_option("--dtype", request->dtype, "y's type; by default x's, or f32 where x is u8")
      ->type_name("f32|f64|bf16|f16");
  command->add_option("--save-stats", request->stats, "The statistics, as one npz file or a folder of npy files")
      ->type_name("S.npz|FOLDER");
  if (takes(technique, "residual")) {
    command->add_option("--sum", request->sum, "Where x + residual goes, which backward takes as its X")
        ->type_name("FILE.npy");
  }
  if (technique.run_backward != nullptr) {
    command->add_option("--dy", request->dy, "Backward: the gradient of y")->type_name("DY.npy");
    std::vector<std::string> names(technique.gradients.begin(), technique.gradients.end());
    if (takes(technique, "residual_after")) names.emplace_back("dresidual");
    for (const std::string& name : names) {
      const std::string of = name == "dresidual" ? "residual-after" : name.substr(1);
      command
          ->add_option_function<std::string>(
              option_of_gradient(name), [request, name](const std::string& path) { request->gradients[name] = path; },
              fmt::format("Backward: where the gradient of {} goes", of))
          ->type_name("FILE.npy");
    }
  }
  command->add_flag("--void2-is-bf16", request->npy.void2_is_bfloat16, "Read npy files of type '<V2' as bfloat16");
  command->add_flag("--force", request->force, "Replace outputs that exist");
  command->callback([request] { run(*request); });
}

}  // namespace

void add_run(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("run", "Normalize a tensor: poise run TECHNIQUE X.npy -o Y.npy");
  verb->require_subcommand(1);
  for (const Technique& technique : techniques()) add_technique(*verb, technique);
}

}  // namespace poise
