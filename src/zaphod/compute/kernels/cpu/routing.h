// Which experts a token visits and with what weight, from its router logits; knows one token at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zaphod {

// The switches of `model.config.RouterConfig`.
struct RouterOptions {
  int num_experts = 0;
  int top_k = 0;
  bool sigmoid = false;
  bool softmax_after_top_k = false;
  bool renormalise = false;
  float scale = 1.0f;
  int num_groups = 1;
  int num_groups_kept = 1;
  bool group_score_max = false;
};

// Chooses among `logits` (after the soft cap), best first, equals by lower number; writes top_k ids and weights.
// `bias` takes part in choosing only; null for none. Definition: reference.py `route`.
void route(const RouterOptions& options, const float* logits, const float* bias, int32_t* ids, float* weights);

// Rows of a pass in the order of the experts that they visit.
struct Assignments {
  std::vector<int32_t> tokens;   // row of each assignment, by expert, then by row
  std::vector<float> weights;    // of each assignment
  std::vector<int32_t> begins;   // [experts + 1] where each expert's assignments begin
  std::vector<int32_t> visited;  // experts with at least one row

  // Counting sort of `top_k` choices for each of `count` rows; `extra` experts after the others get every row, with
  // `extra_weights[row]` (1 where null).
  void sort(int num_experts, int top_k, size_t count, const int32_t* ids, const float* weights, int extra,
            const float* extra_weights);
};

}  // namespace zaphod
