// All operations by the names that files call them (design D1). Reached by what saves and loads
// programs only, so that a static library keeps the operations that are called.
#pragma once

#include <string_view>
#include <vector>

#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

struct Operation {
  const char* key;  // unique; never changes
  const OpClass* cls;
  void (*make)(void* to);  // a value whose attributes are to be set; nullptr: all bytes 0
};
struct OperationTable {
  const Operation* operations;
  size_t count;
};

template <class Op>
constexpr Operation operation(const char* key = Op::name) {
  if constexpr (std::is_trivially_copyable_v<Op>) {
    return {key, &op_class<Op>, nullptr};
  } else {
    return {key, &op_class<Op>, [](void* to) { new (to) Op{}; }};
  }
}

// At the end of a family's file: WG_OPERATIONS(family, operation<A>(), operation<B>("b.number")).
#define WG_OPERATIONS(family, ...)                                     \
  namespace {                                                          \
  constexpr Operation family##_operation_list[] = {__VA_ARGS__};       \
  }                                                                    \
  extern const OperationTable family##_operations;                     \
  const OperationTable family##_operations = {family##_operation_list, \
                                              std::size(family##_operation_list)};

// nullptr where there is none.
const Operation* find_operation(std::string_view key);
const char* key_of(const OpClass& cls);
std::vector<const Operation*> all_operations();

WENGERT_NAMESPACE_END
