// The memory layout of tensors: Storage owns bytes, TensorImpl describes a strided array in them.
#pragma once

#include <cstring>

#include "runtime/allocator.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

struct Node;
struct AutogradMeta;
struct TensorImpl;

// Bytes shared by a family of views, with the counter of in-place changes made to them (D6).
struct Storage {
  std::atomic<uint32_t> refs{1};
  std::atomic<uint32_t> version{0};
  char* data = nullptr;
  size_t nbytes = 0;
  size_t allocated = 0;  // size of the block that holds this header and, for small ones, the data
  // Memory that is not ours: called once with `context` when the last tensor is gone.
  void (*release)(void* context) = nullptr;
  void* context = nullptr;
  // Set where this storage is another name for the bytes of `parent` with a version of its own.
  Storage* parent = nullptr;
  std::atomic<uint8_t> observed{0};  // see TensorObserver
};

// Data of at most this many bytes stands in one block with its header.
inline constexpr size_t kInlineStorage = 4096;
inline constexpr size_t kStorageHeader = 64;
static_assert(sizeof(Storage) <= kStorageHeader);

// Sees what happens to tensors of a thread beside operations.
class TensorObserver {
 public:
  // Marks of storages:
  static constexpr uint8_t kMadeHere = 1;    // while it was watching
  static constexpr uint8_t kMadeInside = 2;  // in an operation, while it had looked away
  static constexpr uint8_t kFromHost = 4;    // of numbers that the caller has given
  static constexpr uint8_t kKnown = 8;       // it wants to know when they end
  virtual ~TensorObserver() = default;
  // The elements of `t` are looked at.
  virtual void read(const TensorImpl& t) = 0;
};
// Watches this thread, if anybody does.
extern thread_local constinit TensorObserver* tensor_observer
    __attribute__((tls_model("initial-exec"), visibility("hidden")));
// How this thread marks the storages that it makes.
extern thread_local constinit uint8_t storage_mark
    __attribute__((tls_model("initial-exec"), visibility("hidden")));
// Called, on any thread, with storages that are kKnown when they end; set once by whoever marks.
extern std::atomic<void (*)(const Storage*)> known_storage_ends;

WENGERT_API Storage* new_storage(size_t nbytes);
Storage* alias_storage(Storage* parent, uint32_t version);
WENGERT_API Storage* external_storage(void* data, size_t nbytes, void (*release)(void*),
                                      void* context);
void destroy_storage(Storage* s) noexcept;
inline void release_storage(Storage* s) noexcept {
  if (s->refs.load(std::memory_order_acquire) == 1 ||
      s->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    destroy_storage(s);
  }
}

enum TensorFlag : uint16_t {
  kLeafRequiresGrad = 1 << 0,
  kContiguous = 1 << 1,
  kIsView = 1 << 2,     // meta->base says of what
  kInference = 1 << 3,  // made in inference mode: never recorded
  kRetainsGrad = 1 << 4,
  kReadOnly = 1 << 5,   // wraps memory that must not be written
  kHasLevels = 1 << 6,  // meta->levels: tangents, or the examples that this stands for
  kBatched = 1 << 7,    // stands for one example of many: its own memory must not be read
  kSparse = 1 << 15,    // its storage holds parts (autograd/sparse.h) instead of elements
};

inline constexpr int kInlineDims = 4;
inline constexpr int kMaxDims = 16;

// A view whose base was given a history by a change in place after the view was made.
WENGERT_API bool has_late_history(const TensorImpl& view);

struct TensorImpl {
  std::atomic<uint32_t> refs{1};
  DType dtype;
  uint8_t ndim;
  uint16_t flags;
  char* data;
  Storage* storage;
  int64_t numel;
  Node* grad_fn;  // holds a reference
  uint32_t output_nr;
  uint32_t grad_fn_version;  // of a view: the version its grad_fn was made at
  AutogradMeta* meta;
  std::atomic<void*> owner;  // Python's; see wengert/detail/owner.h
  int64_t* dims;             // ndim sizes, then ndim strides (in elements)
  int64_t inline_dims[2 * kInlineDims];

