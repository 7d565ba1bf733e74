// Symbol visibility and the inline versioned namespace.
#pragma once

#if defined(WENGERT_STATIC)
#define WENGERT_API
#elif defined(__GNUC__)
#define WENGERT_API __attribute__((visibility("default")))
#else
#define WENGERT_API
#endif

// Everything public lives in wengert::v0, so that two versions in one process do not share symbols.
#define WENGERT_NAMESPACE_BEGIN \
  namespace wengert {           \
  inline namespace v0 {
#define WENGERT_NAMESPACE_END \
  }                           \
  }
