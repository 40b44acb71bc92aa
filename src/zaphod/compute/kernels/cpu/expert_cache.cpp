#include "expert_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>

namespace zaphod {
namespace {

// Bytes of one read: several readers share an expert, so that one miss alone keeps the disk busy.
constexpr uint64_t kReadBytes = 1 << 20;
// Hits on a trained model (6 layers of 8 experts, 2 a token, 510 tokens of English) with slots for 12 of 48: 0.65, and
// 0.59 with LRU; for 6 of 48: 0.31, and none with LRU. From 8 to 64 tokens little changes; texts that drift want less.
constexpr double kHalfLife = 16.0;
// Heat grows with 2^(tokens / kHalfLife); it is scaled down before a double ends.
constexpr double kLargestExponent = 512.0;

uint64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ExpertCache::ExpertCache(const std::vector<std::string>& paths, std::vector<ExpertPieces> pieces, size_t num_experts,
                         size_t bytes, int readers, bool direct)
    : pieces_(std::move(pieces)), num_experts_(num_experts) {
  for (const ExpertPieces& expert : pieces_)
    for (const FilePiece& piece : expert)
      if (piece.file >= int(paths.size())) throw std::invalid_argument("an expert lies in an unknown file");
  for (size_t key = 0; key < pieces_.size(); ++key) {
    size_t size = 0;
    for (const Run& run : runs_of(int(key))) size += run.bytes;
    slot_bytes_ = std::max(slot_bytes_, size);
  }
  size_t experts = std::count_if(pieces_.begin(), pieces_.end(), [](const ExpertPieces& e) { return e[0].file >= 0; });
  size_t slots = slot_bytes_ ? std::min(bytes / slot_bytes_, experts) : 0;
  if (!slots) throw std::invalid_argument("the cache does not hold a single expert");
  try {
    for (const std::string& path : paths) open(path, direct);
  } catch (...) {
    close();
    throw;
  }
  memory_ = Memory(slots * slot_bytes_);
  // Taken now, so that it cannot be missing later.
  std::memset(memory_.data(), 0, memory_.size());
  slots_.resize(slots);
  slot_of_.assign(pieces_.size(), -1);
  heat_.assign(pieces_.size(), 0.0);
  for (int i = 0; i < std::max(1, readers); ++i) readers_.emplace_back([this] { serve(); });
}

ExpertCache::~ExpertCache() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& reader : readers_) reader.join();
  close();
}

void ExpertCache::open(const std::string& path, bool direct) {
  File& file = files_.emplace_back();
  file.path = path;
  file.plain = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.plain < 0) throw ReadError(path + " cannot be opened: " + std::strerror(errno));
#if defined(O_DIRECT)
  if (direct) file.direct = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
#elif defined(F_NOCACHE)
  if (direct) file.direct = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.direct >= 0) fcntl(file.direct, F_NOCACHE, 1);
#endif
  file.use_direct = file.direct >= 0;
#if defined(POSIX_FADV_RANDOM)
  // Reads are as long as they are meant to be; and what others left in the page cache would make the first ones faster.
  posix_fadvise(file.plain, 0, 0, POSIX_FADV_RANDOM);
  if (!file.use_direct) posix_fadvise(file.plain, 0, 0, POSIX_FADV_DONTNEED);
#endif
}

void ExpertCache::close() {
  for (File& file : files_) {
    if (file.plain >= 0) ::close(file.plain);
    if (file.direct >= 0) ::close(file.direct);
  }
}

bool ExpertCache::is_direct() const {
  return std::all_of(files_.begin(), files_.end(), [](const File& file) { return file.use_direct.load(); });
}

ExpertCache::Counters ExpertCache::counters() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return counters_;
}

