// From float32 to four-bit codes, with the bits that `zaphod/compute/quant/int4.py` defines; knows groups of 32 values.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>

namespace zaphod {

constexpr size_t kInt4Group = 32;

// `codes` gets 16 bytes and `scales` one float16 for each group. False where a value is not finite or a scale lies
// beyond float16; what is written then has no meaning.
bool encode_int4(const float* values, size_t groups, uint8_t* codes, uint16_t* scales);

void bind_encoders(nanobind::module_& module);

}  // namespace zaphod
