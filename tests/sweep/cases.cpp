#include "cases.h"

#include <algorithm>
#include <utility>

#include "outcome.h"

namespace poise::test {
namespace {

constexpr std::pair<std::string_view, std::string_view> variant_table[] = {
    {"batch_norm", ""},
    {"batch_norm", "mode=evaluation"},
    {"batch_norm", "channel_axes=2,0:eps_place=outside"},
    {"batch_norm", "gamma_axes=0,1:gamma_offset=1"},  // conditional batch norm
    {"batch_norm", "gamma_axes=0,1,2"},
    {"batch_norm", "mask=given:masked=keep:one_value=skip_update"},
    {"layer_norm", ""},
    {"layer_norm", "axes=1"},
    {"layer_norm", "axes=2,1:gamma_axes=1"},
    {"layer_norm", "axes=1,2:gamma_offset=1:mask=given"},
    {"layer_norm", "gamma_axes=0,-1:gamma_offset=1"},  // AdaLN
    {"rms_norm", ""},
    {"rms_norm", "axes=1,2:gamma_axes=1"},
    {"rms_norm", "gamma_offset=1:mask=given:masked=keep"},
    {"instance_norm", ""},
    {"instance_norm", "mode=evaluation"},
    {"instance_norm", "gamma_axes=0,1,2"},  // SPADE
    {"instance_norm", "gamma_axes=0,1:gamma_offset=1"},
    {"instance_norm", "mask=given:masked=normalize:one_value=zero_variance"},
    {"instance_norm", "labels=given:label_count=3:one_value=zero_variance"},
    {"group_norm", "groups=1"},
    {"group_norm", "groups=2"},
    {"group_norm", "groups=2:gamma_axes=0,1:gamma_offset=1"},
    {"group_norm", "groups=2:gamma_axes=0,1,2"},
    {"group_norm", "groups=2:mask=given:masked=normalize:one_value=zero_variance"},
    {"adaptive_instance_norm", ""},
    {"adaptive_instance_norm", "blend=0.7:style_divisor=population"},
    {"adaptive_instance_norm", "style_mean=given:style_std=given:blend=0.7"},
    {"filter_response_norm", ""},
    {"filter_response_norm", "threshold=given"},
    {"lp_norm", ""},
    {"lp_norm", "p=1:axes=1"},
    {"lp_norm", "p=3"},
    {"lp_norm", "p=inf"},
    {"lp_norm", "eps=3"},
    {"clip", ""},
    {"clip", "low=-0.5:high=1.25"},
    {"global_response_norm", ""},
    {"global_response_norm", "scope=batch"},
    {"global_response_norm", "mask=given:masked=keep"},
    {"mean_variance_norm", ""},
    {"mean_variance_norm", "axes=-1:eps=1e-5"},
    {"mean_variance_norm", "normalize_variance=false"},
    {"batch_renorm", ""},
    {"batch_renorm", "r_max=1:d_max=0"},
    {"batch_renorm", "r_max=1.2:d_max=0.1:eps_place=floor"},
    {"ghost_batch_norm", "ghost_size=1"},
    {"ghost_batch_norm", "ghost_size=2"},
    {"weight_standardization", ""},
    {"weight_standardization", "variant=original"},
    {"weight_standardization", "variant=bit:channel_axes=1"},
    {"weight_standardization", "variant=vit"},
    {"weight_standardization", "variant=timm"},
    {"weight_standardization", "variant=nfnet"},
    {"weight_standardization", "variant=timm_scaled"},
    {"weight_standardization", "variant=aws"},
    {"weight_norm", ""},
    {"weight_norm", "kept_axes=1,0"},
    {"weight_norm", "kept_axes=-1"},
    {"max_norm", "limit=3"},
    {"max_norm", "kept_axes=1:limit=1e6"},
    {"max_norm", "kept_axes=-1"},
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
    const std::string_view name = one.substr(0, one.find('=')), value = one.substr(one.find('=') + 1);
    value == "given" ? ask_for(p, name) : set_parameter(p, name, value);
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
