#include "runtime/blas.h"

#include "wengert/error.h"

#if defined(WENGERT_NO_BLAS)

namespace wengert::runtime {

const Blas* blas() noexcept { return nullptr; }
void* lapack(const char*) noexcept { return nullptr; }
void set_blas_library(const std::string& path) {
  throw Error("set_blas_library: expected a library built with a BLAS to load '" + path +
              "' into, but this one was built without; build with WENGERT_BLAS=ON");
}

}  // namespace wengert::runtime

#else

#include <atomic>
#include <mutex>
#include <new>

#include "runtime/platform.h"

namespace wengert::runtime {

namespace {

constexpr const char* kBundledFile = "libwengert_blas.so";

struct Library {
  void* handle;
  Blas blas;
};

std::atomic<const Library*> loaded{nullptr};
std::atomic<bool> tried{false};

struct Loader {
  std::mutex mutex;
  std::string path;  // "": the bundled library
};

Loader& loader() {
  static Loader* const the_loader = [] {
    Loader* fresh = new Loader;
    platform::on_fork([] { loader().mutex.lock(); }, [] { loader().mutex.unlock(); },
                      [] { loader().mutex.unlock(); });
    return fresh;
  }();
  return *the_loader;
}

// scipy-openblas32 prefixes its names; other libraries use the plain ones.
void* find(void* handle, const std::string& name) {
  void* symbol = platform::find_symbol(handle, ("scipy_" + name).c_str());
  return symbol != nullptr ? symbol : platform::find_symbol(handle, name.c_str());
}

std::string ask(void* handle, const std::string& name) {
  const auto f = reinterpret_cast<const char* (*)()>(find(handle, name));
  const char* answer = f != nullptr ? f() : nullptr;
  return answer != nullptr ? answer : "";
}

// OpenBLAS decides by model number and takes AVX2 kernels on processors it does not know. Its only
// AVX-512 family that is built everywhere is SkylakeX.
const char* core_type_for(int x86_level) {
  return x86_level >= 4 ? "SkylakeX" : x86_level == 3 ? "Haswell" : nullptr;
}

void* open_single_threaded(const std::string& path) {
  const platform::ScopedEnv threads("OPENBLAS_NUM_THREADS", "1");
  if (const char* core = core_type_for(platform::cpu_info().x86_level)) {
    const platform::ScopedEnv kernels("OPENBLAS_CORETYPE", core);
    return platform::open_library(path);
  }
  return platform::open_library(path);
}

const Library* load(const std::string& path) {
  void* handle = open_single_threaded(path);
  if (handle == nullptr) return nullptr;
  Blas b;
  b.sgemm = reinterpret_cast<Blas::Gemm32>(find(handle, "sgemm_"));
  b.dgemm = reinterpret_cast<Blas::Gemm64>(find(handle, "dgemm_"));
  if (b.sgemm == nullptr || b.dgemm == nullptr) return nullptr;
  b.name = ask(handle, "openblas_get_config");
  if (b.name.empty()) b.name = path;
  b.core_type = ask(handle, "openblas_get_corename");
  return new Library{handle, b};
}

const Library* library() noexcept {
  if (tried.load(std::memory_order_acquire)) return loaded.load(std::memory_order_relaxed);
  try {
    Loader& l = loader();
    std::lock_guard guard(l.mutex);
    if (!tried.load(std::memory_order_relaxed)) {
      const void* here = reinterpret_cast<const void*>(&blas);
      const std::string bundled = platform::directory_of(here) + "/" + kBundledFile;
      loaded.store(load(l.path.empty() ? bundled : l.path), std::memory_order_relaxed);
      tried.store(true, std::memory_order_release);
    }
    return loaded.load(std::memory_order_relaxed);
  } catch (const std::bad_alloc&) {
    return nullptr;  // not marked as tried: a later call may succeed
  }
}

}  // namespace

const Blas* blas() noexcept {
  const Library* l = library();
  return l != nullptr ? &l->blas : nullptr;
}

void* lapack(const char* name) noexcept {
  const Library* l = library();
  if (l == nullptr) return nullptr;
  try {
    return find(l->handle, std::string(name) + "_");
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void set_blas_library(const std::string& path) {
  Loader& l = loader();
  std::lock_guard guard(l.mutex);
  if (tried.load(std::memory_order_relaxed)) {
    throw Error("set_blas_library: expected to be called before the first use of the BLAS, got '" +
                path + "' after it; call it at the start of the program");
  }
  l.path = path;
}

}  // namespace wengert::runtime

#endif
