// The table of one instruction set.
#include "../simd/simd.h"
#include "kernels.h"

#define ZAPHOD_TEXT_(x) #x
#define ZAPHOD_TEXT(x) ZAPHOD_TEXT_(x)

namespace zaphod::ZAPHOD_ISA {

extern const TrainingOps training_table;
extern const Ops table;
const Ops table = {
    .name = ZAPHOD_TEXT(ZAPHOD_ISA),
    .row_tiles = kRowTiles,
    .matmul = matmul,
    .prepare = prepare,
    .prepare_block = prepare_block,
    .subtract = subtract,
    .rms_norm = rms_norm,
    .add_scaled = add_scaled,
    .gate = gate,
    .rotate = rotate,
    .scale_and_cap = scale_and_cap,
    .write_key_value = write_key_value,
    .attend = attend,
    .unpack_row = unpack_row,
    .pack = pack,
    .training = &training_table,
};

}  // namespace zaphod::ZAPHOD_ISA
