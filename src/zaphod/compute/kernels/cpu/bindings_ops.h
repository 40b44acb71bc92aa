// Python's way to the single operations, for tests; knows no network.
#pragma once

#include <nanobind/nanobind.h>

namespace zaphod {

// Adds the submodule `operations`.
void bind_operations(nanobind::module_& module);

}  // namespace zaphod
