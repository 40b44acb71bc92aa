// Experts of a model larger than memory: slots of memory that are filled from files when a layer asks; knows bytes and
// places, no mathematics.
//
// A few threads read, in pieces, past the page cache where file system and alignment allow it; otherwise what was read
// is dropped from it, so that it does not count against a limit on memory. Which expert leaves: the one that was visited
// least, where a visit counts half as much after every kHalfLife tokens (LRFU, doi:10.1109/TC.2001.970573). So experts
// that all tokens want stay, as with counting, and what a text no longer wants goes, as with LRU; and where a token
// visits more experts than there are slots, no cyclic order empties the cache.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "network.h"

namespace zaphod {

// A file could not be read; the message names it.
struct ReadError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Tiles of one matrix in a file.
struct FilePiece {
  int file = -1;
  uint64_t offset = 0, bytes = 0;
};
using ExpertPieces = std::array<FilePiece, 3>;  // gate, up, down

class ExpertCache final : public ExpertSource {
 public:
  static constexpr size_t kPage = 4096;

  struct Counters {
    uint64_t hits = 0, misses = 0, expected = 0, expected_hits = 0, bytes_read = 0, waited_ns = 0;
  };

  // `pieces` of expert e of layer l at l * num_experts + e; file < 0 where the layer has none. `bytes` is the room for
  // slots. Throws std::invalid_argument where it holds none, ReadError where a file cannot be opened.
  ExpertCache(const std::vector<std::string>& paths, std::vector<ExpertPieces> pieces, size_t num_experts, size_t bytes,
              int readers, bool direct);
  ~ExpertCache() override;
  ExpertCache(const ExpertCache&) = delete;

  void begin(int layer, const Assignments& assignments, size_t count) override;
  size_t next(size_t first, std::vector<ExpertWeights>& weights) override;
  void end() override;
  void expect(int layer, const std::vector<int32_t>& experts) override;
  bool expects() const override { return expects_; }
  void set_expects(bool expects) { expects_ = expects; }

  // Bytes a second of reading `at_once` experts that are not in memory, batch after batch for about `seconds`; fills
  // the slots.
  std::vector<double> measure(size_t at_once, double seconds);

  size_t num_slots() const { return slots_.size(); }
  size_t slot_bytes() const { return slot_bytes_; }
  bool is_direct() const;
  Counters counters() const;

 private:
  enum class State { empty, loading, ready };
  struct Slot {
    int key = -1;
    State state = State::empty;
    int left = 0;            // pieces that are not read yet
    bool pinned = false;     // being computed with
    bool needed = false;     // the present layer will compute with it
    bool expected = false;   // a later layer probably will
    bool ahead = false;      // was read for that reason, and not used yet
    bool dropped = false;    // nobody wants it any more; what is being read is not used
    std::string problem;
  };
  // Neighbouring matrices of an expert, read as one; `begin` and `bytes` are whole pages.
  struct Run {
    int file;
    uint64_t begin, bytes, wanted_end;  // wanted_end: the file must reach so far
    size_t at;                          // in the slot
  };
  struct Read {
    int slot, file;
    uint64_t offset, bytes, wanted;
    uint8_t* to;
  };
  struct File {
    std::string path;
    int direct = -1, plain = -1;
    std::atomic<bool> use_direct{false};
  };

  void open(const std::string& path, bool direct);
  void close();
  std::vector<Run> runs_of(int key) const;
  void request_all();
  bool request(int key, bool forced);
  int victim(int highest_rank) const;
  int rank(const Slot& slot) const;
  void load(int slot, int key, bool ahead);
  void drop_expected();
  void unpin();
  void unpin(int key);
  void forget(Slot& slot);
  void wait_for(int key, std::unique_lock<std::mutex>& lock);
  void place(int key, ExpertWeights& weights) const;
  void visit(const Assignments& assignments, size_t count);
  void serve();
  std::string read(const Read& read);
  uint8_t* data(int slot) const { return memory_.data() + slot_bytes_ * slot; }

  std::vector<ExpertPieces> pieces_;
  size_t num_experts_, slot_bytes_ = 0;
  std::deque<File> files_;
  Memory memory_;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  bool stop_ = false;
  std::deque<Read> demanded_, ahead_;
  std::vector<Slot> slots_;
  std::vector<int> slot_of_;  // by key; -1: not in memory
  std::vector<double> heat_;  // by key
  double tokens_ = 0.0;
  Counters counters_;

  int layer_ = 0;
  bool expects_ = true;
  std::vector<int> expected_;     // keys of the next layer
  std::vector<int32_t> visited_;  // of the present layer
  size_t asked_ = 0;              // so many of them were requested
  size_t first_ = 0;              // the first that was not computed yet
  std::vector<std::thread> readers_;
};

}  // namespace zaphod
