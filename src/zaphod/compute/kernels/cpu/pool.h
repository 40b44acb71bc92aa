// A few threads that share the chunks of one job after another; knows work, not what is computed.
//
// Chunks are claimed in runs that become shorter towards the end: long ones stream through memory, short ones end
// together. The caller works too. A helper that is not running when a job comes is not waited for: only chunks that somebody has
// taken must be finished. So a busy neighbour costs its share of the processor and no more.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <type_traits>
#include <vector>

#include "thread_choice.h"

namespace zaphod {

class Pool {
 public:
  // `threads` in all, the caller included; helpers start at once and sleep.
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;

  int threads() const { return int(helpers_.size()) + 1; }

  // Calls work(chunk, thread) for every chunk in [0, chunks), fewer than 2^20; `thread` lies in [0, threads()). Not
  // reentrant.
  template <class Work>
  void run(size_t chunks, Work&& work) {
    if (chunks == 0) return;
    if (chunks == 1 || active_.load(std::memory_order_relaxed) == 1) {
      for (size_t chunk = 0; chunk < chunks; ++chunk) work(chunk, 0);
      return;
    }
    using Plain = std::remove_reference_t<Work>;
    share(chunks, [](void* context, size_t chunk, int thread) { (*static_cast<Plain*>(context))(chunk, thread); },
          const_cast<void*>(static_cast<const void*>(&work)));
  }

  // Brackets around one forward pass of `size` tokens: its times decide how many threads the next ones use.
  void begin_pass();
  void end_pass(size_t size);

 private:
  using Call = void (*)(void* context, size_t chunk, int thread);
  struct Range {
    size_t first, last;
  };

  void share(size_t chunks, Call call, void* context);
  void help(int thread);
  void work_until_idle(int thread);
  static bool has_work(uint64_t word);
  bool take(uint64_t job, Range& range);
  void wait_until_done(size_t chunks);

  // job number << 40 | chunks << 20 | next chunk: one word, so that a late helper cannot take a chunk of another job.
  alignas(64) std::atomic<uint64_t> word_{0};
  alignas(64) std::atomic<uint32_t> done_{0};
  alignas(64) std::atomic<uint32_t> sleepers_{0};
  std::atomic<uint32_t> caller_sleeps_{0};
  alignas(64) std::atomic<uint32_t> wake_{0};
  std::atomic<bool> stop_{false};
  Call call_ = nullptr;
  void* context_ = nullptr;
  uint64_t job_ = 0;

  // Helpers of this number or more sleep on this word.
  alignas(64) std::atomic<uint32_t> active_;
  ThreadChoice choice_;
  uint64_t pass_began_ns_ = 0, waited_ns_ = 0;

  std::vector<std::thread> helpers_;
};

}  // namespace zaphod
