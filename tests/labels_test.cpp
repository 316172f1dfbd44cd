// Statistics by label: each label is a cell of its own in every sample and channel.

#include <poise/poise.h>

#include <limits>
#include <string>
#include <vector>

#include "technique_expect.h"

namespace poise::test {
namespace {

const Dims shape{4, 6, 5, 7}, style_shape{4, 6, 6, 9};

// Of five labels, as many as there are values of `modulus`.
Array some_labels(const Dims& sizes, std::int64_t modulus = 3) {
  Array labels(sizes, 0, DType::u8);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<Real>(5 * i / 3 % static_cast<std::size_t>(modulus));
  }
  return labels;
}

TEST(Labels, InstanceNormMatchesTheOracleInEveryTypeAndLayout) {
  const Technique& technique = technique_named("instance_norm");
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      for (const Dims& of : {shape, Dims{4, 1, 5, 7}, Dims{1, 1, 5, 1}}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + " " + of.str());
        const TestTensor labels(DType::u8, some_labels(of), layout);
        Parameters p;
        p.labels = labels;
        p.label_count = 5;  // two of them nowhere
        const Layout out = layout == Layout::broadcast ? Layout::contiguous : layout;
        const Operands affine(technique, shape, DType::f32, p, {"gamma", "beta"});
        const BackwardProblem problem(technique, p, random_x(shape, type), random_dy(shape, type),
                                      {layout, layout, out});
        EXPECT_RIGHT(problem.forward, oracle_named(technique.name)(problem.x.read(), problem.p), roundings);
        EXPECT_EQ(problem.verdict(), "");
        EXPECT_EQ(difference(problem.run(default_context(), {}), problem.expected()), "") << "nothing saved";
      }
    }
  }
}

// As many labels as a byte has, gamma along every element, a mean far above the deviation.
TEST(Labels, AnyNumberOfThemAndAnyGamma) {
  const Dims sizes{2, 3, 30, 40};
  const Technique& technique = technique_named("instance_norm");
  for (const char* variant : {"", "gamma_axes=0,1,2,3:gamma_offset=1", "eps_place=outside:eps=0.1:divisor=sample"}) {
    for (const double mean : {0.5, 1e4}) {
      SCOPED_TRACE(variant);
      Parameters p = parameters_of(variant);
      const TestTensor labels(DType::u8, some_labels(sizes, 256));
      p.labels = labels;
      const Operands affine(technique, sizes, DType::f32, p, {"gamma", "beta"});
      const BackwardProblem problem(technique, p, random_x(sizes, DType::f32, mean), random_dy(sizes));
      EXPECT_RIGHT(problem.forward, oracle_named(technique.name)(problem.x.read(), problem.p), roundings);
      EXPECT_EQ(problem.verdict(), "");
    }
  }
}

TEST(Labels, GradientsAreTheDerivative) {
  for (const char* variant : {"labels=given:label_count=2", "labels=given:label_count=3:divisor=sample:eps=0.1",
                              "labels=given:label_count=2:eps_place=outside:eps=0.2"}) {
    expect_gradients("instance_norm", variant, {2, 3, 9});
  }
  for (const char* variant :
       {"labels=given:style_labels=given:label_count=2", "labels=given:style_labels=given:label_count=2:blend=0.3",
        "labels=given:style_labels=given:label_count=2:style_divisor=population:eps=0.2:eps_place=outside",
        "labels=given:label_count=2:style_mean=given:style_std=given:blend=0.7"}) {
    expect_gradients("adaptive_instance_norm", variant, {2, 3, 6});
  }
}

