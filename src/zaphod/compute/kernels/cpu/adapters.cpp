#include "adapters.h"

#include <algorithm>
#include <stdexcept>

namespace zaphod {

LowRank AdapterReader::take(const std::string& name, const Matrix& w) {
  auto a = matrices_.find(name + ".a"), b = matrices_.find(name + ".b");
  if (a == matrices_.end() && b == matrices_.end()) return {};
  if (a == matrices_.end() || b == matrices_.end())
    throw std::invalid_argument("the adapter has one half of the pair for " + name);
  LowRank pair{a->second, b->second};
  bool fits = pair.a.cols == w.cols && pair.b.rows == w.rows && pair.a.rows == pair.b.cols;
  if (!fits || pair.a.format != Format::f32 || pair.b.format != Format::f32)
    throw std::invalid_argument("the adapter's pair does not fit " + name);
  taken_ += 2;
  rank_ = std::max(rank_, pair.a.rows);
  return pair;
}

void AdapterReader::finish() const {
  if (taken_ == 0 || taken_ != matrices_.size())
    throw std::invalid_argument("the adapter has pairs that the network has no weight for");
}

}  // namespace zaphod
