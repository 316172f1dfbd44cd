// Lengths: a mask said by one number a sample, in every technique that takes a mask.

#include <poise/poise.h>

#include <vector>

#include "backward_problem.h"

namespace poise::test {
namespace {

const Dims shape{4, 6, 5, 7};

std::vector<const Technique*> rows() {
  std::vector<const Technique*> result;
  for (const Technique& t : techniques()) {
    if (takes(t, "lengths")) result.push_back(&t);
  }
  return result;
}

class LengthsTest : public ::testing::TestWithParam<const Technique*> {
 protected:
  const Technique& technique() const { return *GetParam(); }
  Parameters parameters() const {
    Parameters p;
    if (takes(technique(), "groups")) p.groups = 2;
    if (takes(technique(), "axes")) p.axes = {1, 2, 3};
    return p;
  }
};
INSTANTIATE_TEST_SUITE_P(EveryTechnique, LengthsTest, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST(Lengths, EveryTechniqueWithAMaskTakesThem) {
  for (const Technique& t : techniques()) EXPECT_EQ(takes(t, "mask"), takes(t, "lengths")) << t.name;
  EXPECT_EQ(rows().size(), 7U);
}

// The bits of the mask that says the same, forward and backward; a length of 0 and of all positions among them.
TEST_P(LengthsTest, AreTheMaskThatSaysTheSame) {
  for (const int axis : {2, 3, -1}) {
    for (const Masked masked : {Masked::zero, Masked::keep, Masked::normalize}) {
      for (const Layout layout : {Layout::contiguous, Layout::channels_last, Layout::reversed}) {
        const int at = positive(axis, 4);
        const std::vector<std::int64_t> lengths{shape[at], 2, 0, 4};
        Array valid(shape, 0, DType::u8);
        std::size_t i = 0;
        for_each_index(shape, [&](const Dims& index) {
          valid[i++] = index[at] < lengths[static_cast<std::size_t>(index[0])] ? 1 : 0;
        });
        const TestTensor mask(DType::u8, valid);
        Parameters by_mask = parameters(), by_length = parameters();
        by_mask.mask = mask;
        by_length.lengths = lengths;
        by_length.length_axis = axis;
        by_mask.masked = by_length.masked = masked;
        const BackwardLayouts layouts{layout, layout, layout};
        const BackwardProblem a(technique(), by_mask, random_x(shape), random_dy(shape), layouts),
            b(technique(), by_length, random_x(shape), random_dy(shape), layouts);
        EXPECT_SAME_BITS(a.forward, b.forward);
        EXPECT_EQ(different_bits(a.run().bits(), b.run()), "");
      }
    }
  }
}

TEST_P(LengthsTest, RefusesThoseThatDoNotFit) {
  const std::string name = std::string("[") + technique().name + "] ";
  const TestTensor x(DType::f32, random_x(shape)), mask(DType::u8, Array(shape, 1));
  TestTensor y(DType::f32, shape);
  const auto before = y.memory();
  const auto refused = [&](Code code, const char* text, const std::vector<std::int64_t>& lengths, int axis = -1,
                           bool with_mask = false) {
    Parameters p = parameters();
    p.lengths = lengths;
    p.length_axis = axis;
    if (with_mask) p.mask = mask;
    EXPECT_REFUSES(code, name + text, technique().run(y, x, p, {}, default_context()));
    EXPECT_EQ(y.memory() == before, true) << text;
  };
  refused(Code::shape, "lengths: expected 4, one a sample, got 3", {1, 2, 3});
  refused(Code::shape, "lengths: expected 0 to 7, got 8", {1, 2, 8, 3});
  refused(Code::shape, "lengths: expected 0 to 5, got -1", {1, 2, -1, 3}, 2);
  refused(Code::shape, "length_axis: expected another axis than the samples', got 0", {1, 2, 3, 4}, 0);
  refused(Code::shape, "length_axis: expected an axis of rank 4, got 4", {1, 2, 3, 4}, 4);
  refused(Code::usage, "lengths: expected none with a mask, got both", {1, 2, 3, 4}, -1, true);
}

}  // namespace
}  // namespace poise::test
