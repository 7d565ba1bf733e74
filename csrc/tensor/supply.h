// Where the storages that a thread makes come from, if somebody else than the allocator gives them.
#pragma once

#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

class StorageSupply {
 public:
  virtual ~StorageSupply() = default;
  // A reference to a storage of `nbytes` bytes that nobody else uses; nullptr: make one.
  virtual Storage* take(size_t nbytes) = 0;
};

// That of this thread, if there is one.
extern thread_local constinit StorageSupply* storage_supply
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

WENGERT_NAMESPACE_END
