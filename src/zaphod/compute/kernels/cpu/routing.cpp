#include "routing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zaphod {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// Scores of experts in groups that are not kept become -infinity.
void keep_groups(const RouterOptions& options, std::vector<float>& choice) {
  int size = options.num_experts / options.num_groups;
  std::vector<float> best(options.num_groups);
  for (int g = 0; g < options.num_groups; ++g) {
    float first = kNever, second = kNever;
    for (int e = g * size; e < (g + 1) * size; ++e) {
      if (choice[e] > first)
        second = first, first = choice[e];
      else if (choice[e] > second)
        second = choice[e];
    }
    best[g] = options.group_score_max || size < 2 ? first : first + second;
  }
  std::vector<bool> kept(options.num_groups, false);
  for (int n = 0; n < options.num_groups_kept; ++n) {
    int chosen = -1;
    for (int g = 0; g < options.num_groups; ++g)
      if (!kept[g] && (chosen < 0 || best[g] > best[chosen])) chosen = g;
    kept[chosen] = true;
  }
  for (int e = 0; e < options.num_experts; ++e)
    if (!kept[e / size]) choice[e] = kNever;
}

void softmax(float* x, int n) {
  float largest = *std::max_element(x, x + n), total = 0.0f;
  for (int i = 0; i < n; ++i) total += x[i] = std::exp(x[i] - largest);
  for (int i = 0; i < n; ++i) x[i] /= total;
}

}  // namespace

void route(const RouterOptions& options, const float* logits, const float* bias, int32_t* ids, float* weights) {
  int n = options.num_experts;
  static thread_local std::vector<float> scores, choice;
  scores.assign(logits, logits + n);
  if (options.sigmoid)
    for (float& score : scores) score = 1.0f / (1.0f + std::exp(-score));
  else
    softmax(scores.data(), n);
  // Scores grow with logits, and logits do not underflow: choose by them unless a bias must be added.
  choice.assign(logits, logits + n);
  if (bias)
    for (int e = 0; e < n; ++e) choice[e] = scores[e] + bias[e];
  if (options.num_groups_kept < options.num_groups) keep_groups(options, choice);
  for (int k = 0; k < options.top_k; ++k) {
    int best = -1;
    for (int e = 0; e < n; ++e) {
      bool taken = std::find(ids, ids + k, e) != ids + k;
      if (!taken && (best < 0 || choice[e] > choice[best])) best = e;
    }
    ids[k] = best;
    weights[k] = options.softmax_after_top_k ? logits[best] : scores[best];
  }
  if (options.softmax_after_top_k) softmax(weights, options.top_k);
  float total = 0.0f;
  for (int k = 0; k < options.top_k; ++k) total += weights[k];
  for (int k = 0; k < options.top_k; ++k) {
    if (options.renormalise) weights[k] /= std::max(total, 1e-20f);
    weights[k] *= options.scale;
  }
}

void Assignments::sort(int num_experts, int top_k, size_t count, const int32_t* ids, const float* router_weights,
                       int extra, const float* extra_weights) {
  int total = num_experts + extra;
  begins.assign(total + 1, 0);
  visited.clear();
  for (size_t i = 0; i < count * top_k; ++i) ++begins[ids[i] + 1];
  for (int e = num_experts; e < total; ++e) begins[e + 1] = int32_t(count);
  for (int e = 0; e < total; ++e) {
    if (begins[e + 1]) visited.push_back(e);
    begins[e + 1] += begins[e];
  }
  tokens.resize(begins[total]);
  weights.resize(begins[total]);
  static thread_local std::vector<int32_t> next;
  next.assign(begins.begin(), begins.end());
  for (size_t i = 0; i < count * top_k; ++i) {
    int32_t place = next[ids[i]]++;
    tokens[place] = int32_t(i / top_k);
    weights[place] = router_weights[i];
  }
  for (int e = num_experts; e < total; ++e)
    for (size_t t = 0; t < count; ++t) {
      tokens[begins[e] + t] = int32_t(t);
      weights[begins[e] + t] = extra_weights ? extra_weights[t] : 1.0f;
    }
}

}  // namespace zaphod
