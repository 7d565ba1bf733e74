// Prints how many threads there are and how often the environment was read: when the program
// starts, after small work, after large work on one thread, and after large work on two.
#include <dirent.h>
#include <dlfcn.h>
#include <wengert/wengert.h>

#include <cstdio>

namespace wg = wengert;

static int reads = 0;
// Stands before the system's for everything that is linked here.
extern "C" char* getenv(const char* name) noexcept {
  ++reads;
  static const auto real = reinterpret_cast<char* (*)(const char*)>(dlsym(RTLD_NEXT, "getenv"));
  return real(name);
}

static void report(const char* when) {
  int threads = 0;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* entry = readdir(tasks)) threads += entry->d_name[0] != '.';
  closedir(tasks);
  std::printf("%s %d %d\n", when, threads, reads);
}

static void train(int64_t width) {
  wg::nn::Linear layer(width, width);
  wg::optim::SGD optimizer(layer.parameters());
  wg::mean(wg::square(layer(wg::rand({width, width})))).backward();
  optimizer.step();
}

int main() {
  report("start");
  train(8);
  report("small");
  wg::set_num_threads(1);
  train(700);
  report("large");
  wg::set_num_threads(2);
  train(700);
  report("two");
}