std::vector<ExpertCache::Run> ExpertCache::runs_of(int key) const {
  std::vector<Run> runs;
  ExpertPieces sorted = pieces_[key];
  if (sorted[0].file < 0) return runs;
  std::sort(sorted.begin(), sorted.end(), [](const FilePiece& a, const FilePiece& b) {
    return std::make_pair(a.file, a.offset) < std::make_pair(b.file, b.offset);
  });
  for (const FilePiece& piece : sorted) {
    uint64_t end = piece.offset + piece.bytes;
    if (!runs.empty() && runs.back().file == piece.file && piece.offset <= runs.back().begin + runs.back().bytes) {
      runs.back().bytes = round_up(end, kPage) - runs.back().begin;
      runs.back().wanted_end = end;
      continue;
    }
    size_t at = runs.empty() ? 0 : runs.back().at + runs.back().bytes;
    uint64_t begin = piece.offset / kPage * kPage;
    runs.push_back({piece.file, begin, round_up(end, kPage) - begin, end, at});
  }
  return runs;
}

void ExpertCache::place(int key, ExpertWeights& weights) const {
  const uint8_t* base = data(slot_of_[key]);
  const std::vector<Run> runs = runs_of(key);
  Matrix* matrices[3] = {&weights.gate, &weights.up, &weights.down};
  for (int i = 0; i < 3; ++i) {
    const FilePiece& piece = pieces_[key][i];
    for (const Run& run : runs)
      if (run.file == piece.file && piece.offset >= run.begin && piece.offset + piece.bytes <= run.begin + run.bytes)
        matrices[i]->tiles = base + run.at + (piece.offset - run.begin);
  }
}

// What the present layer will need is requested at once, as far as there are slots.
void ExpertCache::begin(int layer, const Assignments& assignments, size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  unpin();
  layer_ = layer;
  visited_.clear();
  for (int32_t expert : assignments.visited)
    if (size_t(expert) < num_experts_) visited_.push_back(expert);
  asked_ = first_ = 0;
  visit(assignments, count);
  for (int32_t expert : visited_) {
    int slot = slot_of_[layer * num_experts_ + expert];
    if (slot < 0) {
      ++counters_.misses;
      continue;
    }
    ++counters_.hits;
    slots_[slot].needed = true;
    if (slots_[slot].ahead) ++counters_.expected_hits;
    slots_[slot].expected = slots_[slot].ahead = false;
  }
  drop_expected();
  request_all();
}

void ExpertCache::visit(const Assignments& assignments, size_t count) {
  tokens_ += double(count);
  if (tokens_ / kHalfLife > kLargestExponent) {
    for (double& heat : heat_) heat *= std::exp2(-tokens_ / kHalfLife);
    tokens_ = 0.0;
  }
  // Visits of a long pass count as if its last tokens alone had been computed, in the same shares.
  double weight = std::min(1.0, kHalfLife / std::log(2.0) / double(count)) * std::exp2(tokens_ / kHalfLife);
  for (int32_t expert : visited_) {
    int rows = assignments.begins[expert + 1] - assignments.begins[expert];
    heat_[layer_ * num_experts_ + expert] += rows * weight;
  }
}

// Experts that were read ahead in vain: what is not being read yet is not read at all.
void ExpertCache::drop_expected() {
  std::deque<Read> kept;
  for (const Read& read : ahead_) {
    Slot& slot = slots_[read.slot];
    // The present layer needs it after all.
    if (slot.needed) {
      demanded_.push_back(read);
      continue;
    }
    slot.dropped = true;
    if (--slot.left == 0) forget(slot);
  }
  ahead_.clear();
  for (int key : expected_)
    if (slot_of_[key] >= 0) slots_[slot_of_[key]].expected = false;
  expected_.clear();
}

void ExpertCache::forget(Slot& slot) {
  slot_of_[slot.key] = -1;
  slot = Slot{};
}

void ExpertCache::unpin() {
  for (int32_t expert : visited_) unpin(int(layer_ * num_experts_ + expert));
}

void ExpertCache::unpin(int key) {
  if (slot_of_[key] < 0) return;
  Slot& slot = slots_[slot_of_[key]];
  slot.pinned = slot.needed = false;
  // Its reading failed, and nobody came to hear of it.
  if (slot.state == State::loading && slot.left == 0) forget(slot);
}

