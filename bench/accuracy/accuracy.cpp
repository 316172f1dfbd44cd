// poise_accuracy [--into FILE]: the largest error of every technique against its formula in long double, of Poise and
// of the libraries that were found when it was built. First for means far above the deviation, then at the ends of the
// number range. Prints tables; with --into those of float32 replace what stands between the lines <!-- accuracy --> and
// <!-- end of accuracy --> of FILE. Ends with `N passed, N failed` over Poise's cells, each within its bound or not.

#include <poise/error.h>
#include <poise/poise.h>

#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "bench/put_into.h"
#include "poise.h"
#include "table.h"

namespace poise::accuracy {
namespace {

using test::Array, test::Layout;

const Dims sizes{8, 24, 14, 14};
constexpr double ratios[] = {0, 1, 1e1, 1e2, 1e3, 1e4, 1e5};
constexpr double magnitudes[] = {1e30, 3e38, 1e-30, 1e-38, 1e-40, 1e-43};

// The dims and groups that every technique can do at these sizes.
Parameters parameters_for(const Technique& technique) {
  Parameters p;
  if (test::takes(technique, "eps")) p.eps = 1e-5;
  if (test::takes(technique, "groups")) p.groups = 6;
  if (test::takes(technique, "axes") && test::takes(technique, "gamma_axes")) p.axes = {1, 2, 3};
  return test::suited(technique, p, sizes);
}

// The mean at which an ulp of the type is as large as the deviation: beyond, x is a few values.
double most_ratio(DType type) { return type == DType::bf16 ? 1e2 : type == DType::f16 ? 1e3 : 1e5; }

class Accuracy {
 public:
  Accuracy() {
    for (auto make : {torch_candidate, onednn_candidate}) {
      if (auto library = make()) libraries_.push_back(std::move(library));
    }
  }

  void far_means(DType type);
  void extremes();
  const std::string& all() const { return all_; }
  const std::string& of_float32() const { return of_float32_; }
  long passed() const { return passed_; }
  long failed() const { return failed_; }

 private:
  struct Tables {
    Table y, dx;
  };
  void compare(Tables& tables, std::size_t column, const Technique& technique, const Parameters& p, const Array& x,
               const Array& dy, bool relative);
  // A technique that these sizes or absent operands do not suit has no line.
  void compare_or_skip(Tables& tables, std::size_t column, const Technique& technique, Parameters p, const Array& x,
                       const Array& dy, bool relative);

  std::vector<std::unique_ptr<Candidate>> libraries_;
  void write(const Tables& tables, bool float32);

  std::string all_, of_float32_;
  long passed_ = 0, failed_ = 0;
};

void Accuracy::compare(Tables& tables, std::size_t column, const Technique& technique, const Parameters& p,
                       const Array& x, const Array& dy, bool relative) {
  const Reference reference = reference_of(technique, p, x, dy);
  for (const Layout layout : {Layout::contiguous, Layout::channels_last}) {
    const Problem problem{&technique, p, test::TestTensor(x.type, x, layout), test::TestTensor(dy.type, dy, layout),
                          layout};
    const auto show = [&](const std::string& library, const Answer& answer) {
      const std::string where = test::name_of(layout);
      tables.y.set(technique.name, where, library, column,
                   largest_error(answer.y, reference.forward.y, x.type, relative));
      if (!reference.backward) return;
      tables.dx.set(technique.name, where, library, column,
                    largest_error(answer.dx, reference.backward->dx, x.type, relative));
    };
    const PoiseAnswer poise = poise_answer(problem, reference);
    show("Poise", poise.answer);
    for (const auto& library : libraries_) show(library->name(), library->answer(problem));
    poise.why.empty() ? ++passed_ : ++failed_;
    if (!poise.why.empty()) {
      std::fprintf(stderr, "out of its bound: %s %s %s column %zu: %s\n", technique.name, name_of(x.type),
                   test::name_of(layout), column, poise.why.c_str());
    }
  }
}

void Accuracy::compare_or_skip(Tables& tables, std::size_t column, const Technique& technique, Parameters p,
                               const Array& x, const Array& dy, bool relative) {
  const test::Operands needed(technique, sizes, x.type, p, {});
  try {
    test::run(technique, test::TestTensor(x.type, x), {x.type}, p);
  } catch (const Error& error) {
    if (column == 0) std::fprintf(stderr, "left out: %s\n", error.what());
    return;
  }
  compare(tables, column, technique, p, x, dy, relative);
}

void Accuracy::write(const Tables& tables, bool float32) {
  const std::string text = tables.y.markdown() + "\n" + tables.dx.markdown() + "\n";
  all_ += text;
  if (float32) of_float32_ += text;
}

void Accuracy::far_means(DType type) {
  std::vector<std::string> columns;
  for (const double ratio : ratios) columns.push_back(fmt::format("{:g}", ratio));
  Tables tables{Table(fmt::format("### y of {}: largest error at mean/std", name_of(type)), columns),
                Table(fmt::format("### dx of {}: largest error at mean/std", name_of(type)), columns)};
  for (const Technique& technique : techniques()) {
    if (test::oracle_named(technique.name) == nullptr) continue;
    for (std::size_t column = 0; column < std::size(ratios) && ratios[column] <= most_ratio(type); ++column) {
      const Array x = test::random_values(sizes, type, 1, ratios[column], 1);
      const Array dy = test::random_values(sizes, type, 2, 0, 1);
      compare_or_skip(tables, column, technique, parameters_for(technique), x, dy, false);
    }
  }
  write(tables, type == DType::f32);
}

void Accuracy::extremes() {
  std::vector<std::string> columns;
  for (const double magnitude : magnitudes) columns.push_back(fmt::format("{:g}", magnitude));
  Tables tables{Table("### y of f32, eps 0: largest error over the largest |y|, at |x| up to", columns),
                Table("### dx of f32, eps 0: largest error over the largest finite |dx|, at |x| up to", columns)};
  const Array shape = test::random_values(sizes, DType::f64, 3, 0, 0.3),
              dy = test::random_values(sizes, DType::f32, 4, 0, 1);
  for (const Technique& technique : techniques()) {
    if (test::oracle_named(technique.name) == nullptr) continue;
    Parameters p = parameters_for(technique);
    if (test::takes(technique, "eps")) p.eps = 0;
    for (std::size_t column = 0; column < std::size(magnitudes); ++column) {
      Array x(sizes);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const test::Real v = std::fmin(std::fmax(shape[i], -1.0L), 1.0L);
        x[i] = test::rounded(static_cast<test::Real>(magnitudes[column]) * v, DType::f32);
      }
      compare_or_skip(tables, column, technique, p, x, dy, true);
    }
  }
  write(tables, true);
}

}  // namespace
}  // namespace poise::accuracy

int main(int argc, char** argv) {
  using namespace poise::accuracy;
  const bool into = argc == 3 && argv[1] == std::string_view("--into");
  if (argc != 1 && !into) {
    std::fprintf(stderr, "usage: %s [--into FILE]\n", argv[0]);
    return 2;
  }
  try {
    Accuracy accuracy;
    for (const poise::DType type : {poise::DType::f32, poise::DType::f64, poise::DType::bf16, poise::DType::f16}) {
      accuracy.far_means(type);
    }
    accuracy.extremes();
    if (into) {
      poise::bench::put_into(argv[2], "accuracy", accuracy.of_float32());
    } else {
      std::fputs(accuracy.all().c_str(), stdout);
    }
    std::printf("%ld passed, %ld failed\n", accuracy.passed(), accuracy.failed());
    return accuracy.failed() == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
