// Python's way to the operations of training; knows addresses and sizes, not tensors.
#pragma once

#include <nanobind/nanobind.h>

namespace zaphod {

// Adds the submodule `training`.
void bind_training(nanobind::module_& module);

}  // namespace zaphod