TEST(Labels, AdaptiveInstanceNormMatchesTheOracleInEveryTypeAndLayout) {
  const Technique& technique = technique_named("adaptive_instance_norm");
  for (const DType type : floating_types) {
    for (const Layout layout : all_layouts) {
      for (const bool narrow : {false, true}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + name_of(layout) + (narrow ? " narrow" : ""));
        const Layout out = layout == Layout::broadcast ? Layout::contiguous : layout;
        const TestTensor labels(DType::u8, some_labels(narrow ? Dims{4, 1, 5, 7} : shape), layout),
            style_labels(DType::u8, some_labels(narrow ? Dims{1, 1, 6, 9} : style_shape, 4), layout),
            style(type, random_values(style_shape, type, 7, 30, 3), layout);
        Parameters p;
        p.labels = labels, p.style_labels = style_labels, p.style = style;
        p.label_count = 5;  // one in the style alone, one nowhere
        p.blend = 0.7;
        const BackwardProblem problem(technique, p, random_x(shape, type), random_dy(shape, type),
                                      {layout, layout, out});
        EXPECT_RIGHT(problem.forward, oracle_named(technique.name)(problem.x.read(), problem.p), roundings);
        EXPECT_EQ(problem.verdict(), "");
        EXPECT_EQ(difference(problem.run(default_context(), {}), problem.expected()), "") << "nothing saved";
      }
    }
  }
}

TEST(Labels, AStyleOfMeansAndStdsHasThemByLabel) {
  const Dims cells{4, 6, 3};
  const Technique& technique = technique_named("adaptive_instance_norm");
  const TestTensor labels(DType::u8, some_labels(shape)), mean(DType::f32, random_values(cells, DType::f32, 8)),
      std(DType::f64, Array(cells, 1.5L));
  Parameters p;
  p.labels = labels, p.style_mean = mean, p.style_std = std, p.label_count = 3;
  const BackwardProblem problem(technique, p, random_x(shape), random_dy(shape));
  EXPECT_RIGHT(problem.forward, oracle_named(technique.name)(problem.x.read(), problem.p), roundings);
  EXPECT_EQ(problem.verdict(), "");
}

// What a mask of the label gives, the very bits; what another label's places hold does not matter.
TEST(Labels, EachIsAsIfTheOthersWereMasked) {
  const Array values = random_x(shape), map = some_labels(shape);
  const TestTensor labels(DType::u8, map);
  for (int label = 0; label < 3; ++label) {
    Array own = map, bad = values;
    for (std::size_t i = 0; i < own.size(); ++i) {
      own[i] = map[i] == label ? 1 : 0;
      if (own[i] == 0) bad[i] = std::numeric_limits<Real>::quiet_NaN();
    }
    const TestTensor x(DType::f32, values), bad_x(DType::f32, bad), mask(DType::u8, own);
    TestTensor y(DType::f32, shape), masked(DType::f32, shape);
    instance_norm(y, bad_x, {.labels = labels});
    instance_norm(masked, x, {.mask = {mask}});
    const Array got = y.read(), expected = masked.read();
    for (std::size_t i = 0; i < own.size(); ++i) ASSERT_TRUE(own[i] == 0 || got[i] == expected[i]) << label << " " << i;
  }
}

TEST(Labels, ThreadsAndPlaceChangeNoBit) {
  const Dims sizes{3, 4, 67, 67};
  const TestTensor labels(DType::u8, some_labels({3, 1, 67, 67}, 4)), dy(DType::f32, random_dy(sizes));
  const TestTensor gamma(DType::f32, random_values({4}, DType::f32, 9, 1, 0.5));
  std::vector<std::vector<std::byte>> all;
  for (const int threads : {1, 2, 5}) {
    for (const bool in_place : {false, true}) {
      Context context;
      context.threads = threads;
      const InstanceNormOptions o{.gamma = gamma, .labels = labels};
      TestTensor x(DType::f32, random_x(sizes)), y(DType::f32, sizes), dx(DType::f32, random_dy(sizes)),
          dgamma(DType::f32, Dims{4});
      instance_norm_backward({.dx = dx, .dgamma = dgamma}, in_place ? dx : dy, x, {}, o, context);
      instance_norm(in_place ? x : y, x, o, {}, context);
      std::vector<std::byte> bits = (in_place ? x : y).bits();
      for (const TestTensor* t : {&dx, &dgamma}) {
        const std::vector<std::byte> more = t->bits();
        bits.insert(bits.end(), more.begin(), more.end());
      }
      all.push_back(bits);
      EXPECT_EQ(bits == all[0], true) << threads << " threads" << (in_place ? ", in place" : "");
    }
  }
}

