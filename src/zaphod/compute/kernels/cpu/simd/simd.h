// The 16-lane vectors of the instruction set that this file is being compiled for.
//
// Every backend offers the same names; `scalar.h` is their plain meaning. All loops of `ops/` are written over them.
#pragma once

#if defined(ZAPHOD_AVX512)
#include "avx512.h"
#elif defined(ZAPHOD_AVX2)
#include "avx2.h"
#elif defined(ZAPHOD_NEON)
#include "neon.h"
#else
#include "scalar.h"
#endif

#include "functions.h"
