// Published constants: the table, the oracle, and their inverse.

#include <poise/preset.h>

#include <set>

#include "scaling_expect.h"

namespace poise::test {
namespace {

Parameters parameters_of(const PresetOptions& o) {
  Parameters p;
  p.channel_axes = {o.channel_axis};
  p.preset = o.name;
  return p;
}

void expect_right(const TestTensor& x, const PresetOptions& options, DType y_type) {
  expect_scaling(preset, x, options, oracle::preset(x.read(), parameters_of(options)), y_type, {});
}

TEST(PresetTechnique, MatchesTheOracleInEveryTypePairAndLayout) {
  for (const Preset& constants : presets()) {
    for (const auto& [type, y_type] : scaling_type_pairs) {
      for (const Layout layout : all_layouts) {
        SCOPED_TRACE(std::string(constants.name) + " " + name_of(type) + ">" + name_of(y_type) + " " + name_of(layout));
        expect_right(random_image(type, layout), {.name = constants.name}, y_type);
      }
    }
  }
}

TEST(PresetTechnique, OneChannelServesAnyNumberAndNone) {
  const TestTensor x(DType::f32, random_values({2, 7, 5}, DType::f32, 1));
  expect_right(x, {.name = "half"}, DType::f32);
  expect_right(x, {.name = "half", .channel_axis = -1}, DType::f32);
  expect_right(x, {.name = "half", .channel_axis = 2}, DType::f32);
}

TEST(PresetTechnique, HalfMapsBytesToMinusOneAndOne) {
  Array values({1, 1, 2});
  values[1] = 255;
  const TestTensor x(DType::u8, values);
  TestTensor y(DType::f32, values.sizes);
  preset(y, x, {.name = "half"});
  EXPECT_EQ(y.read()[0], -1);
  EXPECT_EQ(y.read()[1], 1);
}

// The values as published, typed here a second time.
TEST(PresetTable, HoldsThePublishedConstants) {
  const Preset& imagenet = preset_named("imagenet");
  const double mean[] = {0.485, 0.456, 0.406}, std[] = {0.229, 0.224, 0.225};
  ASSERT_EQ(imagenet.channels, 3);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(imagenet.mean[c], mean[c]);
    EXPECT_EQ(imagenet.std[c], std[c]);
  }
  EXPECT_EQ(preset_named("half").mean[0], 0.5);
  EXPECT_EQ(preset_named("half").std[0], 0.5);
}

TEST(PresetTable, EveryRowIsComplete) {
  std::set<std::string> names;
  for (const Preset& p : presets()) {
    SCOPED_TRACE(p.name);
    EXPECT_TRUE(names.insert(p.name).second);
    EXPECT_TRUE(p.channels == 1 || p.channels == 3);
    EXPECT_STRNE(p.estimator, "");
    EXPECT_STRNE(p.source, "");
    for (int c = 0; c < p.channels; ++c) {
      EXPECT_GT(p.std[c], 0);
      EXPECT_GE(p.mean[c], 0);
      EXPECT_LE(p.mean[c], 1);
    }
  }
}

TEST(PresetTechnique, TheInverseGivesXBack) {
  for (const Preset& constants : presets()) {
    expect_inverse(
        [&](TensorView y, ConstTensorView x, const ScalingResults& r) { preset(y, x, {.name = constants.name}, r); },
        Per::data_set, 0);
  }
}

TEST(PresetTechnique, RefusesAnUnknownNameAndListsTheKnownOnes) {
  std::string names;
  for (const Preset& p : presets()) names += (names.empty() ? "" : ", ") + std::string(p.name);
  const std::string text = "[preset] preset: expected one of " + names + ", got \"imagnet\"";
  EXPECT_REFUSES(Code::usage, text, preset_named("imagnet"));
  const TestTensor x = random_image();
  TestTensor y(DType::f32, x.view().sizes());
  EXPECT_REFUSES(Code::usage, text, preset(y, x, {.name = "imagnet"}));
}

TEST(PresetTechnique, RefusesChannelsThatDoNotMatch) {
  const TestTensor x(DType::f32, random_values({2, 4, 5}, DType::f32, 1));
  TestTensor y(DType::f32, x.view().sizes());
  EXPECT_REFUSES(Code::shape, "[preset] x: expected 3 channels for imagenet, got 4",
                 preset(y, x, {.name = "imagenet"}));
  EXPECT_REFUSES(Code::shape, "[preset] x: expected 3 channels for imagenet, got 1",
                 preset(y, x, {.name = "imagenet", .channel_axis = -1}));
}

}  // namespace
}  // namespace poise::test
