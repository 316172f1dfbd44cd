#include "cases.h"

#include <algorithm>
#include <utility>

namespace poise::test {
namespace {

constexpr std::pair<std::string_view, std::string_view> variant_table[] = {
    {"batch_norm", ""},
    {"batch_norm", "mode=evaluation"},
    {"batch_norm", "channel_axes=2,0:eps_place=outside"},
    {"batch_norm", "gamma_axes=0,1:gamma_offset=1"},  // conditional batch norm
    {"layer_norm", ""},
    {"layer_norm", "axes=1"},
    {"layer_norm", "axes=2,1:gamma_axes=1"},
    {"layer_norm", "gamma_axes=0,-1:gamma_offset=1"},  // AdaLN
    {"rms_norm", ""},
    {"rms_norm", "axes=1,2:gamma_axes=1"},
    {"instance_norm", ""},
    {"instance_norm", "mode=evaluation"},
    {"instance_norm", "gamma_axes=0,1,2"},  // SPADE
    {"group_norm", "groups=1"},
    {"group_norm", "groups=2"},
    {"local_response_norm", ""},
    {"local_response_norm", "preset=alexnet:size=4:exponent=0.5"},
    {"local_response_norm", "region=within:size=3:extra_tap=after:exponent=1"},
    {"spectral_norm", ""},
    {"spectral_norm", "channel_axes=1:order=u_first:norm_eps=inside:iterations=2"},
    {"zscore", ""},
    {"zscore", "per=image:channel_axes=-1"},
    {"zscore", "per=pixel"},
    {"minmax", ""},
    {"minmax", "per=image:low=-1:high=3"},
    {"minmax", "per=pixel:channel_axes=-1"},
    {"symmetric", ""},
    {"symmetric", "per=pixel"},
    {"preset", ""},
};

constexpr TypePair pair_table[] = {
    {DType::f32, DType::f32}, {DType::f64, DType::f64},  {DType::bf16, DType::bf16},
    {DType::f16, DType::f16}, {DType::bf16, DType::f32}, {DType::f16, DType::f32},
    {DType::u8, DType::f32},  {DType::u8, DType::bf16},  {DType::u8, DType::f16},
};

constexpr LayoutPair layout_table[] = {
    {Layout::contiguous, Layout::contiguous}, {Layout::channels_last, Layout::channels_last},
    {Layout::sliced, Layout::sliced},         {Layout::stepped, Layout::stepped},
    {Layout::transposed, Layout::transposed}, {Layout::reversed, Layout::reversed},
    {Layout::broadcast, Layout::contiguous},  {Layout::contiguous, Layout::channels_last},
    {Layout::sliced, Layout::contiguous},
};

constexpr Variation variation_table[] = {
    {.x_off = 1},
    {.y_off = 1},
    {.x_off = 3, .y_off = 7},
    {.in_place = true},
    {.x_off = 5, .in_place = true},
    {.store = StorePolicy::streaming},
    {.x_off = 1, .y_off = 3, .store = StorePolicy::streaming},
    {.threads = 2},
    {.threads = 5, .store = StorePolicy::automatic},
};

void add(std::vector<Dims>& shapes, std::int64_t length) {
  shapes.push_back({2, 4, length});
  shapes.push_back({3, length, 5});
  shapes.push_back({length, 2, 3});
}

}  // namespace

std::vector<std::string_view> variants_of(const Technique& technique) {
  std::vector<std::string_view> result;
  for (const auto& [name, text] : variant_table) {
    if (name == technique.name) result.push_back(text);
  }
  if (result.empty()) result.push_back("");
  return result;
}

Parameters parameters_of(std::string_view variant) {
  Parameters p;
  while (!variant.empty()) {
    const std::string_view one = variant.substr(0, variant.find(':'));
    variant.remove_prefix(std::min(variant.size(), one.size() + 1));
    set_parameter(p, one.substr(0, one.find('=')), one.substr(one.find('=') + 1));
  }
  return p;
}

std::span<const TypePair> type_pairs() noexcept { return pair_table; }
std::span<const LayoutPair> layout_pairs() noexcept { return layout_table; }
std::span<const Variation> variations() noexcept { return variation_table; }

std::vector<Dims> shapes(const TypePair& types, bool quick) {
  std::vector<Dims> result;
  if (types.x == DType::f32) result.push_back({2, 4, 67, 67});
  if (quick) {
    for (const std::int64_t length : {1, 2, 3, 5, 8, 9, 17, 33}) add(result, length);
    for (const Dims& large : {Dims{2, 4, 129}, Dims{3, 6, 7, 7}}) result.push_back(large);
    return result;
  }
  for (std::int64_t length = 1; length <= 40; ++length) add(result, length);
  for (const std::int64_t length : {47, 48, 49, 55, 63, 64, 65, 70}) add(result, length);
  for (const Dims& large :
       {Dims{2, 4, 127}, Dims{2, 4, 128}, Dims{2, 4, 129}, Dims{2, 4, 255}, Dims{2, 4, 257}, Dims{2, 2, 1023},
        Dims{3, 258, 2}, Dims{1100, 4, 2}, Dims{3, 6, 7, 7}, Dims{2, 16, 5, 13}, Dims{2, 6, 3, 5, 7}}) {
    result.push_back(large);
  }
  return result;
}

std::string TypePair::str() const { return x == y ? name_of(x) : std::string(name_of(x)) + ">" + name_of(y); }

std::string LayoutPair::str() const { return x == y ? name_of(x) : std::string(name_of(x)) + ">" + name_of(y); }

std::string Variation::str() const {
  std::string text = "x" + std::to_string(x_off) + " y" + std::to_string(y_off) + " off";
  if (in_place) text += ", in place";
  if (threads > 1) text += ", " + std::to_string(threads) + " threads";
  if (store == StorePolicy::streaming) text += ", streaming";
  return text;
}

}  // namespace poise::test
