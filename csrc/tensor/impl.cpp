#include "tensor/impl.h"

#include <new>

#include "tensor/check.h"
#include "tensor/supply.h"

WENGERT_NAMESPACE_BEGIN

bool operator==(Dims a, Dims b) {
  return a.size() == b.size() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(int64_t)) == 0);
}

// ---- storage ------------------------------------------------------------------------------

thread_local constinit TensorObserver* tensor_observer = nullptr;
thread_local constinit uint8_t storage_mark = 0;
constinit std::atomic<void (*)(const Storage*)> known_storage_ends{nullptr};

thread_local constinit StorageSupply* storage_supply = nullptr;

Storage* new_storage(size_t nbytes) {
  if (storage_supply) [[unlikely]] {
    if (Storage* s = storage_supply->take(nbytes)) return s;
  }
  const bool in_line = nbytes <= kInlineStorage;
  const size_t block = kStorageHeader + (in_line ? nbytes : 0);
  char* p = static_cast<char*>(runtime::allocate(block));
  auto* s = new (p) Storage;
  s->allocated = block;
  s->nbytes = nbytes;
  s->observed.store(storage_mark, std::memory_order_relaxed);
  if (in_line) {
    s->data = p + kStorageHeader;
  } else {
    try {
      s->data = static_cast<char*>(runtime::allocate(nbytes));
    } catch (...) {
      runtime::deallocate(p, block);
      throw;
    }
  }
  return s;
}

Storage* alias_storage(Storage* parent, uint32_t version) {
  // The owner of the bytes itself, so that aliases of aliases make no chain.
  while (parent->parent) parent = parent->parent;
  auto* s = new (runtime::allocate(kStorageHeader)) Storage;
  s->allocated = kStorageHeader;
  s->nbytes = parent->nbytes;
  s->data = parent->data;
  s->version.store(version, std::memory_order_relaxed);
  parent->refs.fetch_add(1, std::memory_order_relaxed);
  s->parent = parent;
  return s;
}

Storage* external_storage(void* data, size_t nbytes, void (*release)(void*), void* context) {
  auto* s = new (runtime::allocate(kStorageHeader)) Storage;
  s->allocated = kStorageHeader;
  s->nbytes = nbytes;
  s->data = static_cast<char*>(data);
  s->observed.store(storage_mark, std::memory_order_relaxed);
  s->release = release ? release : [](void*) {};  // none: the memory is the caller's
  s->context = context;
  return s;
}

void destroy_storage(Storage* s) noexcept {
  // A chain of aliases is freed in a loop: its length is up to the user.
  while (s) {
    Storage* parent = s->parent;
    if (s->observed.load(std::memory_order_relaxed) & TensorObserver::kKnown) [[unlikely]]
      known_storage_ends.load()(s);
    if (!parent) {
      if (s->release) {
        s->release(s->context);
      } else if (s->nbytes > kInlineStorage) {
        runtime::deallocate(s->data, s->nbytes);
      }
    }
    runtime::deallocate(s, s->allocated);
    s = parent && parent->refs.fetch_sub(1, std::memory_order_acq_rel) == 1 ? parent : nullptr;
  }
}

// ---- headers ------------------------------------------------------------------------------

TensorImpl* new_impl(DType dtype, int ndim) {
  WG_CHECK(ndim <= kMaxDims, Error, "tensor: at most ", kMaxDims,
           " dimensions are supported, but got ", ndim);
  auto* t = static_cast<TensorImpl*>(runtime::allocate(sizeof(TensorImpl)));
  new (&t->refs) std::atomic<uint32_t>(1);
  t->dtype = dtype;
  t->ndim = static_cast<uint8_t>(ndim);
  t->flags = 0;
  t->storage = nullptr;
  t->grad_fn = nullptr;
  t->output_nr = 0;
  t->grad_fn_version = 0;
  t->meta = nullptr;
  new (&t->owner) std::atomic<void*>(nullptr);
  t->dims = t->inline_dims;
  if (ndim > kInlineDims) [[unlikely]] {
    try {
      t->dims = static_cast<int64_t*>(runtime::allocate(sizeof(int64_t) * 2 * ndim));
    } catch (...) {
      runtime::deallocate(t, sizeof(TensorImpl));
      throw;
    }
  }
  return t;
}

