#pragma once

#include <string>
#include <string_view>

#include <poise/technique.h>

namespace poise {

// A text parameter as set_parameter would read it back; Error{usage} for a name that set_parameter refuses.
std::string parameter_text(const Parameters& parameters, std::string_view name);

// The view of an operand ("gamma", "running_mean", ...); null when the name is a text parameter or no name at all.
ConstTensorView* operand_named(Parameters& parameters, std::string_view name) noexcept;

// The view of a result ("mean", "center", ...); null when there is none of that name.
TensorView* result_named(Results& results, std::string_view name) noexcept;

// The gradient of that name, or null.
TensorView* gradient_named(Gradients& gradients, std::string_view name) noexcept;

}  // namespace poise
