// Which instruction sets this processor and its operating system run; the best is first.
#include <cstring>

#include "ops/ops.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#define ZAPHOD_DECLARE(isa) \
  namespace isa {           \
  extern const Ops table;   \
  }

namespace zaphod {

ZAPHOD_DECLARE(scalar)

#if defined(__x86_64__)
ZAPHOD_DECLARE(avx2)
ZAPHOD_DECLARE(avx2vnni)
ZAPHOD_DECLARE(avx512)
ZAPHOD_DECLARE(avx512bf16)

namespace {

// What CPUID announces and XGETBV says is saved when threads are switched.
struct Features {
  bool avx2 = false, avx_vnni = false, avx512 = false, bf16 = false;

  Features() {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    bool osxsave = c >> 27 & 1, fma = c >> 12 & 1, f16c = c >> 29 & 1;
    if (!osxsave) return;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    bool ymm = (low & 0x06) == 0x06, zmm = (low & 0xe6) == 0xe6;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
    unsigned b7 = b, c7 = c, a1 = 0;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) a1 = a;
    avx2 = ymm && fma && f16c && (b7 >> 5 & 1);
    avx_vnni = avx2 && (a1 >> 4 & 1);
    // F, DQ, BW, VL of leaf 7 EBX; VNNI of ECX.
    const unsigned wanted = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    avx512 = avx2 && zmm && (b7 & wanted) == wanted && (c7 >> 11 & 1);
    bf16 = avx512 && (a1 >> 5 & 1);
  }
};

struct Known {
  const Ops* tables[5];
  size_t count = 0;

  Known() {
    Features has;
    if (has.bf16) tables[count++] = &avx512bf16::table;
    if (has.avx512) tables[count++] = &avx512::table;
    if (has.avx_vnni) tables[count++] = &avx2vnni::table;
    if (has.avx2) tables[count++] = &avx2::table;
    tables[count++] = &scalar::table;
  }
};

}  // namespace

#elif defined(__aarch64__)
ZAPHOD_DECLARE(neon)
ZAPHOD_DECLARE(neondot)

namespace {

struct Known {
  const Ops* tables[3];
  size_t count = 0;

  Known() {
#if defined(__linux__)
    bool dot = getauxval(AT_HWCAP) >> 20 & 1;  // HWCAP_ASIMDDP
#else
    bool dot = true;  // every Apple processor of this architecture has it
#endif
    if (dot) tables[count++] = &neondot::table;
    tables[count++] = &neon::table;
    tables[count++] = &scalar::table;
  }
};

}  // namespace

#else

namespace {

struct Known {
  const Ops* tables[1] = {&scalar::table};
  size_t count = 1;
};

}  // namespace

#endif

const Ops* const* available(size_t* count) {
  static const Known known;
  *count = known.count;
  return known.tables;
}

const Ops* find(const char* name) {
  size_t count;
  const Ops* const* tables = available(&count);
  for (size_t i = 0; i < count; ++i)
    if (!std::strcmp(tables[i]->name, name)) return tables[i];
  return nullptr;
}

}  // namespace zaphod