  int64_t* shape() { return dims; }
  const int64_t* shape() const { return dims; }
  int64_t* strides() { return dims + ndim; }
  const int64_t* strides() const { return dims + ndim; }
  Dims sizes() const { return {dims, ndim}; }
  bool has(uint16_t f) const { return (flags & f) != 0; }
  bool contiguous() const { return has(kContiguous); }
  bool requires_grad() const {
    return grad_fn != nullptr || has(kLeafRequiresGrad) ||
           (has(kIsView) && has_late_history(*this));
  }
  uint32_t version() const { return storage->version.load(std::memory_order_relaxed); }
  void bump_version() { storage->version.fetch_add(1, std::memory_order_relaxed); }
  // Nobody else can see this tensor or its bytes.
  bool unique() const {
    return refs.load(std::memory_order_acquire) == 1 &&
           storage->refs.load(std::memory_order_acquire) == 1 && storage->parent == nullptr &&
           storage->release == nullptr;
  }
};

// A header with room for ndim dimensions, dims not yet filled in, no storage.
TensorImpl* new_impl(DType dtype, int ndim);
// Gives the header's memory back; what it refers to has been released.
void free_impl(TensorImpl* t) noexcept;

// Fresh uninitialised memory in row-major order.
Tensor new_tensor(DType dtype, const int64_t* shape, int ndim);
inline Tensor new_tensor(DType dtype, Dims shape) {
  return new_tensor(dtype, shape.data(), static_cast<int>(shape.size()));
}
// As above with the strides given; they must describe a dense array (a permutation of row-major).
Tensor new_tensor(DType dtype, Dims shape, const int64_t* strides);
// Row-major memory for numbers that the caller of the library gives.
WENGERT_API Tensor new_from_host(DType dtype, Dims shape);
// The same shape and dtype in row-major order: the fast case of the above.
Tensor new_like_contiguous(const TensorImpl& like, DType dtype);

// Another header over the same storage. `data` must lie inside it. Carries no history.
Tensor new_alias(const TensorImpl& of, Dims shape, const int64_t* strides, char* data, DType dtype);
inline Tensor new_alias(const TensorImpl& of, Dims shape, const int64_t* strides, char* data) {
  return new_alias(of, shape, strides, data, of.dtype);
}
inline Tensor new_alias(const TensorImpl& of) {
  return new_alias(of, of.sizes(), of.strides(), of.data);
}

// Fills strides of a row-major array and returns the number of elements; throws where the number
// of bytes does not fit.
int64_t row_major_strides(const int64_t* shape, int ndim, int64_t* strides);
bool is_row_major(const int64_t* shape, const int64_t* strides, int ndim);
void update_contiguous(TensorImpl& t);
[[noreturn]] WENGERT_API void refuse_to_read(const TensorImpl& t);
// Throws where the elements of `t` are not in its own memory.
inline void check_readable(const TensorImpl& t) {
  if (t.has(kBatched | kSparse)) [[unlikely]]
    refuse_to_read(t);
  if (tensor_observer) [[unlikely]]
    tensor_observer->read(t);
}
// The value of one element.
Scalar load_scalar(DType dtype, const void* p);
// Writes `s` converted to dtype at p.
void store_scalar(DType dtype, void* p, const Scalar& s);
// Error unless the dtype can hold the number: no imaginary part is lost, no integer overflows. What
// is too large for a floating dtype is infinite; negative integers may wrap to unsigned ones.
void check_holds(const char* op, DType dtype, const Scalar& s);
// The same for a number that a user gives to stand for itself: a finite one must stay finite.
void check_fits(const char* op, DType dtype, const Scalar& s);
// Two elements may share an address (an expanded dimension).
bool may_overlap(const TensorImpl& t);
// The bytes from the first to the last element of both have some in common, by whatever names.
bool share_memory(const TensorImpl& a, const TensorImpl& b);

WENGERT_NAMESPACE_END
