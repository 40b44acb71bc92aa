#include "pool.h"

#include <algorithm>
#include <chrono>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace zaphod {
namespace {

constexpr uint64_t kChunkBits = 20;
constexpr uint64_t kChunkMask = (1u << kChunkBits) - 1;
// A claim takes this part of what each thread would get of the rest.
constexpr uint64_t kParts = 4;
// A helper looks for the next job for about this long before it sleeps; so does the caller for the last chunk.
constexpr uint64_t kSpinNs = 200'000;
constexpr uint64_t kCallerSpinNs = 30'000;

uint64_t now_ns() {
  return uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(
                      std::chrono::steady_clock::now().time_since_epoch())
                      .count());
}

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#if defined(__linux__)
void sleep_while(std::atomic<uint32_t>& word, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void wake_all(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, 1 << 30, nullptr, nullptr, 0);
}
#else
void sleep_while(std::atomic<uint32_t>& word, uint32_t value) { word.wait(value); }
void wake_all(std::atomic<uint32_t>& word) { word.notify_all(); }
#endif

}  // namespace

Pool::Pool(int threads) : active_(uint32_t(threads)), choice_(threads) {
  for (int i = 1; i < threads; ++i) helpers_.emplace_back([this, i] { help(i); });
}

Pool::~Pool() {
  stop_ = true;
  wake_.fetch_add(1);
  wake_all(wake_);
  active_.store(uint32_t(threads()) + 1);
  wake_all(active_);
  for (std::thread& helper : helpers_) helper.join();
}

bool Pool::take(uint64_t job, Range& range) {
  const uint64_t parts = kParts * active_.load(std::memory_order_relaxed);
  uint64_t word = word_.load(std::memory_order_acquire);
  for (;;) {
    uint64_t next = word & kChunkMask, chunks = word >> kChunkBits & kChunkMask;
    if (word >> (2 * kChunkBits) != job || next >= chunks) return false;
    uint64_t run = std::max<uint64_t>(1, (chunks - next) / parts);
    if (word_.compare_exchange_weak(word, word + run, std::memory_order_acq_rel)) {
      range = {next, next + run};
      return true;
    }
  }
}

void Pool::share(size_t chunks, Call call, void* context) {
  call_ = call;
  context_ = context;
  done_.store(0, std::memory_order_relaxed);
  job_ = (job_ + 1) & ((1u << 24) - 1);
  word_.store(job_ << (2 * kChunkBits) | uint64_t(chunks) << kChunkBits, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst)) {
    wake_.fetch_add(1, std::memory_order_seq_cst);
    wake_all(wake_);
  }
  Range range;
  while (take(job_, range)) {
    for (size_t chunk = range.first; chunk < range.last; ++chunk) call(context, chunk, 0);
    done_.fetch_add(uint32_t(range.last - range.first), std::memory_order_acq_rel);
  }
  wait_until_done(chunks);
}

void Pool::wait_until_done(size_t chunks) {
  if (done_.load(std::memory_order_acquire) == chunks) return;
  uint64_t began = now_ns();
  for (int i = 0;; ++i) {
    uint32_t done = done_.load(std::memory_order_acquire);
    if (done == chunks) break;
    pause();
    if (i % 64 != 63 || now_ns() - began < kCallerSpinNs) continue;
    caller_sleeps_.store(1, std::memory_order_seq_cst);
    done = done_.load(std::memory_order_seq_cst);
    if (done != chunks) sleep_while(done_, done);
    caller_sleeps_.store(0, std::memory_order_relaxed);
  }
  waited_ns_ += now_ns() - began;
}

void Pool::help(int thread) {
  while (!stop_.load(std::memory_order_relaxed)) {
    uint32_t active = active_.load(std::memory_order_acquire);
    if (uint32_t(thread) >= active) {
      sleep_while(active_, active);
      continue;
    }
    work_until_idle(thread);
    uint32_t ticket = wake_.load(std::memory_order_seq_cst);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    bool idle = !has_work(word_.load(std::memory_order_seq_cst));
    if (idle && !stop_.load() && active_.load() == active) sleep_while(wake_, ticket);
    sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  }
}

// Takes chunks of every job that comes, until none has come for a while.
void Pool::work_until_idle(int thread) {
  uint64_t began = now_ns();
  for (int i = 0;; ++i) {
    uint64_t word = word_.load(std::memory_order_acquire);
    Range range;
    bool worked = false;
    while (has_work(word) && take(word >> (2 * kChunkBits), range)) {
      for (size_t chunk = range.first; chunk < range.last; ++chunk) call_(context_, chunk, thread);
      done_.fetch_add(uint32_t(range.last - range.first), std::memory_order_seq_cst);
      if (caller_sleeps_.load(std::memory_order_seq_cst)) wake_all(done_);
      worked = true;
    }
    if (worked) began = now_ns();
    pause();
    if (i % 64 == 63 && now_ns() - began > kSpinNs) return;
    if (uint32_t(thread) >= active_.load(std::memory_order_relaxed)) return;
  }
}

bool Pool::has_work(uint64_t word) { return (word & kChunkMask) < (word >> kChunkBits & kChunkMask); }

void Pool::begin_pass() {
  pass_began_ns_ = now_ns();
  waited_ns_ = 0;
}

void Pool::end_pass(size_t size) {
  uint64_t now = now_ns();
  choice_.pass_ended(size, now, now - pass_began_ns_, waited_ns_);
  if (uint32_t(choice_.threads()) == active_.load(std::memory_order_relaxed)) return;
  active_.store(uint32_t(choice_.threads()), std::memory_order_seq_cst);
  wake_all(active_);
  wake_.fetch_add(1, std::memory_order_seq_cst);
  wake_all(wake_);
}

}  // namespace zaphod
