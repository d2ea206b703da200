// How tasks are shared out among the threads: whoever is free takes the next, so that a thread whose core does something else meanwhile takes fewer of them.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

namespace tunesmith {

/// Runs body(next) on all threads; next() gives one of `count` tasks after the other to whoever asks, and then -1.
template <typename Body>
inline void shareOut(int64_t count, Body body) {
  std::atomic<int64_t> taken{0};
  const auto next = [&] {
    const int64_t task = taken.fetch_add(1, std::memory_order_relaxed);
    return task < count ? task : -1;
  };
  at::parallel_for(0, std::min<int64_t>(count, at::get_num_threads()), 1, [&](int64_t, int64_t) { body(next); });
}

/// Runs body(task) for each; `finish` once on every thread behind its last.
template <typename Body, typename Finish = void (*)()>
inline void forEachTask(int64_t count, Body body, Finish finish = [] {}) {
  shareOut(count, [&](auto next) {
    for (int64_t task; (task = next()) >= 0;) body(task);
    finish();
  });
}

/// Runs body(task, state) for each, with a state of each thread.
template <typename MakeState, typename Body>
inline void forEachTaskWith(MakeState makeState, int64_t count, Body body) {
  shareOut(count, [&](auto next) {
    auto state = makeState();
    for (int64_t task; (task = next()) >= 0;) body(task, state);
  });
}

}  // namespace tunesmith