// A residual is added once, and an activation gates once, however many labels there are.
TEST(Labels, EpiloguesAreFusedOnce) {
  const Array values = random_x(shape), more = random_values(shape, DType::f32, 5);
  const TestTensor x(DType::f32, values), residual(DType::f32, more), labels(DType::u8, some_labels(shape)),
      dy(DType::f32, random_dy(shape));
  TestTensor y(DType::f32, shape), sum(DType::f32, values), whole(DType::f32, shape);
  const Epilogue fused{.residual = residual, .sum = sum, .activation = Activation::relu};
  instance_norm(y, sum, {.labels = labels, .epilogue = fused});
  Array added(shape);
  for (std::size_t i = 0; i < added.size(); ++i) added[i] = rounded(values[i] + more[i], DType::f32);
  EXPECT_EQ(sum.read().values, added.values);
  instance_norm(whole, sum, {.labels = labels});
  Array gated = dy.read();
  for (std::size_t i = 0; i < added.size(); ++i) {
    ASSERT_EQ(y.read()[i], std::max<Real>(whole.read()[i], 0)) << i;
    if (y.read()[i] == 0) gated[i] = 0;
  }
  TestTensor dx(DType::f32, shape), expected(DType::f32, shape);
  instance_norm_backward({.dx = dx}, dy, sum, {},
                         {.labels = labels, .epilogue = {.activation = Activation::relu, .y = y}});
  instance_norm_backward({.dx = expected}, TestTensor(DType::f32, gated), sum, {}, {.labels = labels});
  EXPECT_EQ(dx.bits() == expected.bits(), true);
}

TEST(Labels, OfNoSamplesDoNothing) {
  const Dims none{0, 6, 5, 7};
  const TestTensor x(DType::f32, none), labels(DType::u8, none), style(DType::f32, none);
  TestTensor y(DType::f32, none), dgamma(DType::f32, Array(Dims{6}, 3));
  instance_norm(y, x, {.labels = labels});
  adaptive_instance_norm(y, x, {.style = style, .labels = labels, .style_labels = labels});
  instance_norm_backward({.dgamma = dgamma}, x, x, {}, {.labels = labels});
  EXPECT_TRUE(all_equal(dgamma.read(), 0));
}

TEST(Labels, InstanceNormRefusesWhatDoesNotFit) {
  const auto refused = [](Code code, const char* text, const InstanceNormOptions& o) {
    expect_refused("instance_norm", code, text, shape,
                   [&](TensorView y, ConstTensorView x) { instance_norm(y, x, o); });
  };
  const TestTensor labels(DType::u8, some_labels(shape)), other(DType::u8, Dims{4, 2, 5, 7}), flat(DType::u8, Dims{35}),
      floats(DType::f32, shape), six(DType::f64, Dims{6}), mask(DType::u8, Array(shape, 1));
  Array alone(shape, 0, DType::u8);
  alone[5] = 2;
  const TestTensor lonely(DType::u8, alone);
  refused(Code::shape, "labels: expected 4x6x5x7, or 1 in place of a size, got 4x2x5x7", {.labels = other});
  refused(Code::shape, "labels: expected 4x6x5x7, or 1 in place of a size, got 35", {.labels = flat});
  refused(Code::usage, "labels: expected u8, got f32", {.labels = floats});
  refused(Code::data, "labels: expected labels below 2, got 2", {.labels = labels, .label_count = 2});
  refused(Code::usage, "label_count: expected 1 to 256, got 0", {.labels = labels, .label_count = 0});
  refused(Code::usage, "label_count: expected 1 to 256, got 257", {.labels = labels, .label_count = 257});
  refused(Code::usage, "mask: expected none with labels, got one", {.mask = {mask}, .labels = labels});
  refused(Code::usage, "non_finite: expected propagate or raise with labels, got skip",
          {.labels = labels, .non_finite = NonFinite::skip});
  refused(Code::usage, "running_mean, running_var: expected none with labels, got one",
          {.labels = labels, .running_mean = six, .running_var = six});
  refused(Code::shape, "x: expected more than one value per sample, channel and label, got 1", {.labels = lonely});
  TestTensor y(DType::f32, shape), mean(DType::f64, Dims{4, 6});
  const TestTensor x(DType::f32, random_x(shape));
  EXPECT_REFUSES(Code::shape, "[instance_norm] mean: expected 4x6x3, got 4x6",
                 instance_norm(y, x, {.labels = labels, .label_count = 3}, {.mean = mean}));
  EXPECT_REFUSES(Code::usage, "[instance_norm] labels: expected none in a second backward pass, got one",
                 instance_norm_second_backward({.ddy = y}, {.ddx = x}, x, x, {}, {.labels = labels}));
  EXPECT_NO_THROW(instance_norm(y, x, {.labels = lonely, .one_value = OneValue::zero_variance}));
  EXPECT_EQ(y.read()[5], 0);
}

