// What every technique refuses, with its code and whole text, before anything is written (options.h).

#include <poise/technique.h>

#include <cmath>
#include <deque>
#include <limits>

#include "expect.h"

namespace poise::test {
namespace {

const Dims shape{4, 6, 5, 7};

class Refusals : public ::testing::TestWithParam<const Technique*> {
 protected:
  const Technique& technique() const { return *GetParam(); }
  Parameters parameters() {
    Parameters p;
    if (takes(technique(), "groups")) p.groups = 3;
    p = suited(technique(), p, shape);
    needed_.emplace_back(technique(), shape, DType::f32, p, std::initializer_list<std::string_view>{});
    return p;
  }
  std::string text(const std::string& rest) const { return std::string("[") + technique().name + "] " + rest; }

  // Runs into a view, which must be refused with this text and left as it was.
  void refused(Code code, const std::string& rest, TensorView into, ConstTensorView from, const Parameters& p,
               const Results& results = {}) {
    const auto before = bits_of(into);
    EXPECT_REFUSES(code, text(rest), technique().run(into, from, p, results, default_context()));
    EXPECT_EQ(bits_of(into), before) << rest;
  }
  static std::vector<Real> bits_of(const TensorView& view) {
    const bool readable = view.data() != nullptr && view.strides().size() == view.rank();
    return readable ? read(view).values : std::vector<Real>();
  }

  TestTensor x{DType::f32, random_values(shape, DType::f32, 1)}, y{DType::f32, shape};