void free_impl(TensorImpl* t) noexcept {
  if (t->ndim > kInlineDims) runtime::deallocate(t->dims, sizeof(int64_t) * 2 * t->ndim);
  runtime::deallocate(t, sizeof(TensorImpl));
}

namespace {

void attach_new_storage(TensorImpl* t) {
  try {
    size_t nbytes;
    WG_CHECK(!__builtin_mul_overflow(static_cast<size_t>(t->numel), item_size(t->dtype), &nbytes) &&
                 nbytes <= SIZE_MAX / 4,
             OutOfMemoryError, "tensor: shape ", t->sizes(), " of ", t->dtype,
             " does not fit in memory");
    t->storage = new_storage(nbytes);
  } catch (...) {
    free_impl(t);
    throw;
  }
  t->data = t->storage->data;
}

}  // namespace

int64_t row_major_strides(const int64_t* shape, int ndim, int64_t* strides) {
  int64_t n = 1, step = 1;
  for (int i = ndim - 1; i >= 0; --i) {
    WG_CHECK(shape[i] >= 0, Error, "tensor: sizes must be non-negative, but got ",
             Dims(shape, static_cast<size_t>(ndim)));
    strides[i] = step;
    const int64_t extent = shape[i] > 1 ? shape[i] : 1;
    WG_CHECK(!__builtin_mul_overflow(step, extent, &step), OutOfMemoryError, "tensor: shape ",
             Dims(shape, static_cast<size_t>(ndim)), " does not fit in memory");
    n = shape[i] == 0 ? 0 : n * (n ? extent : 0);
  }
  return n;
}

bool is_row_major(const int64_t* shape, const int64_t* strides, int ndim) {
  int64_t step = 1;
  for (int i = ndim - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1) {
      if (strides[i] != step) return false;
      step *= shape[i];
    }
  }
  return true;
}

void update_contiguous(TensorImpl& t) {
  // What stands for one example of many is no memory to be read.
  if (!t.has(kBatched) && (t.numel == 0 || is_row_major(t.shape(), t.strides(), t.ndim))) {
    t.flags |= kContiguous;
  } else {
    t.flags &= static_cast<uint16_t>(~kContiguous);
  }
}

void refuse_to_read(const TensorImpl& t) {
  WG_CHECK(!t.has(kSparse), NotImplementedError,
           "tensor: an operation on dense tensors was given a sparse one of shape ", t.sizes(),
           "; convert it with to_dense()");
  fail<Error>(
      "vmap: the elements of a tensor that stands for one example of many cannot be read (item(), "
      "bool(), numpy(), an operation whose result's shape depends on them), nor can it be used "
      "outside of the vmap it belongs to");
}

void too_many_dims() { fail<Error>("tensor: at most ", kMaxDims, " dimensions are supported"); }

bool share_memory(const TensorImpl& a, const TensorImpl& b) {
  if (a.numel == 0 || b.numel == 0) return false;
  const auto range = [](const TensorImpl& t) {
    const auto item = static_cast<int64_t>(item_size(t.dtype));
    auto first = reinterpret_cast<intptr_t>(t.data), end = first + item;
    for (int i = 0; i < t.ndim; ++i) {
      const int64_t reach = (t.shape()[i] - 1) * t.strides()[i] * item;
      (reach < 0 ? first : end) += reach;
    }
    return std::pair(first, end);
  };
  const auto [a0, a1] = range(a);
  const auto [b0, b1] = range(b);
  return a0 < b1 && b0 < a1;
}

bool may_overlap(const TensorImpl& t) {
  if (t.contiguous()) return false;
  // Sorted by stride, every dimension must step over all smaller ones.
  int64_t stride[kMaxDims], size[kMaxDims];
  int n = 0;
  for (int i = 0; i < t.ndim; ++i) {
    if (t.shape()[i] <= 1) continue;
    const int64_t s = t.strides()[i] < 0 ? -t.strides()[i] : t.strides()[i];
    int j = n++;
    for (; j > 0 && stride[j - 1] > s; --j) {
      stride[j] = stride[j - 1];
      size[j] = size[j - 1];
    }
    stride[j] = s;
    size[j] = t.shape()[i];
  }
  int64_t reach = 0;
  for (int i = 0; i < n; ++i) {
    if (stride[i] <= reach) return true;
    reach += stride[i] * (size[i] - 1);
  }
  return false;
}