TEST(Labels, AdaptiveInstanceNormRefusesWhatDoesNotFit) {
  const auto refused = [](Code code, const char* text, const AdaptiveInstanceNormOptions& o) {
    expect_refused("adaptive_instance_norm", code, text, shape,
                   [&](TensorView y, ConstTensorView x) { adaptive_instance_norm(y, x, o); });
  };
  Array lacking = some_labels(style_shape), one = lacking, alone(shape, 0, DType::u8);
  const std::size_t first = (1 * 6 + 2) * 54;  // sample 1, channel 2
  bool found = false;
  for (std::size_t i = first; i < first + 54; ++i) {
    if (lacking[i] != 1) continue;
    lacking[i] = 0;
    one[i] = found ? 0 : 1;
    found = true;
  }
  alone[5] = 2;
  const TestTensor labels(DType::u8, some_labels(shape)), style(DType::f32, random_values(style_shape, DType::f32, 3)),
      good(DType::u8, some_labels(style_shape)), none(DType::u8, lacking), single(DType::u8, one),
      lonely(DType::u8, alone), mean(DType::f64, Dims{4, 6}), by_label(DType::f64, Dims{4, 6, 3}),
      zeros(DType::u8, Array(shape, 0, DType::u8));
  refused(Code::usage, "style_labels: expected one with labels, got none", {.style = style, .labels = labels});
  refused(Code::usage, "style_labels: expected none without labels and a style of features, got one",
          {.style = style, .style_labels = good});
  refused(Code::usage, "style_labels: expected none without labels and a style of features, got one",
          {.style_mean = by_label, .style_std = by_label, .labels = labels, .style_labels = good, .label_count = 3});
  refused(Code::shape, "style_mean: expected 4x6x3, got 4x6",
          {.style_mean = mean, .style_std = mean, .labels = labels, .label_count = 3});
  refused(Code::data, "style: expected more than one value in sample 1, channel 2 of label 1, got 0",
          {.style = style, .labels = labels, .style_labels = none});
  refused(Code::data, "style: expected more than one value in sample 1, channel 2 of label 1, got 1",
          {.style = style, .labels = labels, .style_labels = single});
  refused(Code::shape, "x: expected more than one value per sample and channel of label 2, got 1",
          {.style = style, .labels = lonely, .style_labels = good});
  refused(Code::data, "style_labels: expected labels below 2, got 2",
          {.style = style, .labels = zeros, .style_labels = good, .label_count = 2});
  refused(Code::shape, "style_labels: expected 4x6x6x9, or 1 in place of a size, got 4x6x5x7",
          {.style = style, .labels = labels, .style_labels = labels});
}

}  // namespace
}  // namespace poise::test
