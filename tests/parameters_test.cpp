#include "techniques/parameters.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <poise/technique.h>

namespace poise {
namespace {

// The message of the Error{usage} that setting throws; empty when it does not throw.
std::string refusal(std::string_view name, std::string_view value) {
  Parameters parameters;
  try {
    set_parameter(parameters, name, value);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::usage);
    return error.what();
  }
  return {};
}

Parameters with(std::string_view name, std::string_view value) {
  Parameters parameters;
  set_parameter(parameters, name, value);
  return parameters;
}

TEST(Parameters, ReadsNumbersExactly) {
  EXPECT_EQ(with("eps", "1e-3").eps, 1e-3);
  EXPECT_EQ(with("eps", "0").eps, 0);
  EXPECT_EQ(with("momentum", "0.25").momentum, 0.25);
  EXPECT_EQ(with("low", "-1.5").low, -1.5);
  EXPECT_EQ(with("high", "255").high, 255);
  EXPECT_EQ(with("groups", "-4").groups, -4);
}

TEST(Parameters, ReadsWords) {
  EXPECT_EQ(with("eps_place", "outside").eps_place, EpsPlace::outside);
  EXPECT_EQ(with("eps_place", "floor").eps_place, EpsPlace::floor);
  EXPECT_EQ(with("divisor", "sample").divisor, Divisor::sample);
  EXPECT_EQ(with("running_divisor", "population").running_divisor, Divisor::population);
  EXPECT_EQ(with("mode", "evaluation").mode, BatchNormMode::evaluation);
  EXPECT_EQ(with("mode", "frozen").mode, BatchNormMode::frozen);
  EXPECT_FALSE(with("track_running", "false").track_running);
  EXPECT_EQ(with("per", "image").per, Per::image);
  EXPECT_EQ(with("per", "pixel").per, Per::pixel);
  EXPECT_EQ(with("preset", "imagenet").preset, "imagenet");
}

TEST(Parameters, ReadsAxes) {
  EXPECT_EQ(with("axes", "1,2,-1").axes, (Dims{1, 2, -1}));
  EXPECT_EQ(with("channel_axes", "-1").channel_axes, (Dims{-1}));
  EXPECT_EQ(with("gamma_axes", "0,1,2,3,4,5,6,7").gamma_axes.size(), 8);
}

TEST(Parameters, RefusesWhatIsNotWhollyAFiniteNumber) {
  for (const char* text :
       {"", " ", "x", "1e", "1e-3x", " 1", "1 ", "+1", "0x1p3", "inf", "nan", "-inf", "1e999", "1,2"}) {
    EXPECT_FALSE(refusal("momentum", text).empty()) << text;
    EXPECT_FALSE(refusal("eps", text).empty()) << text;
  }
  EXPECT_EQ(refusal("low", "1e999"), "[parameter] low: expected a finite number, got 1e999");
}

TEST(Parameters, RefusesANegativeEpsWhichWouldMeanTheDefault) {
  EXPECT_EQ(refusal("eps", "-1e-5"), "[parameter] eps: expected a finite number of at least 0, got -1e-5");
}

TEST(Parameters, RefusesWhatIsNotAWholeNumber) {
  for (const char* text : {"", "4.0", "4e0", "four", "99999999999999999999", "1,2", "-"}) {
    EXPECT_FALSE(refusal("groups", text).empty()) << text;
  }
  EXPECT_EQ(refusal("groups", "4.0"), "[parameter] groups: expected a whole number, got 4.0");
}

TEST(Parameters, RefusesBrokenAxes) {
  for (const char* text : {"", ",", "1,", ",1", "1,,2", "1;2", "a", "0,1,2,3,4,5,6,7,8"}) {
    EXPECT_FALSE(refusal("axes", text).empty()) << text;
  }
  EXPECT_EQ(refusal("axes", ""),
            "[parameter] axes: expected one to eight whole numbers with commas between them, got nothing");
}

TEST(Parameters, RefusesOtherWordsAndSaysTheRightOnes) {
  EXPECT_EQ(refusal("divisor", "n-1"), "[parameter] divisor: expected population or sample, got n-1");
  EXPECT_EQ(refusal("mode", "Training"), "[parameter] mode: expected training, evaluation or frozen, got Training");
  EXPECT_EQ(refusal("track_running", "1"), "[parameter] track_running: expected false or true, got 1");
  EXPECT_EQ(refusal("preset", ""), "[parameter] preset: expected a name, got nothing");
}

TEST(Parameters, RefusesOtherNamesAndOperands) {
  const std::string unknown = refusal("epsilon", "1");
  EXPECT_EQ(unknown.find("[parameter] name: expected one of eps, eps_place, "), 0U) << unknown;
  EXPECT_NE(unknown.find(", got epsilon"), std::string::npos) << unknown;
  EXPECT_FALSE(refusal("gamma", "1").empty());
}

TEST(Parameters, AFailedCallChangesNothing) {
  Parameters parameters = with("axes", "1,2");
  EXPECT_THROW(set_parameter(parameters, "axes", "3,x"), Error);
  EXPECT_EQ(parameters.axes, (Dims{1, 2}));
}

TEST(Parameters, TextsReadBack) {
  const char* const given[][2] = {{"eps", "0.001"},        {"eps_place", "floor"}, {"divisor", "sample"},
                                  {"momentum", "0.3"},     {"mode", "frozen"},     {"track_running", "false"},
                                  {"axes", "-1,0"},        {"groups", "7"},        {"per", "pixel"},
                                  {"channel_axes", "1,2"}, {"high", "1e+300"},     {"preset", "mnist"}};
  for (const auto& [name, text] : given) EXPECT_EQ(parameter_text(with(name, text), name), text);
}

TEST(Parameters, OperandsAndResultsHaveTheirNames) {
  Parameters parameters;
  Results results;
  EXPECT_EQ(operand_named(parameters, "gamma"), &parameters.gamma);
  EXPECT_EQ(operand_named(parameters, "beta"), &parameters.beta);
  EXPECT_EQ(operand_named(parameters, "running_mean"), &parameters.running_mean);
  EXPECT_EQ(operand_named(parameters, "running_var"), &parameters.running_var);
  EXPECT_EQ(operand_named(parameters, "mean"), &parameters.mean);
  EXPECT_EQ(operand_named(parameters, "std"), &parameters.std);
  EXPECT_EQ(operand_named(parameters, "min"), &parameters.min);
  EXPECT_EQ(operand_named(parameters, "max"), &parameters.max);
  EXPECT_EQ(operand_named(parameters, "eps"), nullptr);
  EXPECT_EQ(result_named(results, "mean"), &results.mean);
  EXPECT_EQ(result_named(results, "rstd"), &results.rstd);
  EXPECT_EQ(result_named(results, "running_mean"), &results.running_mean);
  EXPECT_EQ(result_named(results, "running_var"), &results.running_var);
  EXPECT_EQ(result_named(results, "center"), &results.center);
  EXPECT_EQ(result_named(results, "scale"), &results.scale);
  EXPECT_EQ(result_named(results, "y"), nullptr);
}

}  // namespace
}  // namespace poise
