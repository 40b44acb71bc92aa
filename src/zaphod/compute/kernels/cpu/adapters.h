// LoRA adapters as the network reads them: a pair of low-rank matrices for each product that one changes; knows names
// and shapes, computes nothing. Definition: `model/adapters.py`.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "layout.h"

namespace zaphod {

// What is added to one product: b (a x), float32. Without tiles there is nothing to add.
struct LowRank {
  Matrix a, b;

  explicit operator bool() const { return a.tiles != nullptr; }
};

struct LowRankExpert {
  LowRank gate, up, down;

  explicit operator bool() const { return gate || up || down; }
};

// One adapter's parts for one layer; `experts` are numbered as those of `LayerWeights`.
struct LayerAdapter {
  LowRank q, k, v, o;
  std::vector<LowRankExpert> experts;
};

struct Adapter {
  std::vector<LayerAdapter> layers;
  size_t rank = 0;          // the largest
  bool has_down = false;    // of an expert or dense block
};

// Takes the pairs of an adapter from matrices that are called as the weight is, with .a or .b behind it.
class AdapterReader {
 public:
  using Matrices = std::unordered_map<std::string, Matrix>;

  explicit AdapterReader(const Matrices& matrices) : matrices_(matrices) {}
  // The pair for the weight `w`, or none. Throws std::invalid_argument where it does not fit.
  LowRank take(const std::string& name, const Matrix& w);
  // Throws std::invalid_argument where matrices were left over, or none was there.
  void finish() const;
  size_t rank() const { return rank_; }

 private:
  const Matrices& matrices_;
  size_t taken_ = 0, rank_ = 0;
};

// The tokens of a pass that one adapter applies to.
struct AdaptedTokens {
  const Adapter* adapter;
  std::vector<int32_t> rows;
};

// Assignments of one expert to tokens of one adapter: [begin, end) of `AdaptedExperts::places`.
struct AdaptedRun {
  const LowRankExpert* parts;
  size_t begin, end;
};

// The assignments of some experts that adapters apply to, expert after expert, adapter after adapter.
struct AdaptedExperts {
  std::vector<AdaptedRun> runs;
  std::vector<size_t> first_run;  // [experts + 1] where each added expert's runs begin; they end where the next would
  std::vector<int32_t> places;    // assignments, in order within a run
  std::vector<int32_t> tokens;    // of each place
};

}  // namespace zaphod
