// Whether the level has products by tiles.
#pragma once

#if defined(__AVX512BW__) && defined(__x86_64__)
#define WENGERT_AMX 1
#endif
