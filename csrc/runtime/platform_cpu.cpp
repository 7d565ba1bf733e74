#include "runtime/platform.h"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>

#include <cstring>
#elif defined(__linux__)
#include <fstream>
#endif

namespace wengert::runtime::platform {

#if defined(__x86_64__)

namespace {

struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  Registers r;
  if (__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d) == 0) return {};
  return r;
}

// The register states that the operating system saves at a context switch.
uint32_t saved_states() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool all(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

std::string brand() {
  char text[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002u + i);
    const uint32_t words[4] = {r.a, r.b, r.c, r.d};
    std::memcpy(text + 16 * i, words, 16);
  }
  std::string s = text;
  s.erase(0, s.find_first_not_of(' '));
  s.erase(s.find_last_not_of(' ') + 1);
  return s;
}

}  // namespace

CpuInfo cpu_info() {
  CpuInfo info;
  info.model = brand();
  const Registers basic = cpuid(1), extended = cpuid(7), more = cpuid(7, 1);
  const Registers amd = cpuid(0x80000001u);
  constexpr uint32_t v2_c =
      bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
  if (!all(basic.c, v2_c) || !all(amd.c, bit_LAHF_LM)) return info;
  info.x86_level = 2;

  constexpr uint32_t v3_c = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C;
  constexpr uint32_t v3_b = bit_BMI | bit_AVX2 | bit_BMI2;
  constexpr uint32_t avx_state = 0x6, avx512_state = 0xE6;
  if (!all(basic.c, v3_c) || !all(extended.b, v3_b) || !all(amd.c, bit_LZCNT)) return info;
  const uint32_t states = saved_states();
  if (!all(states, avx_state)) return info;
  info.x86_level = 3;

  constexpr uint32_t v4_b = bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
  if (!all(extended.b, v4_b) || !all(states, avx512_state)) return info;
  info.x86_level = 4;
  info.avx512_bf16 = all(more.a, bit_AVX512BF16);
  constexpr uint32_t auth = 0x68747541;  // "Auth", of AuthenticAMD
  info.fast_pairs = info.avx512_bf16 && cpuid(0).b == auth;
  info.avx512_vnni = all(extended.c, bit_AVX512VNNI);
  constexpr uint32_t amx_d = 1u << 22 | 1u << 24, tile_states = 3u << 17;  // bfloat16, tiles
  info.amx_bf16 = info.avx512_bf16 && all(extended.d, amx_d) && all(states, tile_states);
  return info;
}

#else

CpuInfo cpu_info() {
  CpuInfo info;
#if defined(__aarch64__)
  info.model = "aarch64";
#else
  info.model = "unknown";
#endif
#if defined(__linux__)
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      info.model = line.substr(colon + 2);
      break;
    }
  }
#endif
  return info;
}

#endif

bool ask_for_tiles() noexcept {
#if defined(__x86_64__) && defined(__linux__) && defined(SYS_arch_prctl)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace wengert::runtime::platform
