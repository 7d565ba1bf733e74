// Times the cases of one C++ program and prints them as JSON.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

class Harness {
 public:
  // The program's only argument is the time for each case, in seconds.
  Harness(int argc, char** argv, const std::string& version)
      : seconds_(argc > 1 ? std::atof(argv[1]) : 0.2) {
    std::printf("{\"version\": \"%s\", \"seconds\": {", version.c_str());
  }
  ~Harness() { std::printf("}}\n"); }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  // Calls `body` until the time is used up, in loops that double until one is long enough.
  template <class Body>
  void run(const char* name, Body body) {
    for (long loops = 1;; loops *= 2) {
      double taken = timed(loops, body);
      if (taken < seconds_ / 4 && loops < kMostLoops) continue;
      long full = static_cast<long>(static_cast<double>(loops) * seconds_ / taken) + 1;
      report(name, timed(full, body) / static_cast<double>(full));
      return;
    }
  }

  // For a step that needs another before it each time: `setup` runs outside the clock, for
  // `batch` steps at once, so that reading the clock does not count. A step does `operations`.
  template <class Setup, class Body>
  void run_after(const char* name, int batch, Setup setup, Body body, int operations = 1) {
    double taken = 0, total = 0;
    long calls = 0;
    for (bool warm = false; total < seconds_ || !warm; warm = true) {
      auto start = Clock::now();
      for (int i = 0; i < batch; ++i) setup(i);
      auto middle = Clock::now();
      for (int i = 0; i < batch; ++i) body(i);
      auto end = Clock::now();
      if (!warm) continue;
      taken += std::chrono::duration<double>(end - middle).count();
      total += std::chrono::duration<double>(end - start).count();
      calls += batch;
    }
    report(name, taken / static_cast<double>(calls * operations));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr long kMostLoops = 1L << 40;

  template <class Body>
  static double timed(long loops, Body& body) {
    auto start = Clock::now();
    for (long i = 0; i < loops; ++i) body();
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  void report(const char* name, double seconds) {
    std::printf("%s\"%s\": %.6e", first_ ? "" : ", ", name, seconds);
    first_ = false;
  }

  double seconds_;
  bool first_ = true;
};