Tensor new_tensor(DType dtype, const int64_t* shape, int ndim) {
  TensorImpl* t = new_impl(dtype, ndim);
  if (ndim) std::memcpy(t->dims, shape, sizeof(int64_t) * static_cast<size_t>(ndim));
  try {
    t->numel = row_major_strides(t->shape(), ndim, t->strides());
  } catch (...) {
    free_impl(t);
    throw;
  }
  t->flags = kContiguous;
  attach_new_storage(t);
  return Tensor::adopt(t);
}

Tensor new_from_host(DType dtype, Dims shape) {
  Tensor t = new_tensor(dtype, shape);
  if (tensor_observer) t.impl()->storage->observed.fetch_or(TensorObserver::kFromHost);
  return t;
}

Tensor new_tensor(DType dtype, Dims shape, const int64_t* strides) {
  Tensor t = new_tensor(dtype, shape);
  TensorImpl& impl = *t.impl();
  if (impl.numel > 1 && shape.size()) {
    std::memcpy(impl.strides(), strides, sizeof(int64_t) * shape.size());
    update_contiguous(impl);
  }
  return t;
}

Tensor new_like_contiguous(const TensorImpl& like, DType dtype) {
  TensorImpl* t = new_impl(dtype, like.ndim);
  t->numel = like.numel;
  t->flags = kContiguous;
  std::memcpy(t->dims, like.dims, sizeof(int64_t) * 2 * like.ndim);
  attach_new_storage(t);
  return Tensor::adopt(t);
}

Tensor new_alias(const TensorImpl& of, Dims shape, const int64_t* strides, char* data,
                 DType dtype) {
  const int ndim = static_cast<int>(shape.size());
  TensorImpl* t = new_impl(dtype, ndim);
  int64_t n = 1;
  bool overflow = false;
  for (int i = 0; i < ndim; ++i) {
    t->shape()[i] = shape[static_cast<size_t>(i)];
    t->strides()[i] = strides[i];
    overflow |= __builtin_mul_overflow(n, shape[static_cast<size_t>(i)], &n);
  }
  if (overflow) [[unlikely]] {
    free_impl(t);
    fail<Error>("tensor: shape ", shape, " has more elements than can be counted");
  }
  t->numel = n;
  t->flags = static_cast<uint16_t>(of.flags & (kInference | kReadOnly | kSparse));
  of.storage->refs.fetch_add(1, std::memory_order_relaxed);
  t->storage = of.storage;
  t->data = data;
  update_contiguous(*t);
  return Tensor::adopt(t);
}

// ---- the handle ---------------------------------------------------------------------------

namespace {
TensorImpl& get(const Tensor& t) {
  WG_CHECK(t.defined(), Error, "tensor: expected a tensor, but this handle is undefined");
  return *t.impl();
}
}  // namespace

DType Tensor::dtype() const { return get(*this).dtype; }
int64_t Tensor::dim() const { return get(*this).ndim; }
int64_t Tensor::numel() const { return get(*this).numel; }
Dims Tensor::shape() const { return get(*this).sizes(); }
Dims Tensor::strides() const {
  TensorImpl& t = get(*this);
  return {t.strides(), t.ndim};
}
int64_t Tensor::size(int64_t d) const {
  TensorImpl& t = get(*this);
  WG_CHECK(t.ndim > 0, IndexError, "size: a 0-d tensor has no dimension ", d);
  return t.shape()[wrap_dim("size", d, t.ndim)];
}
int64_t Tensor::stride(int64_t d) const {
  TensorImpl& t = get(*this);
  WG_CHECK(t.ndim > 0, IndexError, "stride: a 0-d tensor has no dimension ", d);
  return t.strides()[wrap_dim("stride", d, t.ndim)];
}
int64_t Tensor::storage_offset() const {
  TensorImpl& t = get(*this);
  return (t.data - t.storage->data) / static_cast<int64_t>(item_size(t.dtype));
}
bool Tensor::is_contiguous() const { return get(*this).contiguous(); }
void* Tensor::data() const {
  TensorImpl& t = get(*this);
  check_readable(t);
  return t.data;
}

Scalar Tensor::item() const {
  TensorImpl& t = get(*this);
  check_readable(t);
  WG_CHECK(t.numel == 1, Error, "item: expected a tensor with one element, but got shape ",
           t.sizes(), "; index it or use tolist()");
  return load_scalar(t.dtype, t.data);
}

WENGERT_NAMESPACE_END
