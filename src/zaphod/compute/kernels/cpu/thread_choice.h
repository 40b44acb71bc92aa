// How many threads pay at present; knows times of passes, not threads.
//
// A thread that must share its core with another program is away for milliseconds at a time, and everybody waits for
// the chunk that it holds. Then one thread less is faster. That is found by trial: where much of the time goes by
// waiting, fewer threads are tried, and from time to time more again; the faster choice stays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace zaphod {

class ThreadChoice {
 public:
  explicit ThreadChoice(int most) : most_(most), threads_(most) {}

  int threads() const { return threads_; }

  // A pass of `size` tokens ended at `now`; it took `elapsed`, of which the caller waited for others for `waited`.
  void pass_ended(size_t size, uint64_t now_ns, uint64_t elapsed_ns, uint64_t waited_ns) {
    if (most_ == 1) return;
    if (size != size_) size_ = size, clear();  // only passes of one kind can be compared
    ++passes_, elapsed_ += elapsed_ns, waited_ += waited_ns;
    if (elapsed_ < kWindowNs || passes_ < kFewestPasses) return;
    window_ended(now_ns, double(passes_) / double(elapsed_), double(waited_) / double(elapsed_));
    clear();
  }

 private:
  static constexpr uint64_t kWindowNs = 30'000'000, kShortestHoldNs = 100'000'000, kLongestHoldNs = 1'000'000'000;
  static constexpr int kFewestPasses = 3;
  static constexpr double kMuchWaiting = 0.3, kWorthwhile = 1.05;

  void window_ended(uint64_t now, double rate, double waiting) {
    if (trial_) return trial_ended(now, rate);
    rate_before_ = rate;
    if (now < next_trial_ns_) return;
    if (threads_ > 1 && waiting > kMuchWaiting)
      begin_trial(-1);
    else if (threads_ < most_)
      begin_trial(+1);
  }

  void begin_trial(int step) {
    trial_ = step;
    threads_ += step;
  }

  void trial_ended(uint64_t now, double rate) {
    bool kept = rate > rate_before_ * kWorthwhile;
    if (!kept) threads_ -= trial_;
    // What failed is tried again after a time that grows; what succeeded may be followed by more of it soon.
    hold_ns_ = kept ? kShortestHoldNs : std::min(2 * hold_ns_, kLongestHoldNs);
    next_trial_ns_ = now + hold_ns_;
    trial_ = 0;
  }

  void clear() { passes_ = 0, elapsed_ = 0, waited_ = 0; }

  int most_, threads_, trial_ = 0, passes_ = 0;
  size_t size_ = 0;
  uint64_t elapsed_ = 0, waited_ = 0, hold_ns_ = kShortestHoldNs, next_trial_ns_ = 0;
  double rate_before_ = 0.0;
};

}  // namespace zaphod