 private:
  std::deque<Operands> needed_;
};

std::vector<const Technique*> rows() {
  std::vector<const Technique*> result;
  for (const Technique& t : techniques()) result.push_back(&t);
  return result;
}
INSTANTIATE_TEST_SUITE_P(EveryTechnique, Refusals, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST_P(Refusals, AbsentOrImpossibleViews) {
  const Parameters p = parameters();
  refused(Code::usage, "x: expected a tensor, got none", y, {}, p);
  refused(Code::usage, "y: expected a tensor, got none", {}, x, p);
  refused(Code::usage, "x: expected memory, got a null pointer", y, {nullptr, DType::f32, shape}, p);
  refused(Code::usage, "y: expected memory, got a null pointer", {nullptr, DType::f32, shape}, x, p);
  refused(Code::shape, "x: expected 4 strides, got 3", y, {x.view().data(), DType::f32, shape, Dims{35, 7, 1}}, p);
  refused(Code::shape, "x: expected sizes of at least 0, got 4x-6x5x7", y,
          {x.view().data(), DType::f32, Dims{4, -6, 5, 7}}, p);
}

TEST_P(Refusals, AShapeOfYThatIsNotXs) {
  const Parameters p = parameters();
  TestTensor shorter(DType::f32, Dims{4, 6, 5, 6}), flat(DType::f32, Dims{4, 6, 35});
  refused(Code::shape, "y: expected 4x6x5x7, got 4x6x5x6", shorter, x, p);
  refused(Code::shape, "y: expected 4x6x5x7, got 4x6x35", flat, x, p);
}

TEST_P(Refusals, TypesThatDoNotGoTogether) {
  const Parameters p = parameters();
  TestTensor f64(DType::f64, shape), u8(DType::u8, shape), bf16(DType::bf16, shape), f16(DType::f16, shape);
  refused(Code::usage, "y: expected a type that f64 can become, got f32", y, f64, p);
  refused(Code::usage, "y: expected a type that f32 can become, got f64", f64, x, p);
  refused(Code::usage, "y: expected a type that f32 can become, got u8", u8, x, p);
  refused(Code::usage, "y: expected a type that bf16 can become, got f16", f16, bf16, p);
  refused(Code::usage, "y: expected a type that u8 can become, got f64", f64, u8, p);
}

// Which pairs go together, as options.h says it.
TEST_P(Refusals, EveryPairOfTypesBut) {
  const auto goes_together = [](DType from, DType to) {
    const auto sixteen_bits = [](DType type) { return type == DType::bf16 || type == DType::f16; };
    if (from == to) return from != DType::u8;
    if (to == DType::f32) return sixteen_bits(from) || from == DType::u8;
    return sixteen_bits(to) && (from == DType::f32 || from == DType::u8);
  };
  const Parameters p = parameters();
  for (const DType from : {DType::f32, DType::f64, DType::bf16, DType::f16, DType::u8}) {
    const TestTensor given(from, random_values(shape, from, 1));
    for (const DType to : {DType::f32, DType::f64, DType::bf16, DType::f16, DType::u8}) {
      SCOPED_TRACE(std::string(name_of(from)) + " to " + name_of(to));
      TestTensor into(to, shape);
      if (goes_together(from, to)) {
        technique().run(into, given, p, {}, default_context());
      } else {
        refused(Code::usage,
                std::string("y: expected a type that ") + name_of(from) + " can become, got " + name_of(to), into,
                given, p);
      }
    }
  }
}

TEST_P(Refusals, ViewsThatShareElements) {
  const Parameters p = parameters();
  TestTensor memory(DType::f32, random_values({2000}, DType::f32, 2));
  auto* first = static_cast<float*>(memory.view().data());
  const std::string shares =
      "y: expected memory of its own or exactly x's, "
      "got a view that shares elements with x";
  refused(Code::refused, shares, {first + 1, shape}, {first, shape}, p);
  refused(Code::refused, shares, {first, shape}, {first + 839, shape}, p);
  refused(Code::refused, shares, {first, shape}, {first, shape, Dims{210, 1, 42, 6}}, p);
  refused(Code::refused, shares, {first, shape}, {first + 839, shape, Dims{-210, -35, -7, -1}}, p);
}

TEST_P(Refusals, OutputsThatNameAnElementTwice) {
  const Parameters p = parameters();
  TestTensor memory(DType::f32, random_values({2000}, DType::f32, 2));
  auto* first = static_cast<float*>(memory.view().data());
  const std::string once = "y: expected strides that name every element once, got strides ";
  refused(Code::refused, once + "210x35x7x0", {first, shape, Dims{210, 35, 7, 0}}, x, p);
  refused(Code::refused, once + "0x35x7x1", {first, shape, Dims{0, 35, 7, 1}}, x, p);
  refused(Code::refused, once + "210x35x6x1", {first, shape, Dims{210, 35, 6, 1}}, x, p);
}

TEST_P(Refusals, InterleavedViewsPassAndKeepApart) {
  const Parameters p = parameters();
  TestTensor memory(DType::f32, random_values({2000}, DType::f32, 3));
  auto* first = static_cast<float*>(memory.view().data());
  const Dims strides{420, 70, 14, 2};
  const ConstTensorView even(first, shape, strides);
  const TensorView odd(first + 1, shape, strides);
  const Array x_before = read(even);
  TestTensor apart(DType::f32, shape, Layout::stepped);
  technique().run(apart, even, p, {}, default_context());
  technique().run(odd, even, p, {}, default_context());
  EXPECT_EQ(read(odd).values, apart.read().values);
  EXPECT_EQ(read(even).values, x_before.values);
}

TEST_P(Refusals, OperandsOfAnotherShapeTypeOrMemory) {
  if (!takes(technique(), "gamma")) return;
  Parameters p = parameters();
  const Dims right = technique().shape_of("gamma", shape, p);
  TestTensor wrong(DType::f32, Dims{11}), u8(DType::u8, right);
  for (const auto& [name, operand] : {std::pair{"gamma", &Parameters::gamma}, std::pair{"beta", &Parameters::beta}}) {
    if (!takes(technique(), name)) continue;
    Parameters q = p;
    q.*operand = wrong;
    refused(Code::shape, std::string(name) + ": expected " + right.str() + ", got 11", y, x, q);
    q.*operand = u8;
    refused(Code::usage, std::string(name) + ": expected a floating type, got u8", y, x, q);
    q.*operand = ConstTensorView(y.view().data(), DType::f32, right);
    refused(Code::refused,
            std::string(name) +
                ": expected memory of its own, got a view that "
                "shares elements with y",
            y, x, q);
  }
}

TEST_P(Refusals, ResultsOfAnotherShapeTypeOrMemory) {
  struct Result {
    std::string_view name;
    TensorView Results::*view;
  };
  const Parameters p = parameters();
  for (const auto& [name, view] :
       {Result{"mean", &Results::mean}, Result{"rstd", &Results::rstd}, Result{"center", &Results::center},
        Result{"scale", &Results::scale}, Result{"shift", &Results::shift}, Result{"norm", &Results::norm},
        Result{"style_mean", &Results::style_mean}, Result{"style_std", &Results::style_std}}) {
    if (!gives(technique(), name)) continue;
    const Dims right = technique().shape_of(name, shape, p);
    TestTensor wrong(DType::f64, Dims{11}), f32(DType::f32, right), twice(DType::f64, Dims{11});
    Dims zeros = right;
    for (int i = 0; i < zeros.size(); ++i) zeros[i] = 0;
    const std::string operand = std::string(name) + ": expected ";
    Results results;
    results.*view = wrong;
    refused(Code::shape, operand + right.str() + ", got 11", y, x, p, results);
    results.*view = f32;
    refused(Code::usage, operand + "f64, got f32", y, x, p, results);
    results.*view = TensorView(twice.view().data(), DType::f64, right, zeros);
    refused(Code::refused, operand + "strides that name every element once, got strides " + zeros.str(), y, x, p,
            results);
    results.*view = TensorView(x.view().data(), DType::f64, right);
    refused(Code::refused, operand + "memory of its own, got a view that shares elements", y, x, p, results);
    results.*view = TensorView(y.view().data(), DType::f64, right);
    refused(Code::refused, operand + "memory of its own, got a view that shares elements", y, x, p, results);
  }
}

TEST_P(Refusals, ResultsThatShareElementsWithEachOther) {
  const Parameters p = parameters();
  Results results;
  if (gives(technique(), "mean")) {
    TestTensor memory(DType::f64, technique().shape_of("mean", shape, p));
    results.mean = results.rstd = memory;
    refused(Code::refused, "mean: expected memory of its own, got a view that shares elements", y, x, p, results);
  } else if (gives(technique(), "center")) {
    TestTensor memory(DType::f64, technique().shape_of("center", shape, p));
    results.center = results.scale = memory;
    refused(Code::refused, "center: expected memory of its own, got a view that shares elements", y, x, p, results);
  }
}

TEST_P(Refusals, AnEpsThatIsNoNumber) {
  if (!takes(technique(), "eps")) return;
  Parameters p = parameters();
  p.eps = std::numeric_limits<double>::infinity();
  refused(Code::usage, "eps: expected a finite number of at least 0, got inf", y, x, p);
}

TEST_P(Refusals, AxesThatAreNotThere) {
  if (technique().name == std::string_view("clip")) GTEST_SKIP() << "has no axes";
  Parameters p = parameters();
  Dims Parameters::*axes = takes(technique(), "axes")        ? &Parameters::axes
                           : takes(technique(), "kept_axes") ? &Parameters::kept_axes
                                                             : &Parameters::channel_axes;
  p.*axes = {4};
  EXPECT_THROW(technique().run(y, x, p, {}, default_context()), Error);
  try {
    technique().run(y, x, p, {}, default_context());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::shape);
    EXPECT_NE(std::string(error.what()).find("expected an axis of rank 4, got 4"), std::string::npos) << error.what();
  }
}

// A plan asked for only to be explained is refused as the call would be.
TEST_P(Refusals, ExplainingRefusesToo) {
  Context context;
  context.explain_only = true;
  TestTensor shorter(DType::f32, Dims{4, 6, 5, 6});
  EXPECT_REFUSES(Code::shape, text("y: expected 4x6x5x7, got 4x6x5x6"),
                 technique().run(shorter, x, parameters(), {}, context));
}

}  // namespace
}  // namespace poise::test
