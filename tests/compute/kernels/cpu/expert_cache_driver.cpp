// The cache of experts under a sanitizer: random passes over a file whose every byte says which matrix it is of.
//
// expert_cache_driver FILE; ends with 1 where a byte is wrong, a group is empty or the sanitizer complains.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <random>

#include "expert_cache.h"

using namespace zaphod;

namespace {

constexpr int kLayers = 6, kExperts = 12, kTopK = 3, kPasses = 60;
// No multiple of a page, so that matrices begin and end within pages.
constexpr size_t kBytes = 4096 * 3 + 64 * 5;

uint8_t mark(uint64_t place) { return uint8_t(place * 7 + 1); }

// Even layers have the three matrices of an expert side by side, odd ones all gates, then all ups, then all downs.
uint64_t place_of(int layer, int expert, int matrix) {
  return uint64_t(3) * kExperts * layer + (layer % 2 ? matrix * kExperts + expert : 3 * expert + matrix);
}

void write_file(const char* path) {
  std::ofstream file(path, std::ios::binary);
  for (int place = 0; place < 3 * kLayers * kExperts; ++place) {
    std::vector<char> bytes(kBytes, char(mark(place)));
    file.write(bytes.data(), std::streamsize(bytes.size()));
  }
}

std::vector<ExpertPieces> places() {
  std::vector<ExpertPieces> out(kLayers * kExperts);
  for (int layer = 0; layer < kLayers; ++layer)
    for (int expert = 0; expert < kExperts; ++expert)
      for (int m = 0; m < 3; ++m)
        out[layer * kExperts + expert][m] = {0, place_of(layer, expert, m) * kBytes, kBytes};
  return out;
}

Assignments choose(std::mt19937& random, int count) {
  std::vector<int32_t> all(kExperts), ids;
  std::iota(all.begin(), all.end(), 0);
  for (int t = 0; t < count; ++t) {
    std::shuffle(all.begin(), all.end(), random);
    ids.insert(ids.end(), all.begin(), all.begin() + kTopK);
  }
  std::vector<float> weights(ids.size(), 1.0f);
  Assignments out;
  out.sort(kExperts, kTopK, count, ids.data(), weights.data(), 1, nullptr);
  return out;
}

long wrong_bytes(int layer, int expert, const ExpertWeights& weights) {
  const Matrix* matrices[3] = {&weights.gate, &weights.up, &weights.down};
  long wrong = 0;
  for (int m = 0; m < 3; ++m) {
    uint8_t wanted = mark(place_of(layer, expert, m));
    wrong += std::count_if(matrices[m]->tiles, matrices[m]->tiles + kBytes, [&](uint8_t b) { return b != wanted; });
  }
  return wrong;
}

// One layer; the pass may be left in the middle, as an error leaves it. False where something is wrong.
bool compute(ExpertCache& cache, std::mt19937& random, int pass, int layer) {
  int count = pass % 7 == 0 ? 30 : 1;
  Assignments chosen = choose(random, count);
  std::vector<ExpertWeights> weights(kExperts + 1);
  cache.begin(layer, chosen, count);
  if (layer + 1 < kLayers && pass % 3)
    cache.expect(layer + 1, {int32_t(random() % kExperts), int32_t(random() % kExperts)});
  for (size_t first = 0; first < chosen.visited.size();) {
    size_t last = cache.next(first, weights);
    if (last < chosen.visited.size() && chosen.visited[last] == kExperts) last = chosen.visited.size();
    if (last == first) return false;
    for (size_t v = first; v < last; ++v)
      if (chosen.visited[v] < kExperts && wrong_bytes(layer, chosen.visited[v], weights[chosen.visited[v]])) return false;
    if (pass == 33 && layer == 2) return true;
    first = last;
  }
  cache.end();
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  write_file(argv[1]);
  std::mt19937 random(1);
  size_t slot_bytes = ExpertCache({argv[1]}, places(), kExperts, size_t(1) << 30, 1, true).slot_bytes();
  for (size_t slots : {1, 2, 3, 5, 20, 72})
    for (bool direct : {true, false}) {
      ExpertCache cache({argv[1]}, places(), kExperts, slots * slot_bytes, 3, direct);
      cache.measure(2, 0.02);
      for (int pass = 0; pass < kPasses; ++pass)
        for (int layer = 0; layer < kLayers; ++layer)
          if (!compute(cache, random, pass, layer)) {
            std::printf("wrong with %zu slots, direct %d, pass %d, layer %d\n", slots, direct, pass, layer);
            return 1;
          }
    }
  std::puts("every byte was that of its expert");
  return 0;
}