void ExpertCache::end() {
  std::lock_guard<std::mutex> lock(mutex_);
  unpin();
}

void ExpertCache::request_all() {
  for (; asked_ < visited_.size(); ++asked_)
    if (!request(int(layer_ * num_experts_ + visited_[asked_]), asked_ == first_)) break;
}

// Whether the expert is in memory or on its way; `forced` takes the place of one that this layer needs later.
bool ExpertCache::request(int key, bool forced) {
  int slot = slot_of_[key];
  if (slot >= 0) {
    if (slots_[slot].dropped) return false;
    slots_[slot].needed = true;
    return true;
  }
  slot = victim(forced ? 2 : 1);
  if (slot < 0) return false;
  load(slot, key, false);
  return true;
}

int ExpertCache::rank(const Slot& slot) const { return slot.needed ? 2 : slot.expected ? 1 : 0; }

// The slot whose expert is missed least; -1 where all are in use.
int ExpertCache::victim(int highest_rank) const {
  int best = -1;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.state == State::empty) return int(i);
    if (slot.state == State::loading || slot.pinned || rank(slot) > highest_rank) continue;
    if (best < 0) {
      best = int(i);
      continue;
    }
    const Slot& other = slots_[best];
    bool better = rank(slot) != rank(other) ? rank(slot) < rank(other)
                  // Among experts of this layer the one that is computed last is given up first.
                  : rank(slot) == 2 ? slot.key > other.key
                                    : heat_[slot.key] < heat_[other.key];
    if (better) best = int(i);
  }
  return best;
}

void ExpertCache::load(int index, int key, bool ahead) {
  Slot& slot = slots_[index];
  if (slot.key >= 0) slot_of_[slot.key] = -1;
  // An expert of this layer that had to make room is asked for again in its turn.
  if (slot.needed) asked_ = std::min(asked_, first_);
  slot = Slot{};
  slot.key = key;
  slot.state = State::loading;
  slot.needed = !ahead;
  slot.expected = slot.ahead = ahead;
  slot_of_[key] = index;
  for (const Run& run : runs_of(key))
    for (uint64_t done = 0; done < run.bytes; done += kReadBytes) {
      uint64_t bytes = std::min(kReadBytes, run.bytes - done), offset = run.begin + done;
      uint64_t wanted = std::min(bytes, run.wanted_end - offset);
      (ahead ? ahead_ : demanded_).push_back({index, run.file, offset, bytes, wanted, data(index) + run.at + done});
      ++slot.left;
    }
  work_.notify_all();
}

void ExpertCache::wait_for(int key, std::unique_lock<std::mutex>& lock) {
  uint64_t began = 0;
  while (true) {
    int index = slot_of_[key];
    if (index >= 0 && slots_[index].state == State::ready && !slots_[index].dropped) break;
    if (index < 0) {
      if (request(key, true)) continue;
    } else if (slots_[index].left == 0) {
      std::string problem = slots_[index].problem;
      forget(slots_[index]);
      if (!problem.empty()) throw ReadError(problem);
      continue;
    }
    if (!began) began = now_ns();
    done_.wait(lock);
  }
  if (began) counters_.waited_ns += now_ns() - began;
}

size_t ExpertCache::next(size_t first, std::vector<ExpertWeights>& weights) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (size_t i = first_; i < std::min(first, visited_.size()); ++i) unpin(int(layer_ * num_experts_ + visited_[i]));
  first_ = first;
  asked_ = std::max(asked_, first_);
  request_all();
  size_t end = first;
  for (; end < visited_.size(); ++end) {
    int key = int(layer_ * num_experts_ + visited_[end]);
    if (end == first)
      wait_for(key, lock);
    else if (slot_of_[key] < 0 || slots_[slot_of_[key]].state != State::ready)
      break;
    Slot& slot = slots_[slot_of_[key]];
    slot.pinned = slot.needed = true;
    place(key, weights[visited_[end]]);
  }
  return end;
}

