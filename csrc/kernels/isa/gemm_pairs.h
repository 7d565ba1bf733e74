// Whether the level has products of pairs of bfloat16.
#pragma once

#if defined(__AVX512BW__) && defined(__x86_64__)
#define WENGERT_PAIRS 1
#endif