void ExpertCache::expect(int layer, const std::vector<int32_t>& experts) {
  std::lock_guard<std::mutex> lock(mutex_);
  // What this layer needs comes first.
  if (asked_ < visited_.size()) return;
  for (int32_t expert : experts) {
    int key = int(layer * num_experts_ + expert);
    int slot = slot_of_[key];
    if (slot >= 0) {
      slots_[slot].expected = true;
      expected_.push_back(key);
      continue;
    }
    slot = victim(0);
    if (slot < 0) return;
    ++counters_.expected;
    load(slot, key, true);
    expected_.push_back(key);
  }
}

std::vector<double> ExpertCache::measure(size_t at_once, double seconds) {
  std::vector<int> keys;
  for (size_t key = 0; key < pieces_.size(); ++key)
    if (pieces_[key][0].file >= 0) keys.push_back(int(key));
  std::vector<double> rates;
  std::unique_lock<std::mutex> lock(mutex_);
  unpin();
  visited_.clear();
  drop_expected();
  uint64_t began = now_ns();
  // A step that shares no factor with their number visits all, far from each other.
  size_t step = keys.size() * 5 / 8 + 1, at = 0;
  while (std::gcd(step, keys.size()) != 1) ++step;
  at_once = std::min({at_once, slots_.size(), keys.size()});
  for (size_t asked = 0; asked < 8 * keys.size() && double(now_ns() - began) < 1e9 * seconds;) {
    std::vector<int> batch;
    for (; batch.size() < at_once && asked < 8 * keys.size(); ++asked, at = (at + step) % keys.size())
      if (slot_of_[keys[at]] < 0) batch.push_back(keys[at]);
    if (batch.empty()) break;
    uint64_t start = now_ns(), bytes = counters_.bytes_read;
    for (int key : batch) request(key, false);
    for (int key : batch) wait_for(key, lock);
    rates.push_back(double(counters_.bytes_read - bytes) / (1e-9 * double(now_ns() - start)));
    for (int key : batch) unpin(key);
  }
  return rates;
}

void ExpertCache::serve() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stop_ || !demanded_.empty() || !ahead_.empty(); });
    if (stop_) return;
    std::deque<Read>& queue = demanded_.empty() ? ahead_ : demanded_;
    Read task = queue.front();
    queue.pop_front();
    lock.unlock();
    std::string problem = read(task);
    lock.lock();
    Slot& slot = slots_[task.slot];
    if (!problem.empty()) slot.problem = problem;
    counters_.bytes_read += task.bytes;
    if (--slot.left > 0) continue;
    if (slot.dropped || (!slot.problem.empty() && !slot.needed)) {
      forget(slot);
    } else if (slot.problem.empty()) {
      slot.state = State::ready;
    }
    done_.notify_all();
  }
}

// What went wrong; empty if nothing did.
std::string ExpertCache::read(const Read& read) {
  File& file = files_[read.file];
  uint64_t got = 0;
  while (got < read.wanted) {
    // After a short read the rest may begin within a page, which only the plain way can read.
    bool direct = file.use_direct && got % kPage == 0;
    int descriptor = direct ? file.direct : file.plain;
    ssize_t n = pread(descriptor, read.to + got, read.bytes - got, off_t(read.offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && direct && (errno == EINVAL || errno == ENOTSUP)) {
      file.use_direct = false;
      continue;
    }
    if (n < 0) return file.path + " cannot be read: " + std::strerror(errno);
    if (n == 0) return file.path + " ends at byte " + std::to_string(read.offset + got) + ", within an expert";
    got += uint64_t(n);
#if defined(POSIX_FADV_DONTNEED)
    if (!direct) posix_fadvise(file.plain, off_t(read.offset), off_t(read.bytes), POSIX_FADV_DONTNEED);
#endif
  }
  return "";
}

}  // namespace zaphod
